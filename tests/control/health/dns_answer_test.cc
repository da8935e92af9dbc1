// Bytes that may come back for a query, and what they say.
#include "control/health/dns_answer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr uint16_t kId = 0x1234;
constexpr uint16_t kA = 1, kSoa = 6, kMx = 15;

std::string U16(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
std::string Wire(std::string_view name) { return *NameToWire(name); }
std::string Data(uint16_t type, std::string_view text) { return *RdataFromText(type, text); }

std::string Header(uint16_t id, uint16_t flags, size_t questions, size_t answers) {
  return absl::StrCat(U16(id), U16(flags), U16(questions), U16(answers), U16(0), U16(0));
}
std::string Question(std::string_view name, uint16_t type, uint16_t of_class = 1) {
  return absl::StrCat(Wire(name), U16(type), U16(of_class));
}
std::string Record(const std::string& owner, uint16_t type, const std::string& rdata,
                   uint16_t of_class = 1) {
  return absl::StrCat(owner, U16(type), U16(of_class), U16(0), U16(60), U16(rdata.size()), rdata);
}

constexpr uint16_t kQr = 0x8000, kTc = 0x0200;
const std::string kOwner = "\xc0\x0c";  // the name of the question

// An answer to "app.example. A" with these addresses.
std::string Answer(const std::vector<std::string>& addresses, uint16_t flags = kQr) {
  std::string message = Header(kId, flags, 1, addresses.size()) + Question("app.example.", kA);
  for (const std::string& address : addresses) message += Record(kOwner, kA, Data(kA, address));
  return message;
}

DnsExpectation Expecting(const std::vector<std::string>& addresses) {
  DnsExpectation expectation;
  expectation.name = Wire("app.example.");
  for (const std::string& address : addresses) expectation.answers.push_back(Data(kA, address));
  return expectation;
}

std::string TextOf(const DnsJudgement& judgement) {
  switch (judgement.kind) {
    case DnsJudgement::Kind::kForeign:
      return "foreign";
    case DnsJudgement::Kind::kTruncated:
      return "truncated";
    case DnsJudgement::Kind::kSettled:
      break;
  }
  return absl::StrCat(judgement.success ? "passes: " : "fails: ", judgement.reason);
}

struct Case {
  std::string description;
  std::string message;
  DnsExpectation expectation;
  std::string judgement;
  DnsTransport transport = DnsTransport::kUdp;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.description; }

std::vector<Case> Cases() {
  const DnsExpectation any = Expecting({});
  const DnsExpectation one = Expecting({"192.0.2.1"});
  DnsExpectation refused = any;
  refused.rcode = 5;
  DnsExpectation mail = any;
  mail.type = kMx;
  mail.answers = {Data(kMx, "10 Mail.Example.")};
  const std::string question = Question("app.example.", kA);
  const std::string alias = Record(kOwner, 5, Wire("real.example."));
  return {
      {"the record that is expected", Answer({"192.0.2.1"}), one, "passes: NOERROR, 1 A record"},
      {"it among others", Answer({"192.0.2.9", "192.0.2.1"}), one, "passes: NOERROR, 2 A records"},
      {"others in its place", Answer({"192.0.2.8", "192.0.2.9"}), one,
       "fails: no 192.0.2.1 among 2 A records"},
      {"another in its place", Answer({"192.0.2.8"}), one, "fails: no 192.0.2.1 among 1 A record"},
      {"one of two", Answer({"192.0.2.2"}), Expecting({"192.0.2.2", "192.0.2.1"}),
       "fails: no 192.0.2.1 among 1 A record"},
      {"no record", Answer({}), one, "fails: no 192.0.2.1: no A record in the answer"},
      {"no record where none is expected", Answer({}), any, "passes: NOERROR"},
      {"any record where none is expected", Answer({"192.0.2.8"}), any, "passes: NOERROR"},
      {"the record behind an alias",
       Header(kId, kQr, 1, 2) + question + alias +
           Record(Wire("real.example."), kA, Data(kA, "192.0.2.1")),
       one, "passes: NOERROR, 1 A record"},
      {"the address in another class",
       Header(kId, kQr, 1, 1) + question + Record(kOwner, kA, Data(kA, "192.0.2.1"), 3), one,
       "fails: no 192.0.2.1: no A record in the answer"},
      {"a compressed name in other letters in the record data",
       Header(kId, kQr, 1, 1) + Question("app.example.", kMx) +
           Record(kOwner, kMx, U16(10) + "\4MAIL\xc0\x10"),
       mail, "passes: NOERROR, 1 MX record"},
      {"another rcode", Answer({}, kQr | 2), any, "fails: SERVFAIL, expected NOERROR"},
      {"another rcode, though with the record", Answer({"192.0.2.1"}, kQr | 3), one,
       "fails: NXDOMAIN, expected NOERROR"},
      {"the rcode that is expected", Answer({}, kQr | 5), refused, "passes: REFUSED"},
      {"success where an error is expected", Answer({}), refused,
       "fails: NOERROR, expected REFUSED"},
      {"an rcode without a name", Answer({}, kQr | 13), any, "fails: RCODE13, expected NOERROR"},
      {"an error without the question", Header(kId, kQr | 1, 0, 0), any,
       "fails: FORMERR, expected NOERROR"},
      {"success without the question", Header(kId, kQr, 0, 0), any, "foreign"},
      {"the question in other letters", Header(kId, kQr, 1, 0) + Question("APP.Example.", kA), any,
       "passes: NOERROR"},
      {"another id", Header(kId + 1, kQr, 1, 0) + question, any, "foreign"},
      {"a query", Header(kId, 0, 1, 0) + question, any, "foreign"},
      {"another opcode", Header(kId, kQr | 4 << 11, 1, 0) + question, any, "foreign"},
      {"another name", Header(kId, kQr, 1, 0) + Question("app.example.org.", kA), any, "foreign"},
      {"another type", Header(kId, kQr, 1, 0) + Question("app.example.", kSoa), any, "foreign"},
      {"another class", Header(kId, kQr, 1, 0) + Question("app.example.", kA, 3), any, "foreign"},
      {"two questions", Header(kId, kQr, 2, 0) + question + question, any, "foreign"},
      {"half a question", Header(kId, kQr, 1, 0) + question.substr(0, 8), any, "foreign"},
      {"half a header", Header(kId, kQr, 1, 0).substr(0, 11), any, "foreign"},
      {"nothing", "", any, "foreign"},
      {"a question whose name points at itself", Header(kId, kQr, 1, 0) + kOwner + U16(kA) + U16(1),
       any, "foreign"},
      {"a record cut short", Answer({"192.0.2.1"}).substr(0, 40), one,
       "fails: NOERROR, but its answer section is malformed"},
      {"fewer records than told", Header(kId, kQr, 1, 2) + question, one,
       "fails: NOERROR, but its answer section is malformed"},
      {"an address of three octets", Header(kId, kQr, 1, 1) + question + Record(kOwner, kA, "abc"),
       one, "fails: NOERROR, but its answer section is malformed"},
      {"truncated, records expected", Answer({}, kQr | kTc), one, "truncated"},
      {"truncated, no records expected", Answer({}, kQr | kTc), any, "passes: NOERROR"},
      {"truncated, but another rcode", Answer({}, kQr | kTc | 2), one,
       "fails: SERVFAIL, expected NOERROR"},
      {"truncated over TCP", Answer({"192.0.2.1"}, kQr | kTc), one, "passes: NOERROR, 1 A record",
       DnsTransport::kTcp},
  };
}

class DnsAnswerTest : public testing::TestWithParam<Case> {};

TEST_P(DnsAnswerTest, IsJudged) {
  const Case& c = GetParam();
  EXPECT_EQ(TextOf(JudgeDnsAnswer(c.message, c.expectation, kId, c.transport)), c.judgement);
}
INSTANTIATE_TEST_SUITE_P(All, DnsAnswerTest, testing::ValuesIn(Cases()));

TEST(DnsQuery, IsAHeaderAndAQuestion) {
  DnsExpectation expectation = Expecting({});
  EXPECT_EQ(DnsQueryText(expectation, kId), Header(kId, 0, 1, 0) + Question("app.example.", kA));
  expectation.recursion_desired = true;
  expectation.type = kSoa;
  EXPECT_EQ(DnsQueryText(expectation, kId),
            Header(kId, 0x0100, 1, 0) + Question("app.example.", kSoa));
}

TEST(DnsAnswer, ReasonsArePrintableAndShort) {
  constexpr uint16_t kTxt = 16;
  DnsExpectation expectation = Expecting({});
  expectation.type = kTxt;
  expectation.answers = {absl::StrCat("\xff", std::string(255, '\x07'))};
  const std::string message = Header(kId, kQr, 1, 0) + Question("app.example.", kTxt);
  const DnsJudgement judgement = JudgeDnsAnswer(message, expectation, kId, DnsTransport::kUdp);
  EXPECT_LT(judgement.reason.size(), 200u);
  EXPECT_TRUE(absl::StrContains(judgement.reason, "..."));
  for (const char c : judgement.reason) EXPECT_TRUE(c >= ' ' && c < 0x7f);
}

// The worst that fits: half of it a chain of pointers, the other half names that follow it.
TEST(DnsAnswer, AChainOfPointersDoesNotHoldUpTheLoop) {
  std::string chain;
  const size_t base = Answer({}).size() + 11;  // the record data of the first record
  for (size_t i = 0; i < 3500; ++i) {
    chain += U16(0xc000 | (i == 0 ? 12 : base + 2 * (i - 1)));
  }
  const std::string last = U16(0xc000 | (base + chain.size() - 2));
  const std::string record = Record(last, kA, "abcd");
  std::string message = Record(std::string(1, '\0'), 65280, chain);
  size_t records = 1;
  for (; Answer({}).size() + message.size() + record.size() <= kMaxDnsAnswer; ++records) {
    message += record;
  }
  message = Header(kId, kQr, 1, records) + Question("app.example.", kA) + message;
  const auto begin = std::chrono::steady_clock::now();
  const DnsJudgement judgement =
      JudgeDnsAnswer(message, Expecting({"192.0.2.1"}), kId, DnsTransport::kTcp);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(judgement.kind, DnsJudgement::Kind::kSettled);
  EXPECT_LT(took.count(), 0.5);  // 10 ms; the rest is for sanitizers
  RecordProperty("milliseconds", static_cast<int>(took.count() * 1000));
  std::cout << judgement.reason << ", " << took.count() * 1000 << " ms\n";
}

}  // namespace
}  // namespace understudy::control
