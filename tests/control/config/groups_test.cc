// The section failover_groups, and where its records may stand.
#include <gtest/gtest.h>

#include <string>

#include "control/zone/zone_file.h"
#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

using std::string_literals::operator""s;

class Groups : public ConfigFolder {
 protected:
  static std::string Head() {
    return "instance: a\n"
           "zones: [{name: example.com, file: example.com.zone}]\n"
           "health_checks:\n"
           "  eu: {type: tcp, address: 192.0.2.1, port: 1}\n"
           "  us: {type: tcp, address: 192.0.2.2, port: 1}\n"
           "failover_groups:\n";
  }
  // Group app; its records begin on line 11.
  static std::string WithRecords(const std::string& records) {
    return Head() +
           "  app:\n"
           "    primary: {health_check: eu}\n"
           "    secondary: {health_check: us}\n"
           "    records:\n" +
           records;
  }
  // One record, and `policy` on line 12.
  static std::string WithPolicy(const std::string& policy) {
    return WithRecords(
        "      [{name: app.example.com, type: A, primary: 192.0.2.1, "
        "secondary: 192.0.2.2}]\n    " +
        policy + "\n");
  }
  static std::string WithRecord(const std::string& record) {
    return WithRecords("      - {" + record + "}\n");
  }
  GroupRecord Record(const std::string& record) {
    const ConfigResult result = Parse(WithRecord(record));
    EXPECT_EQ(Texts(result.errors), List{});
    return result.state == nullptr ? GroupRecord{} : result.state->groups.at(0).records.at(0);
  }
  static List Values(const GroupRecord& record, const contract::Side& side) {
    List values;
    for (const std::string& rdata : side.rdata) values.push_back(RdataToText(record.type, rdata));
    return values;
  }
  List RecordErrors(const std::string& record) { return Shorten(ErrorsOf(WithRecord(record))); }
  static List Shorten(List texts) {
    const std::string before = "u.yaml:11: failover_groups.app.records[0]";
    for (std::string& text : texts) {
      EXPECT_EQ(text.substr(0, before.size()), before) << text;
      text.erase(0, before.size());
    }
    return texts;
  }

  inline static const std::string kA =
      "name: app.example.com, type: A, primary: 192.0.2.1, secondary: 192.0.2.2";
  inline static const std::string kSides = ", primary: 192.0.2.1, secondary: 192.0.2.2";
};

TEST_F(Groups, DefaultsOfAGroup) {
  const ConfigResult result =
      Parse(Head() + "  app:\n    primary: {health_check: eu}\n    records: [{" + kA + "}]\n");
  ASSERT_EQ(Texts(result.errors), List{});
  const FailoverGroup& group = result.state->groups.at(0);
  EXPECT_EQ(group.tiers.at(0).check, "eu");
  EXPECT_FALSE(group.tiers.at(1).check.has_value());
  EXPECT_EQ(group.policy.failback.hold_down, absl::ZeroDuration());
  EXPECT_EQ(group.records.at(0).sides.at(0).ttl_s, 60u);
}

TEST_F(Groups, StandInTheOrderOfTheFile) {
  std::string text = Head();
  for (const char* name : {"zebra", "ant", "mule"}) {
    text += "  " + std::string(name) + ": {primary: {health_check: eu}, records: [{name: " + name +
            ".example.com, type: A" + kSides + "}]}\n";
  }
  const ConfigResult result = Parse(text);
  ASSERT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->groups.at(0).name, "zebra");
  EXPECT_EQ(result.state->groups.at(2).name, "mule");
}

TEST_F(Groups, PrimaryWithoutHealthCheckIsRefusedWithTheReason) {
  const std::string why =
      "is missing: the primary of a group needs a health check: without one nothing would ever say "
      "that it failed, and the secondary would never be answered";
  EXPECT_EQ(ErrorsOf(Head() + "  app:\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:7: failover_groups.app.primary: " + why});
  EXPECT_EQ(ErrorsOf(Head() + "  app:\n    primary: {}\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:8: failover_groups.app.primary.health_check: " + why});
}

