// Explain and the responder side by side over the same table: the same question, the same answer.
#include "control/api/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control/zone/zone_file.h"
#include "dataplane/contract/selection.h"
#include "dataplane/responder/responder.h"
#include "tests/control/api/served_site.h"

namespace understudy::control {
namespace {

namespace json = boost::json;

// A response, record by record, as explain would write it.
struct WireAnswer {
  std::string rcode;
  bool authoritative = false;
  std::vector<std::string> sections[3];
};

class Reader {
 public:
  Reader(const uint8_t* message, size_t length) : message_(message), length_(length) {}
  uint32_t Take(size_t octets) {
    uint32_t value = 0;
    for (size_t i = 0; i < octets; ++i) value = value << 8 | message_[at_++];
    return value;
  }
  std::string TakeName() {
    std::string wire;
    size_t from = at_;
    bool jumped = false;
    while (message_[from] != 0) {
      if ((message_[from] & 0xc0) == 0xc0) {
        if (!jumped) at_ = from + 2;
        jumped = true;
        from = static_cast<size_t>((message_[from] & 0x3f) << 8 | message_[from + 1]);
        continue;
      }
      wire.append(reinterpret_cast<const char*>(message_ + from), message_[from] + size_t{1});
      from += message_[from] + size_t{1};
    }
    if (!jumped) at_ = from + 1;
    return wire + '\0';
  }
  std::string TakeRecord() {
    const std::string owner = TakeName();
    const auto type = static_cast<uint16_t>(Take(2));
    Take(2);
    const uint32_t ttl_s = Take(4);
    const size_t size = Take(2);
    const std::string data(reinterpret_cast<const char*>(message_ + at_), size);
    at_ += size;
    return NameToText(owner) + " " + std::to_string(ttl_s) + " IN " + TypeToText(type) + " " +
           RdataToText(type, data);
  }
  bool AtEnd() const { return at_ == length_; }

