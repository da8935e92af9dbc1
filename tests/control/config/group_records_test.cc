// The records of a failover group: types, values, TTLs and sides.
#include <gtest/gtest.h>

#include <string>

#include "tests/control/config/groups_fixture.h"

namespace understudy::control {
namespace {

using GroupRecords = Groups;
using std::string_literals::operator""s;

TEST_F(GroupRecords, GroupNeedsRecords) {
  const std::string group = Head() + "  app:\n    primary: {health_check: eu}\n";
  EXPECT_EQ(ErrorsOf(group), List{"u.yaml:7: failover_groups.app.records: is missing: a group is "
                                  "the records that fail over together"});
  EXPECT_EQ(ErrorsOf(group + "    records: []\n"),
            List{"u.yaml:9: failover_groups.app.records: is empty: a group is the records that "
                 "fail over together"});
  EXPECT_EQ(ErrorsOf(group + "    records: {}\n"),
            List{"u.yaml:9: failover_groups.app.records: must be a list, and is a mapping"});
}

TEST_F(GroupRecords, ValuesAreAListOrOneAlone) {
  const GroupRecord record = Record(
      "name: APP.example.com., type: a, primary: [192.0.2.2, 192.0.2.1], secondary: 192.0.2.3");
  EXPECT_EQ(record.owner, "\3app\7example\3com\0"s);
  EXPECT_EQ(Values(record, record.sides.at(0)), (List{"192.0.2.2", "192.0.2.1"}));
  EXPECT_EQ(Values(record, record.sides.at(1)), List{"192.0.2.3"});
}

TEST_F(GroupRecords, EveryTypeThatCanFailOverIsTaken) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"A", "192.0.2.1"},          {"AAAA", "2001:db8::1"},
      {"CNAME", "a.example."},     {"MX", "10 a.example."},
      {"TXT", "\"a b\""},          {"SPF", "\"v=spf1 -all\""},
      {"SRV", "1 2 3 a.example."}, {"CAA", "0 issue \"ca.example\""},
      {"PTR", "a.example."},       {"NAPTR", "1 2 \"u\" \"x\" \"!a!b!\" ."},
      {"HTTPS", "1 . alpn=h2"},    {"SVCB", "0 a.example."},
      {"SSHFP", "1 1 abcd"},       {"TLSA", "3 1 1 abcd"},
  };
  for (const auto& [type, value] : rows) {
    std::string text = "name: x.example.com, type: ";
    text.append(type).append(", primary: ['").append(value).append("'], secondary: '");
    const GroupRecord record = Record(text.append(value).append("'"));
    EXPECT_EQ(TypeToText(record.type), type);
    EXPECT_EQ(Values(record, record.sides.at(0)), List{value});
    EXPECT_EQ(Values(record, record.sides.at(1)), List{value});
  }
}

TEST_F(GroupRecords, TypesThatCannotFailOverAreRefusedWithTheReason) {
  const auto with = [this](const std::string& type) {
    return RecordErrors("name: x.example.com, type: " + type + ", primary: x, secondary: x").at(0);
  };
  EXPECT_EQ(with("NS"),
            ".type: NS cannot fail over: resolvers keep a delegation for its own time, whatever is "
            "answered; it belongs into the zone file");
  EXPECT_EQ(with("SOA"),
            ".type: SOA cannot fail over: it is the identity of the zone; it belongs into the zone "
            "file");
  EXPECT_EQ(with("DS"),
            ".type: DS cannot fail over: validators would take the other side for an attack; it "
            "belongs into the zone file");
  EXPECT_EQ(with("HINFO"),
            ".type: HINFO cannot fail over; allowed: A CNAME PTR MX TXT AAAA SRV NAPTR SSHFP TLSA "
            "SVCB HTTPS SPF CAA");
  EXPECT_EQ(with("FOO"), ".type: 'FOO' is not a record type");
}

TEST_F(GroupRecords, NameAndTypeAreMandatory) {
  EXPECT_EQ(RecordErrors("primary: x"), (List{".name: is missing", ".type: is missing"}));
  EXPECT_EQ(RecordErrors("name: a..b, type: A" + kSides),
            List{".name: the name 'a..b' has an empty label"});
}

TEST_F(GroupRecords, EveryBadValueIsToldWithItsPlace) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [192.0.2.1, x, [y]], secondary: "
                         "{z: 1}"),
            (List{".primary[1]: 'x' is not an IPv4 address",
                  ".primary[2]: must be a single value, and is a list",
                  ".secondary: must be a value or a list of them, and is a mapping"}));
  EXPECT_EQ(RecordErrors("name: x.example.com, type: MX, primary: 10 mail, secondary: 10 m."),
            List{".primary: the name 'mail' is relative: it needs its final dot"});
}