TEST_F(Groups, HealthChecksMustExist) {
  EXPECT_EQ(ErrorsOf(Head() +
                     "  app:\n    primary: {health_check: eu2}\n"
                     "    secondary: {health_check: mars}\n    records: [{" +
                     kA + "}]\n"),
            (List{"u.yaml:8: failover_groups.app.primary.health_check: 'eu2' is no health check of "
                  "this file",
                  "u.yaml:9: failover_groups.app.secondary.health_check: 'mars' is no health check "
                  "of this file"}));
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{" +
                     kA + "}]}}\n"),
            List{"u.yaml:3: failover_groups.app.primary.health_check: 'eu' is no health check of "
                 "this file: it has none"});
}

TEST_F(Groups, HealthCheckWithAnErrorIsNotCalledMissing) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"
                     "health_checks: {eu: {type: tcp, address: x, port: 1}}\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{" +
                     kA + "}]}}\n")
                .size(),
            1u);
}

TEST_F(Groups, SecondaryWithThePrimarysCheckIsWorthAWarning) {
  const List warnings = WarningsOf(Head() +
                                   "  app:\n    primary: {health_check: eu}\n"
                                   "    secondary: {health_check: eu}\n    records: [{" +
                                   kA + "}]\n");
  ASSERT_EQ(warnings.size(), 2u);  // and us is unused
  EXPECT_EQ(warnings[1],
            "u.yaml:9: failover_groups.app.secondary.health_check: is the primary's own: when the "
            "primary fails so does the secondary, and with both down the primary is answered. The "
            "secondary never will be");
}

TEST_F(Groups, FailbackIsAutomaticOrManualAndItsHoldDownGrowsAsItIsTold) {
  const auto read = [this](const std::string& policy) {
    return Parse(WithPolicy(policy)).state->groups.at(0).policy.failback;
  };
  EXPECT_EQ(read("failback: {hold_down: 24h}").hold_down, absl::Hours(24));
  EXPECT_EQ(read("failback: {mode: automatic, hold_down: 0s}"), Failback());
  EXPECT_EQ(read("failback: {mode: manual}").mode, FailbackMode::kManual);
  EXPECT_EQ(read("failback: {damping: {start: 1s, max: 1m, half_life: 10m}}").damping,
            (Damping{absl::Seconds(1), absl::Minutes(1), absl::Minutes(10)}));
  EXPECT_EQ(read("failback: {damping: {max: 0s}}").damping.max, absl::ZeroDuration());
  EXPECT_EQ(ErrorsOf(WithPolicy("failback: {mode: sticky, hold_down: 25h}")),
            (List{"u.yaml:12: failover_groups.app.failback.mode: 'sticky' is not allowed; allowed: "
                  "automatic, manual",
                  "u.yaml:12: failover_groups.app.failback.hold_down: '25h' is not from 0 to "
                  "24h"}));
  EXPECT_EQ(ErrorsOf(WithPolicy("failback: {damping: {start: 10s, max: 1s}}")),
            List{"u.yaml:12: failover_groups.app.failback.damping.max: is below start; 0s turns "
                 "damping off"});
}

TEST_F(Groups, EveryAllDownPolicyIsTaken) {
  const std::vector<std::pair<std::string, AllDown>> words = {
      {"primary", AllDown::kPrimary},    {"secondary", AllDown::kSecondary},
      {"last_good", AllDown::kLastGood}, {"all", AllDown::kAll},
      {"servfail", AllDown::kServfail},  {"refused", AllDown::kRefused},
      {"nodata", AllDown::kNoData}};
  for (const auto& [word, policy] : words) {
    EXPECT_EQ(Parse(WithPolicy("all_down: " + word)).state->groups.at(0).policy.all_down, policy);
  }
  EXPECT_EQ(ErrorsOf(WithPolicy("all_down: tertiary")),
            List{"u.yaml:12: failover_groups.app.all_down: 'tertiary' is not allowed; allowed: "
                 "primary, secondary, last_good, all, servfail, refused, nodata"});
}

