// From a configuration to the answers of its responder: what is written on a side of a group is
// what is answered while that side is selected, wherever in the DNS the name stands.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "control/publication/table_contents.h"
#include "control/zone/ldns_headers.h"
#include "control/zone/zone_file.h"
#include "dataplane/responder/responder.h"
#include "tests/control/config/config_folder.h"
#include "tests/dataplane/table_builder.h"

namespace understudy::control {
namespace {

using contract::Choice;
using List = std::vector<std::string>;

struct LdnsPacketFree {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};

// "NOERROR", then the answer section, record by record.
List TextsOf(const std::vector<uint8_t>& message) {
  ldns_pkt* parsed = nullptr;
  if (ldns_wire2pkt(&parsed, message.data(), message.size()) != LDNS_STATUS_OK)
    return {"malformed"};
  const std::unique_ptr<ldns_pkt, LdnsPacketFree> packet(parsed);
  const LdnsText rcode(ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet.get())));
  List texts{rcode.get()};
  const ldns_rr_list* answer = ldns_pkt_answer(packet.get());
  for (size_t i = 0; i < ldns_rr_list_rr_count(answer); ++i) {
    const LdnsText record(ldns_rr2str(ldns_rr_list_rr(answer, i)));
    std::string text = record.get();
    std::replace(text.begin(), text.end(), '\t', ' ');
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    texts.push_back(text);
  }
  return texts;
}

List Ask(const contract::Table& table, const std::string& name, const std::string& type) {
  const uint16_t number = TypeFromText(type).value_or(0);
  const std::string query = std::string("\x12\x34\0\0\0\1\0\0\0\0\0\0", 12) +
                            NameToWire(name).value_or("") + static_cast<char>(number >> 8) +
                            static_cast<char>(number & 0xff) + std::string("\0\1", 2);
  std::vector<uint8_t> message(65535);
  std::copy(query.begin(), query.end(), message.begin());
  responder::Exchange exchange;
  exchange.message = message.data();
  exchange.query_length = static_cast<uint16_t>(query.size());
  exchange.capacity = 65535;
  exchange.transport = responder::Transport::kTcp;
  responder::Responder({}).Respond(test::CutOf(table), std::span(&exchange, 1));
  message.resize(exchange.answer_length);
  return TextsOf(message);
}

class AnswersOfAConfiguration : public ConfigFolder {
 protected:
  // `choices`: of the groups in their order.
  std::unique_ptr<const contract::Table> Serve(const std::string& config,
                                               std::vector<Choice> choices) const {
    const ConfigResult result = Parse(config);
    EXPECT_EQ(Texts(result.errors), List{});
    if (!result.state) return nullptr;
    contract::TableWriter writer;
    const absl::Status added = AddContents(*result.state, writer);
    EXPECT_TRUE(added.ok()) << added;
    choices.insert(choices.begin(), Choice::kPrimary);  // index 0 is no group
    EXPECT_EQ(writer.Write(folder_ + "/table", 1, 1, choices), "");
    return test::OpenTable(folder_ + "/table");
  }
  static std::string WithGroups(const std::string& groups) {
    return "instance: a\n"
           "zones:\n"
           "  - {name: example.com, file: example.com.zone}\n"
           "  - {name: other.net, file: other.net.zone}\n"
           "health_checks: {eu: {type: tcp, address: 192.0.2.1, port: 1}}\n"
           "failover_groups:\n" +
           groups;
  }
  static std::string Group(const std::string& name, const std::vector<std::string>& records) {
    std::string text = "  " + name + ":\n    primary: {health_check: eu}\n    records:\n";
    for (const std::string& record : records) text += "      - {" + record + "}\n";
    return text;
  }
};

// One type with several values on a side, and what is answered for each.
struct TypeRow {
  const char* type;
  List primary;
  List secondary;
};

void PrintTo(const TypeRow& row, std::ostream* out) { *out << row.type; }

class EveryFailoverType : public AnswersOfAConfiguration,
                          public testing::WithParamInterface<TypeRow> {
 protected:
  static std::string Values(const List& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "'" : ", '") + value + "'";
    return "[" + text + "]";
  }
  static List Answer(const std::string& owner, const char* type, const List& values) {
    List texts{"NOERROR"};
    for (const std::string& value : values) {
      texts.push_back(owner + " 20 IN " + type + " " + value);
    }
    return texts;
  }
};

