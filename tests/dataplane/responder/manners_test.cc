// What depends on settings, transport or time beside the query: EDNS options, cookies, transfers.
#include <gtest/gtest.h>

#include "dataplane/responder/cookie_secrets.h"
#include "dataplane/responder/rate_limiter.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/asking.h"
#include "tests/dataplane/responder/hex.h"

namespace understudy::responder {
namespace {

using contract::Outcome;
using test::Ask;
using test::Spoken;
using test::TheNode;

TEST(Manners, TakesNoQueryWithoutAQuestion) {
  std::string header = test::Query({}).substr(0, 12);
  header[5] = 0;
  EXPECT_EQ(test::AnswerText(Ask(header).answer), "FORMERR rd noquestion | | |");
  const std::string opt = test::Query({.edns = true}).substr(test::Query({}).size());
  header[11] = 1;
  EXPECT_EQ(test::AnswerText(Ask(header + opt).answer), "FORMERR rd noquestion | | | OPT 1232");
  header[2] = 0x78;
  EXPECT_EQ(test::AnswerText(Ask(header + opt).answer), "NOTIMP noquestion | | | OPT 1232");
}

TEST(Manners, RefusesTransfersByTransport) {
  const std::string axfr = test::Query({.name = "example.com", .type = 252, .edns = true});
  EXPECT_EQ(test::AnswerText(Ask(axfr).answer), "NOTIMP rd | | | OPT 1232");
  EXPECT_EQ(test::AnswerText(Ask(axfr, Transport::kTcp).answer),
            "NOTAUTH rd | | | OPT 1232 +15:0012");
}

TEST(Manners, SaysNothingAboutItselfUnlessTold) {
  const auto ask = [](const test::QueryText& query) {
    return test::AnswerText(
        Ask(test::Query(query), Transport::kUdp, TheNode().cut(), ResponderOptions()).answer);
  };
  for (const char* name : {"id.server", "hostname.bind", "version.server", "version.bind"}) {
    EXPECT_EQ(ask({.name = name, .type = 16, .qclass = 3}), "REFUSED rd | | |") << name;
  }
  const std::string nsid("\0\3\0\0", 4);
  EXPECT_EQ(ask({.name = "x.org", .edns = true, .options = nsid}),
            "REFUSED rd | | | OPT 1232 +15:0014");
}

TEST(Manners, SaysItsIdleTimeoutOverTcpWhenAsked) {
  const std::string keepalive("\0\13\0\0", 4);
  const test::QueryText query = {.name = "x.org", .edns = true, .options = keepalive};
  ResponderOptions options;
  options.tcp_keepalive_100ms = 0x0164;
  EXPECT_EQ(
      test::AnswerText(Ask(test::Query(query), Transport::kTcp, TheNode().cut(), options).answer),
      "REFUSED rd | | | OPT 1232 +11:0164 +15:0014");
  EXPECT_EQ(
      test::AnswerText(Ask(test::Query(query), Transport::kUdp, TheNode().cut(), options).answer),
      "REFUSED rd | | | OPT 1232 +15:0014");
}

TEST(Manners, FitsTheLargestOptionsBehindTheLongestQuestion) {
  ResponderOptions options;
  options.identity.nsid = std::string(kMaxNsid, 'n');
  const std::string label = std::string(63, 'a') + ".";
  const std::string name = label + label + label + std::string(61, 'b');
  const test::QueryText query = {
      .name = name, .edns = true, .payload = 512, .options = std::string("\0\3\0\0", 4)};
  const Spoken spoken = Ask(test::Query(query), Transport::kUdp, TheNode().cut(), options);
  EXPECT_LE(spoken.answer.size(), 512u);
  const std::string text = test::AnswerText(spoken.answer);
  EXPECT_NE(text.find(" +3:6e6e"), std::string::npos) << text;
  EXPECT_NE(text.find(" +15:0014"), std::string::npos) << text;
}

TEST(Manners, OptionsNeverMakeAnAnswerLargerThanTheClientTakes) {
  constexpr unsigned kWhole =
      12 + 22 + 60 * 16 + 11 + 8;  // many.example.com, OPT, NSID of 4 octets
  for (unsigned payload = kWhole - 20; payload < kWhole + 5; ++payload) {
    const Spoken spoken = Ask(test::Query({.name = "many.example.com",
                                           .edns = true,
                                           .payload = payload,
                                           .options = std::string("\0\3\0\0", 4)}));
    EXPECT_LE(spoken.answer.size(), payload);
    EXPECT_EQ(spoken.outcome, payload < kWhole ? Outcome::kTruncated : Outcome::kPositive)
        << payload;
  }
}

uint64_t time_s = 0;
constexpr Clock kTestClock = {.unix_s = []() noexcept { return time_s; },
                              .monotonic_ns = []() noexcept { return time_s * 1'000'000'000; }};

CookieKeys KeysOf(uint8_t current, uint8_t other) {
  CookieKeys keys;
  keys.current.fill(current);
  keys.other.fill(other);
  return keys;
}

// A client that keeps the cookie it is given, over UDP or TCP.
class CookieTest : public testing::Test {
 protected:
  CookieTest() {
    time_s = 1'000'000;
    secrets_.Publish(KeysOf(1, 1));
    options_.cookies = &secrets_;
    options_.clock = &kTestClock;
  }
  // Returns the cookie of the answer, in hexadecimal digits.
  std::string Exchange(const std::string& cookie, Transport transport = Transport::kUdp) {
    const std::string option =
        test::U16(10) + test::U16(static_cast<unsigned>(cookie.size() / 2)) + test::Hex(cookie);
    const Spoken spoken = Ask(test::Query({.name = "x.org", .edns = true, .options = option}),
                              transport, TheNode().cut(), options_);
    const std::string text = test::AnswerText(spoken.answer);
    const size_t at = text.find("+10:");
    return at == std::string::npos ? text : text.substr(at + 4, 48);
  }

  CookieSecrets secrets_;
  ResponderOptions options_;
};

TEST_F(CookieTest, AValidCookieComesBackAsItIsUntilItIsHalfAnHourOld) {
  const std::string first = Exchange("0102030405060708");
  EXPECT_EQ(first.substr(0, 16), "0102030405060708");
  time_s += 1800;
  EXPECT_EQ(Exchange(first), first);
  EXPECT_EQ(Exchange(first, Transport::kTcp), first) << "TCP shares the secrets";
  time_s += 1;
  const std::string second = Exchange(first);
  EXPECT_NE(second, first);
  EXPECT_EQ(Exchange(second), second);
}

TEST_F(CookieTest, ACookieOfTheSecretBeforeIsReplaced) {
  const std::string first = Exchange("0102030405060708");
  secrets_.Publish(KeysOf(2, 1));
  const std::string second = Exchange(first);
  EXPECT_NE(second, first);
  EXPECT_EQ(Exchange(second), second);
}

TEST_F(CookieTest, WithoutAQuestionItSaysWhetherACookieIsValid) {
  const auto ask = [this](const std::string& cookie) {
    const std::string query = test::Query(
        {.edns = true,
         .options = test::U16(10) + test::U16(static_cast<unsigned>(cookie.size() / 2)) +
                    test::Hex(cookie)});
    std::string message = query.substr(0, 12) + query.substr(test::Query({}).size());
    message[5] = 0;
    const Spoken spoken = Ask(message, Transport::kUdp, contract::Cut(), options_);
    EXPECT_EQ(contract::WordOf(spoken.outcome), cookie.empty() ? "formerr" : "cookie");
    return test::AnswerText(spoken.answer);
  };
  const std::string valid = Exchange("0102030405060708");
  EXPECT_EQ(ask("0102030405060708"), "NOERROR rd noquestion | | | OPT 1232 +10:" + valid);
  EXPECT_EQ(ask(valid), "NOERROR rd noquestion | | | OPT 1232 +10:" + valid);
  std::string wrong = valid;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(ask(wrong), "RCODE7 rd noquestion | | | OPT 1232 rcode+16 +10:" + valid);
}

TEST_F(CookieTest, WithoutSecretsCookiesAreUnknownOptions) {
  options_.cookies = nullptr;
  EXPECT_EQ(Exchange("0102030405060708"), "REFUSED rd | | | OPT 1232 +15:0014");
  EXPECT_EQ(Exchange("01"), "REFUSED rd | | | OPT 1232 +15:0014");
}

// One answer a second for the client of cases; the time is that of the cookies.
class RateLimitTest : public CookieTest {
 protected:
  RateLimitTest() { options_.limiter = &limiter_; }
  Spoken AskFor(const test::QueryText& query, Transport transport = Transport::kUdp) {
    const Spoken spoken = Ask(test::Query(query), transport, TheNode().cut(), options_);
    EXPECT_EQ(spoken.answer.empty(), spoken.outcome == Outcome::kRateLimited);
    return spoken;
  }
  void UseUp() { EXPECT_EQ(AskFor({}).outcome, Outcome::kPositive); }

  RateLimiter limiter_{{.per_second = 1}, RateLimiter::RandomKey()};
};

TEST_F(RateLimitTest, EverySecondLimitedQueryIsSentToTcp) {
  UseUp();
  EXPECT_EQ(AskFor({}).outcome, Outcome::kRateLimited);
  const Spoken slipped = AskFor({.name = "many.example.com", .edns = true});
  EXPECT_EQ(slipped.outcome, Outcome::kSlipped);
  EXPECT_EQ(test::AnswerText(slipped.answer), "NOERROR tc rd | | | OPT 1232");
  EXPECT_EQ(AskFor({}).outcome, Outcome::kRateLimited);
  time_s += 1;
  UseUp();
}

TEST_F(RateLimitTest, TcpIsNeverLimited) {
  UseUp();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(AskFor({}, Transport::kTcp).outcome, Outcome::kPositive);
}

TEST_F(RateLimitTest, ErrorsAreLimitedAndNeverSlip) {
  UseUp();
  const test::QueryText errors[] = {{.qclass = 4},
                                    {.flags = 0x2000},
                                    {.trailing = "x"},
                                    {.edns = true, .version = 1},
                                    {.name = "id.server", .type = 16, .qclass = 3}};
  for (int i = 0; i < 2; ++i) {
    for (const test::QueryText& query : errors) {
      EXPECT_EQ(AskFor(query).outcome, Outcome::kRateLimited);
    }
  }
  EXPECT_EQ(Ask(test::Query({.flags = 0x8000}), Transport::kUdp, TheNode().cut(), options_).outcome,
            Outcome::kResponse)
      << "what is never answered is not counted as limited";
}

TEST_F(RateLimitTest, AValidCookieIsTheWayPastTheLimit) {
  UseUp();
  const auto with = [](const std::string& cookie) {
    return test::QueryText{.edns = true,
                           .options = test::U16(10) +
                                      test::U16(static_cast<unsigned>(cookie.size() / 2)) +
                                      test::Hex(cookie)};
  };
  EXPECT_EQ(AskFor(with("0102030405060708")).outcome, Outcome::kRateLimited);
  const Spoken slipped = AskFor(with("0102030405060708"));
  EXPECT_EQ(slipped.outcome, Outcome::kSlipped);
  const std::string text = test::AnswerText(slipped.answer);
  const std::string head = "RCODE7 rd | | | OPT 1232 rcode+16 +10:";
  ASSERT_EQ(text.substr(0, head.size()), head) << "BADCOOKIE with a cookie to use";
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(AskFor(with(text.substr(head.size()))).outcome, Outcome::kPositive);
  }
}

TEST_F(RateLimitTest, ABurstIsLimitedQueryByQuery) {
  std::vector<std::vector<uint8_t>> buffers(kMaxBurst, std::vector<uint8_t>(kMaxUdpMessage));
  std::vector<responder::Exchange> burst(kMaxBurst);
  const std::string query = test::Query({});
  const std::string clients[] = {test::Address("192.0.2.1"), test::Address("2001:db8::1")};
  for (size_t i = 0; i < kMaxBurst; ++i) {
    std::ranges::copy(query, buffers[i].begin());
    burst[i].message = buffers[i].data();
    burst[i].query_length = static_cast<uint16_t>(query.size());
    burst[i].capacity = kMaxUdpMessage;
    burst[i].client = reinterpret_cast<const uint8_t*>(clients[i % 2].data());
    burst[i].client_length = static_cast<uint8_t>(clients[i % 2].size());
  }
  Responder(options_).Respond(TheNode().cut(), burst);
  contract::Tally tally;
  for (const responder::Exchange& exchange : burst) Count(exchange, tally);
  EXPECT_EQ(tally.outcomes[static_cast<size_t>(Outcome::kPositive)], 2U);
  EXPECT_EQ(tally.outcomes[static_cast<size_t>(Outcome::kSlipped)], 30U);
  EXPECT_EQ(tally.outcomes[static_cast<size_t>(Outcome::kRateLimited)], 32U);
}

}  // namespace
}  // namespace understudy::responder