TEST_F(Groups, FurtherSidesHaveNamesThatRecordsUse) {
  const std::string further =
      "    further:\n      - {name: sorry}\n      - {name: asia, health_check: us, "
      "labels: {site: sin}}\n";
  const auto result =
      Parse(Head() + "  app:\n    primary: {health_check: eu, labels: {site: fra}}\n" + further +
            "    labels: {team: web}\n"
            "    records:\n      - {name: app.example.com, type: A, "
            "primary: 192.0.2.1, secondary: 192.0.2.2, sorry: 192.0.2.3, asia: "
            "[192.0.2.4, 192.0.2.5], ttl: {primary: 30, sorry: 5}}\n");
  ASSERT_TRUE(result.errors.empty()) << result.errors[0].Text();
  const FailoverGroup& group = result.state->groups.at(0);
  ASSERT_EQ(group.tiers.size(), 4u);
  EXPECT_EQ(group.tiers[0].labels, (Labels{{"site", "fra"}}));
  EXPECT_EQ(group.tiers[2].name, "sorry");
  EXPECT_FALSE(group.tiers[2].check.has_value());
  EXPECT_EQ(group.tiers[3].name, "asia");
  EXPECT_EQ(group.tiers[3].check, "us");
  EXPECT_EQ(group.labels, (Labels{{"team", "web"}}));
  const GroupRecord& record = group.records.at(0);
  EXPECT_EQ(Values(record, record.sides.at(2)), List{"192.0.2.3"});
  EXPECT_EQ(Values(record, record.sides.at(3)), (List{"192.0.2.4", "192.0.2.5"}));
  EXPECT_EQ(record.sides.at(0).ttl_s, 30u);
  EXPECT_EQ(record.sides.at(1).ttl_s, 60u);
  EXPECT_EQ(record.sides.at(2).ttl_s, 5u);
}

TEST_F(Groups, ASideNeedsANameThatMeansNothingElse) {
  const auto with = [](const std::string& further) {
    return WithPolicy("further: [" + further + "]");
  };
  const std::string path = "u.yaml:12: failover_groups.app.further[0].name: ";
  EXPECT_EQ(ErrorsOf(with("{health_check: eu}")),
            List{path + "is missing: records name their values by it"});
  EXPECT_EQ(ErrorsOf(with("{name: all}")),
            List{path + "'all' has a meaning of its own; choose another name"});
  EXPECT_EQ(ErrorsOf(with("{name: Sorry!}")),
            List{path + "'Sorry!' is not 1 to 32 of a-z, 0-9, '_', '-'"});
  EXPECT_EQ(ErrorsOf(with("{name: x}, {name: x}")),
            List{"u.yaml:12: failover_groups.app.further[1].name: 'x' is there twice"});
}

TEST_F(Groups, ACnameCannotAnswerAllSidesAtOnce) {
  const std::string records =
      "      [{name: app.example.com, type: CNAME, primary: a.example.net., secondary: "
      "b.example.net.}]\n    all_down: all\n";
  EXPECT_EQ(ErrorsOf(WithRecords(records)),
            List{"u.yaml:11: failover_groups.app.records[0].type: a CNAME has exactly one value, "
                 "so its group cannot have all_down: all, which answers those of every side"});
}

TEST_F(Groups, SelfDoubtNamesChecksOfTheFileAndHasItsRanges) {
  const std::string site = WithPolicy("all_down: primary");
  const auto result = Parse(site +
                            "self_doubt: {canaries: [us], mass_failure_percent: 60, "
                            "window: 5s, at_least: 3, release_after: 1m}\n");
  ASSERT_TRUE(result.errors.empty()) << result.errors[0].Text();
  EXPECT_EQ(result.state->self_doubt,
            (SelfDoubt{{"us"}, 60, absl::Seconds(5), 3, absl::Minutes(1)}));
  EXPECT_EQ(
      ErrorsOf(site + "self_doubt: {canaries: [nope], mass_failure_percent: 100}\n"),
      (List{
          "u.yaml:13: self_doubt.canaries: 'nope' is no health check of this file",
          "u.yaml:13: self_doubt.mass_failure_percent: '100' is not a whole number from 1 to 99"}));
  EXPECT_EQ(ErrorsOf(site + "self_doubt: {window: 5s}\n"),
            List{"u.yaml:13: self_doubt: says neither canaries nor mass_failure_percent: nothing "
                 "would be doubted"});
}

TEST_F(Groups, GroupNeedsRecords) {
  const std::string group = Head() + "  app:\n    primary: {health_check: eu}\n";
  EXPECT_EQ(ErrorsOf(group), List{"u.yaml:7: failover_groups.app.records: is missing: a group is "
                                  "the records that fail over together"});
  EXPECT_EQ(ErrorsOf(group + "    records: []\n"),
            List{"u.yaml:9: failover_groups.app.records: is empty: a group is the records that "
                 "fail over together"});
  EXPECT_EQ(ErrorsOf(group + "    records: {}\n"),
            List{"u.yaml:9: failover_groups.app.records: must be a list, and is a mapping"});
}