TEST_P(EveryFailoverType, IsAnsweredWithAllTheValuesOfItsSideAlone) {
  WriteZone("other.net.zone", "");
  const auto& [type, primary, secondary] = GetParam();
  List records;
  for (const char* name : {"x.example.com", "'*.example.com'", "example.com"}) {
    if (std::string(type) == "CNAME" && std::string(name) == "example.com") continue;
    records.push_back(std::string("name: ") + name + ", type: " + type + ", ttl: 20, primary: " +
                      Values(primary) + ", secondary: " + Values(secondary));
  }
  for (const Choice side : {Choice::kPrimary, Choice::kSecondary}) {
    const auto table = Serve(WithGroups(Group("app", records)), {side});
    ASSERT_TRUE(table);
    const List& expected = side == Choice::kPrimary ? primary : secondary;
    for (const char* owner : {"x.example.com.", "any.name.example.com.", "example.com."}) {
      if (std::string(type) == "CNAME" && std::string(owner) == "example.com.") continue;
      EXPECT_EQ(Ask(*table, owner, type), Answer(owner, type, expected));
    }
  }
}

const std::vector<TypeRow>& Types() {
  static const std::vector<TypeRow> rows{
      {"A", {"192.0.2.1", "192.0.2.2"}, {"198.51.100.1"}},
      {"AAAA", {"2001:db8::1"}, {"2001:db8::2", "2001:db8::3"}},
      {"CNAME", {"one.invalid."}, {"two.invalid."}},
      {"MX", {"10 a.invalid.", "20 b.invalid."}, {"0 ."}},
      {"TXT", {"\"a b\" \"c\"", "\"d\""}, {"\"\""}},
      {"SPF", {"\"v=spf1 -all\""}, {"\"v=spf1 +all\""}},
      {"SRV", {"1 2 3 a.invalid.", "1 2 4 b.invalid."}, {"0 0 0 ."}},
      {"CAA", {"0 issue \"ca.invalid\"", "0 iodef \"mailto:a@b.invalid\""}, {"0 issue \";\""}},
      {"PTR", {"a.invalid."}, {"b.invalid.", "c.invalid."}},
      {"NAPTR",
       {"1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b.invalid!\" ."},
       {"1 2 \"s\" \"x\" \"\" a."}},
      {"HTTPS", {"1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1", "2 a.invalid."}, {"0 b.invalid."}},
      {"SVCB", {"1 a.invalid. mandatory=alpn alpn=dot"}, {"1 . key667=hello"}},
      {"SSHFP", {"4 2 abcd", "1 1 ef01"}, {"4 2 0123"}},
      {"TLSA", {"3 1 1 abcd"}, {"3 1 1 ef01", "2 0 1 0123"}},
  };
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Types, EveryFailoverType, testing::ValuesIn(Types()),
                         [](const auto& row) { return std::string(row.param.type); });

TEST_F(AnswersOfAConfiguration, AGroupAtTheTargetOfACnameChainAnswersItsOwnSideAtTheEnd) {
  WriteZone("example.com.zone", "alias 300 CNAME move\nwww 300 A 192.0.2.80\n");
  WriteZone("other.net.zone", "across 300 CNAME alias.example.com.\n");
  const std::string config = WithGroups(
      Group("move", {"name: move.example.com, type: CNAME, ttl: 10, primary: www.example.com., "
                     "secondary: app.other.net."}) +
      Group("app", {"name: app.other.net, type: A, ttl: 20, primary: 192.0.2.1, secondary: "
                    "192.0.2.2"}));
  const std::string across = "across.other.net. 300 IN CNAME alias.example.com.";
  const std::string alias = "alias.example.com. 300 IN CNAME move.example.com.";
  const std::string to_www = "move.example.com. 10 IN CNAME www.example.com.";
  const std::string to_app = "move.example.com. 10 IN CNAME app.other.net.";
  const std::string www = "www.example.com. 300 IN A 192.0.2.80";
  const auto answer = [&](Choice move, Choice app) {
    return Ask(*Serve(config, {move, app}), "across.other.net", "A");
  };
  EXPECT_EQ(answer(Choice::kPrimary, Choice::kPrimary),
            (List{"NOERROR", across, alias, to_www, www}));
  EXPECT_EQ(answer(Choice::kPrimary, Choice::kSecondary),
            (List{"NOERROR", across, alias, to_www, www}));
  EXPECT_EQ(answer(Choice::kSecondary, Choice::kPrimary),
            (List{"NOERROR", across, alias, to_app, "app.other.net. 20 IN A 192.0.2.1"}));
  EXPECT_EQ(answer(Choice::kSecondary, Choice::kSecondary),
            (List{"NOERROR", across, alias, to_app, "app.other.net. 20 IN A 192.0.2.2"}));
}