TEST_F(GroupRecords, ValueOnItsOwnLineIsToldWithThatLine) {
  EXPECT_EQ(ErrorsOf(WithRecords("      - name: x.example.com\n"
                                 "        type: A\n"
                                 "        primary:\n"
                                 "          - 192.0.2.1\n"
                                 "          - x\n"
                                 "        secondary: 192.0.2.2\n")),
            List{"u.yaml:15: failover_groups.app.records[0].primary[1]: 'x' is not an IPv4 "
                 "address"});
}

TEST_F(GroupRecords, TtlIsFrom0To2147483647AndAbove60WorthAWarning) {
  EXPECT_EQ(Record(kA + ", ttl: 0").sides.at(0).ttl_s, 0u);
  EXPECT_EQ(Record(kA + ", ttl: 2147483647").sides.at(1).ttl_s, 2147483647u);
  EXPECT_EQ(RecordErrors(kA + ", ttl: 2147483648"),
            List{".ttl: '2147483648' is not a whole number from 0 to 2147483647"});
  EXPECT_EQ(RecordErrors(kA + ", ttl: 30s").size(), 1u);
  EXPECT_EQ(WarningsOf(WithRecord(kA + ", ttl: 60")), List{});
  EXPECT_EQ(Shorten(WarningsOf(WithRecord(kA + ", ttl: 61"))),
            List{".ttl: clients keep the old side for up to 61 s after a failover; 60 or less is "
                 "advised"});
}

TEST_F(GroupRecords, CnameHasExactlyOneValue) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: CNAME, primary: [a., b.], secondary: c."),
            List{".primary: a CNAME has exactly one value, and 2 are here"});
}

TEST_F(GroupRecords, SideThatIsLeftOutIsWorthAWarningWithGroupNameAndType) {
  EXPECT_EQ(Shorten(WarningsOf(WithRecord("name: x.example.com, type: A, primary: 192.0.2.1"))),
            List{".secondary: is not there: while group app answers its secondary, x.example.com. "
                 "has no A record (NODATA)"});
  EXPECT_EQ(Shorten(WarningsOf(WithRecord("name: '*.x.example.com', type: CNAME, secondary: a."))),
            List{".primary: is not there: while group app answers its primary, *.x.example.com. "
                 "has no CNAME record (NODATA)"});
}

TEST_F(GroupRecords, SideThatIsEmptyIsAnErrorAndSoIsARecordWithoutAnySide) {
  const std::string empty =
      ": is an empty list: give it values, or leave 'primary' out when this side shall have no "
      "such record";
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [], secondary: 192.0.2.1"),
            List{".primary" + empty});
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [], secondary: []").size(), 2u);
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A"),
            List{".primary: is missing: a record needs values on one side at least"});
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: , secondary: 192.0.2.1"),
            List{".primary: must be a value or a list of them, and is nothing"});
}

TEST_F(GroupRecords, ValueThatIsThereTwiceIsRefusedHoweverItIsWritten) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [192.0.2.2, 192.0.2.1, 192.0.2.2]"
                         ", secondary: 192.0.2.2"),
            List{".primary[2]: '192.0.2.2' is there twice, first as primary[0]"});
  EXPECT_EQ(
      RecordErrors("name: x.example.com, type: AAAA, primary: x, secondary: ['::1', '0:0::1']"),
      (List{".primary: 'x' is not an IPv6 address",
            ".secondary[1]: '0:0::1' is there twice, first as secondary[0]"}));
}

TEST_F(GroupRecords, SidesMayHaveManyValuesAndNotAsManyAsEachOther) {
  std::string many;
  for (int i = 0; i < 400; ++i) {  // Route 53's limit
    many +=
        (i == 0 ? "10.0." : ", 10.0.") + std::to_string(i / 200) + "." + std::to_string(i % 200);
  }
  const GroupRecord record =
      Record("name: x.example.com, type: A, primary: [" + many + "], secondary: 192.0.2.1");
  EXPECT_EQ(record.sides.at(0).rdata.size(), 400u);
  EXPECT_EQ(record.sides.at(1).rdata.size(), 1u);
}

TEST_F(GroupRecords, TextWithSpacesNeedsItsQuotes) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: TXT, primary: v=spf1 -all, secondary: x"),
            List{".primary: the text has spaces outside quotes and would become several strings "
                 "without them: write '\"v=spf1 -all\"'"});
}

TEST_F(GroupRecords, SideThatNoAnswerHoldsIsRefused) {
  const std::string text = "'\"" + std::string(255, 'x') + "\"'";
  std::string values;
  for (int i = 0; i < 300; ++i) {
    values += (i == 0 ? "" : ", ") + ("'\"" + std::to_string(i) + std::string(250, 'x') + "\"'");
  }
  EXPECT_EQ(
      RecordErrors("name: x.example.com, type: TXT, primary: [" + values + "], secondary: " + text),
      List{".primary: has more than 65493 octets of data: no message could hold it"});
}

}  // namespace
}  // namespace understudy::control