TEST_F(Groups, ValuesAreAListOrOneAlone) {
  const GroupRecord record = Record(
      "name: APP.example.com., type: a, primary: [192.0.2.2, 192.0.2.1], secondary: 192.0.2.3");
  EXPECT_EQ(record.owner, "\3app\7example\3com\0"s);
  EXPECT_EQ(Values(record, record.sides.at(0)), (List{"192.0.2.2", "192.0.2.1"}));
  EXPECT_EQ(Values(record, record.sides.at(1)), List{"192.0.2.3"});
}

TEST_F(Groups, EveryTypeThatCanFailOverIsTaken) {
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

TEST_F(Groups, TypesThatCannotFailOverAreRefusedWithTheReason) {
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

TEST_F(Groups, NameAndTypeAreMandatory) {
  EXPECT_EQ(RecordErrors("primary: x"), (List{".name: is missing", ".type: is missing"}));
  EXPECT_EQ(RecordErrors("name: a..b, type: A" + kSides),
            List{".name: the name 'a..b' has an empty label"});
}

TEST_F(Groups, EveryBadValueIsToldWithItsPlace) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [192.0.2.1, x, [y]], secondary: "
                         "{z: 1}"),
            (List{".primary[1]: 'x' is not an IPv4 address",
                  ".primary[2]: must be a single value, and is a list",
                  ".secondary: must be a value or a list of them, and is a mapping"}));
  EXPECT_EQ(RecordErrors("name: x.example.com, type: MX, primary: 10 mail, secondary: 10 m."),
            List{".primary: the name 'mail' is relative: it needs its final dot"});
}

TEST_F(Groups, ValueOnItsOwnLineIsToldWithThatLine) {
  EXPECT_EQ(ErrorsOf(WithRecords("      - name: x.example.com\n"
                                 "        type: A\n"
                                 "        primary:\n"
                                 "          - 192.0.2.1\n"
                                 "          - x\n"
                                 "        secondary: 192.0.2.2\n")),
            List{"u.yaml:15: failover_groups.app.records[0].primary[1]: 'x' is not an IPv4 "
                 "address"});
}

TEST_F(Groups, TtlIsFrom0To2147483647AndAbove60WorthAWarning) {
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

TEST_F(Groups, CnameHasExactlyOneValue) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: CNAME, primary: [a., b.], secondary: c."),
            List{".primary: a CNAME has exactly one value, and 2 are here"});
}

TEST_F(Groups, SideThatIsLeftOutIsWorthAWarningWithGroupNameAndType) {
  EXPECT_EQ(Shorten(WarningsOf(WithRecord("name: x.example.com, type: A, primary: 192.0.2.1"))),
            List{".secondary: is not there: while group app answers its secondary, x.example.com. "
                 "has no A record (NODATA)"});
  EXPECT_EQ(Shorten(WarningsOf(WithRecord("name: '*.x.example.com', type: CNAME, secondary: a."))),
            List{".primary: is not there: while group app answers its primary, *.x.example.com. "
                 "has no CNAME record (NODATA)"});
}

TEST_F(Groups, SideThatIsEmptyIsAnErrorAndSoIsARecordWithoutAnySide) {
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

TEST_F(Groups, ValueThatIsThereTwiceIsRefusedHoweverItIsWritten) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: A, primary: [192.0.2.2, 192.0.2.1, 192.0.2.2]"
                         ", secondary: 192.0.2.2"),
            List{".primary[2]: '192.0.2.2' is there twice, first as primary[0]"});
  EXPECT_EQ(
      RecordErrors("name: x.example.com, type: AAAA, primary: x, secondary: ['::1', '0:0::1']"),
      (List{".primary: 'x' is not an IPv6 address",
            ".secondary[1]: '0:0::1' is there twice, first as secondary[0]"}));
}