 private:
  const uint8_t* message_;
  size_t length_;
  size_t at_ = 0;
};

std::string RcodeText(unsigned rcode) {
  const char* words[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                         "NOTIMP",  "REFUSED", "YXDOMAIN"};
  if (rcode == 9) return "NOTAUTH";
  return rcode < 7 ? words[rcode] : std::to_string(rcode);
}

WireAnswer Ask(const contract::Cut& cut, const std::string& name, uint16_t type) {
  std::vector<uint8_t> message(65535);
  const std::string wire = Wire(name);
  const std::string query = std::string("\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12) +
                            wire + static_cast<char>(type >> 8) + static_cast<char>(type & 0xff) +
                            std::string("\x00\x01", 2);
  std::copy(query.begin(), query.end(), message.begin());
  responder::Exchange exchange;
  exchange.message = message.data();
  exchange.query_length = static_cast<uint16_t>(query.size());
  exchange.capacity = 65535;
  exchange.transport = responder::Transport::kTcp;
  responder::Responder({}).Respond(cut, std::span(&exchange, 1));
  Reader reader(message.data(), exchange.answer_length);
  reader.Take(2);
  const uint32_t flags = reader.Take(2);
  WireAnswer answer;
  answer.authoritative = (flags & 0x0400) != 0;
  answer.rcode = RcodeText(flags & 0x0f);
  EXPECT_EQ(reader.Take(2), 1u);
  uint32_t counts[3];
  for (uint32_t& count : counts) count = reader.Take(2);
  reader.TakeName();
  reader.Take(4);
  for (int section = 0; section < 3; ++section) {
    for (uint32_t i = 0; i < counts[section]; ++i) {
      answer.sections[section].push_back(reader.TakeRecord());
    }
  }
  EXPECT_TRUE(reader.AtEnd());
  return answer;
}

std::vector<std::string> Lines(const json::object& view, const char* section) {
  std::vector<std::string> lines;
  for (const json::value& line : view.at(section).as_array()) {
    lines.emplace_back(line.as_string().c_str());
  }
  return lines;
}

class ExplainTest : public testing::Test {
 protected:
  json::object ExplainNow(const std::string& name, uint16_t type) {
    return site_.OnLoop([&] { return *Explain(site_.engine(), Wire(name), type); });
  }
  void ExpectSame(const std::string& name, uint16_t type) {
    SCOPED_TRACE(name + " " + TypeToText(type));
    const json::object view = ExplainNow(name, type);
    const WireAnswer wire = site_.OnLoop([&] {
      const Publisher::Answering answering = site_.engine().publisher().answering();
      const contract::Table& table = *answering.table;
      // The cut as a worker would see it, from shared memory.
      const uint64_t live = table.selection().live.load();
      const contract::Cut cut{
          &table, contract::Table::ChoicesOf(table.BankAt(contract::BankOf(live))), live};
      return Ask(cut, name, type);
    });
    EXPECT_EQ(view.at("rcode").as_string().c_str(), wire.rcode);
    EXPECT_EQ(view.at("authoritative").as_bool(), wire.authoritative);
    const char* sections[] = {"answer", "authority", "additional"};
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(Lines(view, sections[i]), wire.sections[i]) << sections[i];
    EXPECT_FALSE(view.at("because").as_array().empty());
  }
  void ExpectSameForAll() {
    const std::string names[] = {"app.example.com",
                                 "www.example.com",
                                 "WWW.Example.COM",
                                 "out.example.com",
                                 "example.com",
                                 "nope.example.com",
                                 "a.b.sub.example.com",
                                 "sub.example.com",
                                 "x.wild.example.com",
                                 "wild.example.com",
                                 "app.old.example.com",
                                 "nope.old.example.com",
                                 "old.example.com",
                                 "loop1.example.com",
                                 "example.net",
                                 "deep.www.example.com",
                                 std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                     std::string(63, 'c') + "." + std::string(40, 'd') +
                                     ".long.example.com"};
    for (const std::string& name : names) {
      for (const int number : {1, 2, 5, 6, 15, 16, 28, 39, 43, 251, 252, 255, 65280}) {
        ExpectSame(name, static_cast<uint16_t>(number));
      }
    }
  }
  static DesiredState Site() {
    DesiredState site = SiteWith({"app"});
    auto& records = site.zones[0].records;
    records.push_back(RecordOf("loop1.example.com", "CNAME", {"loop2.example.com."}));
    records.push_back(RecordOf("loop2.example.com", "CNAME", {"loop1.example.com."}));
    records.push_back(
        RecordOf("long.example.com", "DNAME",
                 {std::string(60, 'x') + "." + std::string(60, 'y') + ".example.com."}));
    return site;
  }

  ServedSite site_{Site(), std::chrono::milliseconds(5000)};
};

TEST_F(ExplainTest, SaysWhatTheResponderAnswersOnEitherSide) {
  ExpectSameForAll();
  site_.Probe("eu", false, 3);
  EXPECT_EQ(Lines(ExplainNow("app.example.com", 1), "answer").at(0),
            "app.example.com. 30 IN A 198.51.100.10");
  ExpectSameForAll();
}

TEST_F(ExplainTest, WhatIsSupposedIsWhatComesWhenItBecomesTrue) {
  const std::string question = "/v1/explain?name=app.example.com&type=A";
  for (const auto& [eu, us] : {std::pair{false, true}, {false, false}, {true, false}}) {
    const std::string supposed =
        std::string("&if=eu=") + (eu ? "up" : "down") + ",us=" + (us ? "up" : "down");
    const json::value before = site_.Ask("GET", question).body;
    const json::value what_if = site_.Ask("GET", question + supposed).body;
    EXPECT_EQ(site_.Ask("GET", question).body.at("answer"), before.at("answer"))
        << "supposing changes nothing";
    site_.Probe("eu", eu, 3);
    site_.Probe("us", us, 3);
    EXPECT_EQ(what_if.at("answer"), site_.Ask("GET", question).body.at("answer")) << supposed;
  }
  const std::string because =
      json::serialize(site_.Ask("GET", question + "&if=eu=down").body.at("because"));
  EXPECT_NE(because.find("supposed: eu=down"), std::string::npos) << because;
}

TEST_F(ExplainTest, SuppositionsThatMakeNoSenseAreRefused) {
  const std::string question = "/v1/explain?name=app.example.com&type=A&if=";
  EXPECT_EQ(site_.Ask("GET", question + "nope=down").status, 404);
  for (const char* text : {"eu", "eu=dead", "eu=up,", "=", ","}) {
    EXPECT_EQ(site_.Ask("GET", question + text).status, 400) << text;
  }
}

TEST_F(ExplainTest, SaysWhichGroupDecidedAndWhy) {
  site_.Probe("eu", false, 3);
  const json::object view = ExplainNow("www.example.com", 1);
  const json::array& steps = view.at("steps").as_array();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].at("group").as_string(), "app");
  EXPECT_EQ(steps[1].at("side").as_string(), "secondary");
  EXPECT_EQ(steps[1].at("cause").as_string(), "primary_unhealthy");
  const std::string because = json::serialize(view.at("because"));
  EXPECT_NE(because.find("check eu is unhealthy"), std::string::npos) << because;
}

}  // namespace
}  // namespace understudy::control