TEST_F(AnswersOfAConfiguration, ASideThatIsLeftOutIsNoDataAndTheNameStays) {
  WriteZone("example.com.zone", "half 300 TXT here\n");
  WriteZone("other.net.zone", "");
  const std::string config = WithGroups(
      Group("app", {"name: half.example.com, type: A, ttl: 20, primary: 192.0.2.1",
                    "name: '*.w.example.com', type: A, ttl: 20, secondary: 192.0.2.2",
                    "name: move.example.com, type: CNAME, ttl: 20, secondary: half.example.com."}));
  const auto primary = Serve(config, {Choice::kPrimary});
  EXPECT_EQ(Ask(*primary, "half.example.com", "A"),
            (List{"NOERROR", "half.example.com. 20 IN A 192.0.2.1"}));
  EXPECT_EQ(Ask(*primary, "x.w.example.com", "A"), List{"NOERROR"});
  EXPECT_EQ(Ask(*primary, "move.example.com", "A"), List{"NOERROR"});
  const auto secondary = Serve(config, {Choice::kSecondary});
  EXPECT_EQ(Ask(*secondary, "half.example.com", "A"), List{"NOERROR"});
  EXPECT_EQ(Ask(*secondary, "half.example.com", "TXT"),
            (List{"NOERROR", "half.example.com. 300 IN TXT \"here\""}));
  EXPECT_EQ(Ask(*secondary, "x.w.example.com", "A"),
            (List{"NOERROR", "x.w.example.com. 20 IN A 192.0.2.2"}));
  EXPECT_EQ(Ask(*secondary, "move.example.com", "TXT"),
            (List{"NOERROR", "move.example.com. 20 IN CNAME half.example.com.",
                  "half.example.com. 300 IN TXT \"here\""}));
}

TEST_F(AnswersOfAConfiguration, NamesThatOnlyGroupsMakeExistLikeAnyOther) {
  WriteZone("example.com.zone", "*.example.com. 300 A 192.0.2.9\n");
  WriteZone("other.net.zone", "d 300 DNAME example.com.\n");
  const std::string config = WithGroups(
      Group("app", {"name: a.b.example.com, type: A, ttl: 20, primary: 192.0.2.1, secondary: "
                    "192.0.2.2",
                    "name: d.other.net, type: A, ttl: 20, primary: 192.0.2.3, secondary: "
                    "192.0.2.4"}));
  const auto table = Serve(config, {Choice::kSecondary});
  // An empty non-terminal: the wildcard beside it does not answer (RFC 4592 4.2).
  EXPECT_EQ(Ask(*table, "b.example.com", "A"), List{"NOERROR"});
  EXPECT_EQ(Ask(*table, "x.b.example.com", "A"), List{"NXDOMAIN"});
  EXPECT_EQ(Ask(*table, "d.other.net", "A"), (List{"NOERROR", "d.other.net. 20 IN A 192.0.2.4"}));
  EXPECT_EQ(Ask(*table, "a.b.d.other.net", "A").back(), "a.b.example.com. 20 IN A 192.0.2.2");
}

TEST_F(AnswersOfAConfiguration, ThousandsOfZonesAreServedFromOneTable) {
  std::string config = "instance: a\nzones:\n";
  std::string records;
  for (int i = 0; i < 18; ++i) records += "h" + std::to_string(i) + " A 192.0.2.1\n";
  for (int i = 0; i < 5000; ++i) {
    const std::string apex = "z" + std::to_string(i) + ".example";
    WriteZone(apex, records + "last A 10.0." + std::to_string(i >> 8) + "." +
                        std::to_string(i & 255) + "\n");
    config += "  - {name: " + apex + ", file: " + apex + "}\n";
  }
  const auto table = Serve(config, {});
  ASSERT_TRUE(table);
  EXPECT_EQ(table->header().zone_count, 5000u);
  EXPECT_EQ(Ask(*table, "last.z4999.example", "A"),
            (List{"NOERROR", "last.z4999.example. 300 IN A 10.0.19.135"}));
  EXPECT_EQ(Ask(*table, "none.z0.example", "A"), List{"NXDOMAIN"});
  EXPECT_EQ(Ask(*table, "z5000.example", "A"), List{"REFUSED"});
}

}  // namespace
}  // namespace understudy::control