TEST_F(Groups, SidesMayHaveManyValuesAndNotAsManyAsEachOther) {
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

TEST_F(Groups, TextWithSpacesNeedsItsQuotes) {
  EXPECT_EQ(RecordErrors("name: x.example.com, type: TXT, primary: v=spf1 -all, secondary: x"),
            List{".primary: the text has spaces outside quotes and would become several strings "
                 "without them: write '\"v=spf1 -all\"'"});
}

TEST_F(Groups, SideThatNoAnswerHoldsIsRefused) {
  const std::string text = "'\"" + std::string(255, 'x') + "\"'";
  std::string values;
  for (int i = 0; i < 300; ++i) {
    values += (i == 0 ? "" : ", ") + ("'\"" + std::to_string(i) + std::string(250, 'x') + "\"'");
  }
  EXPECT_EQ(
      RecordErrors("name: x.example.com, type: TXT, primary: [" + values + "], secondary: " + text),
      List{".primary: has more than 65493 octets of data: no message could hold it"});
}

TEST_F(Groups, NameOutsideEveryZoneIsRefusedWithTheZones) {
  EXPECT_EQ(RecordErrors("name: app.example.org, type: A" + kSides),
            List{": app.example.org. is in none of the zones: example.com."});
  EXPECT_EQ(RecordErrors("name: appexample.com, type: A" + kSides),
            List{": appexample.com. is in none of the zones: example.com."});
}

TEST_F(Groups, RecordBelongsToOneGroupOnly) {
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n") +
                     "  web:\n    primary: {health_check: us}\n    records: [{" + kA + "}]\n"),
            List{"u.yaml:14: failover_groups.web.records[0]: app.example.com. A is already in "
                 "group app, line 11"});
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n      - {" + kA + "}\n")),
            List{"u.yaml:12: failover_groups.app.records[1]: app.example.com. A is already in "
                 "group app, line 11"});
}

TEST_F(Groups, RecordIsEitherInAGroupOrInTheZoneFile) {
  WriteZone("example.com.zone", "app A 192.0.2.9\napp TXT x\n");
  EXPECT_EQ(RecordErrors(kA),
            List{": app.example.com. A is in example.com.zone:4 too: a record belongs either to a "
                 "group or to the zone file"});
  EXPECT_EQ(RecordErrors("name: app.example.com, type: AAAA, primary: \"::1\", secondary: \"::2\""),
            List{});
}

TEST_F(Groups, CnameStandsBesideNothing) {
  const std::string cname = "name: app.example.com, type: CNAME, primary: a., secondary: b.";
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + kA + "}\n      - {" + cname + "}\n")),
            List{"u.yaml:12: failover_groups.app.records[1]: app.example.com. CNAME stands beside "
                 "A in group app, line 11: a name with a CNAME has no other data (RFC 1034 "
                 "3.6.2)"});
  EXPECT_EQ(ErrorsOf(WithRecords("      - {" + cname + "}\n      - {" + kA + "}\n")).size(), 1u);
  WriteZone("example.com.zone", "app TXT x\n");
  EXPECT_EQ(RecordErrors(cname),
            List{": app.example.com. CNAME stands beside TXT in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
  WriteZone("example.com.zone", "app CNAME x\n");
  EXPECT_EQ(RecordErrors(kA),
            List{": app.example.com. A stands beside CNAME in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
}

TEST_F(Groups, CnameAtTheApexIsRefusedWithTheReason) {
  EXPECT_EQ(RecordErrors("name: example.com, type: CNAME, primary: a., secondary: b."),
            List{": example.com. CNAME is at the apex of its zone, where SOA and NS are: a name "
                 "with a CNAME has no other data (RFC 1034 3.6.2). Let A and AAAA records fail "
                 "over instead"});
}

TEST_F(Groups, NameAtOrBelowADelegationIsRefusedWithTheCutAndItsLine) {
  WriteZone("example.com.zone", "sub NS ns.sub\nns.sub A 192.0.2.1\n");
  EXPECT_EQ(RecordErrors("name: sub.example.com, type: A" + kSides),
            List{": sub.example.com. is delegated: it is at or below the NS of sub.example.com. "
                 "(example.com.zone:4): the record could never be answered"});
  EXPECT_EQ(RecordErrors("name: '*.sub.example.com', type: A" + kSides).size(), 1u);
  EXPECT_EQ(RecordErrors("name: a.b.sub.example.com, type: A" + kSides).size(), 1u);
  EXPECT_EQ(RecordErrors("name: xsub.example.com, type: A" + kSides), List{});
}

TEST_F(Groups, NameBelowADnameIsRefused) {
  WriteZone("example.com.zone", "d DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: a.d.example.com, type: A" + kSides),
            List{": a.d.example.com. is below the DNAME of d.example.com. (example.com.zone:4): "
                 "the record could never be answered"});
}

TEST_F(Groups, BesideADnameEverythingButACnameMayFailOver) {  // RFC 6672 2.4
  WriteZone("example.com.zone", "d DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: d.example.com, type: A" + kSides), List{});
  EXPECT_EQ(RecordErrors("name: d.example.com, type: CNAME, primary: a., secondary: b."),
            List{": d.example.com. CNAME stands beside DNAME in example.com.zone:4: a name with a "
                 "CNAME has no other data (RFC 1034 3.6.2)"});
}

TEST_F(Groups, NameBelowADnameAtTheApexIsRefused) {
  WriteZone("example.com.zone", "@ DNAME example.net.\n");
  EXPECT_EQ(RecordErrors("name: example.com, type: A" + kSides), List{});
  EXPECT_EQ(RecordErrors("name: www.example.com, type: A" + kSides).size(), 1u);
}

TEST_F(Groups, WildcardsAndTheApexMayFailOver) {
  EXPECT_EQ(Record("name: '*.example.com', type: A" + kSides).owner, "\1*\7example\3com\0"s);
  EXPECT_EQ(Record("name: example.com, type: A" + kSides).owner, "\7example\3com\0"s);
}

TEST_F(Groups, RecordBelongsToTheClosestZone) {
  // The parent's glue and delegation of the child zone are no contradiction to the child's data.
  WriteZone("example.com.zone", "sub NS ns.sub\nns.sub A 192.0.2.1\n");
  WriteZone("sub.zone", "");
  EXPECT_EQ(ErrorsOf("instance: a\nzones:\n"
                     "  - {name: example.com, file: example.com.zone}\n"
                     "  - {name: sub.example.com, file: sub.zone}\n"
                     "health_checks: {eu: {type: tcp, address: 192.0.2.1, port: 1}}\n"
                     "failover_groups: {app: {primary: {health_check: eu}, records: [{name: "
                     "ns.sub.example.com, type: A" +
                     kSides + "}]}}\n"),
            List{});
}

TEST_F(Groups, ThousandsOfNamesOfOneSiteAreOneGroup) {
  std::string records;
  for (int i = 0; i < 5000; ++i) {
    records += "      - {name: n" + std::to_string(i) + ".example.com, type: A" + kSides + "}\n";
  }
  const ConfigResult result = Parse(WithRecords(records));
  EXPECT_EQ(Texts(result.errors), List{});
  EXPECT_EQ(result.state->groups.at(0).records.size(), 5000u);
}

TEST_F(Groups, ZonesAreNamedOnceAndEachHasItsFile) {
  EXPECT_EQ(ErrorsOf("instance: a\nzones:\n"
                     "  - {name: example.com, file: example.com.zone}\n"
                     "  - {name: Example.COM., file: example.com.zone}\n"
                     "  - {name: b}\n"
                     "  - {file: example.com.zone}\n"
                     "  - {name: c..d, file: x}\n"
                     "  - {name: e, file: ''}\n"
                     "  - f\n"),
            (List{"u.yaml:4: zones[1].name: example.com. is there twice, first on line 3",
                  "u.yaml:5: zones[2].file: is missing: the master file of the zone",
                  "u.yaml:6: zones[3].name: is missing",
                  "u.yaml:7: zones[4].name: the name 'c..d' has an empty label",
                  "u.yaml:8: zones[5].file: is empty",
                  "u.yaml:9: zones[6]: must be a mapping (key: value), and is a single value"}));
}

TEST_F(Groups, ErrorsAndWarningsOfAMasterFileCarryItsNameAndLine) {
  WriteZone("example.com.zone", "a A 192.0.2.1\na A 192.0.2.1\n");
  EXPECT_EQ(WarningsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"),
            List{"example.com.zone:5: a.example.com. A is there twice with the same data: kept "
                 "once"});
  Write("example.com.zone", "$TTL 5\na A 192.0.2.1\n");
  EXPECT_EQ(ErrorsOf("instance: a\nzones: [{name: example.com, file: example.com.zone}]\n"),
            (List{"example.com.zone: the zone has no SOA record at its apex example.com.",
                  "example.com.zone: the zone has no NS record at its apex example.com."}));
}

}  // namespace
}  // namespace understudy::control
