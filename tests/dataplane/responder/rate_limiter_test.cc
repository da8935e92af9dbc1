#include "dataplane/responder/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/dataplane/frames.h"

namespace understudy::responder {
namespace {

using Decision = RateLimiter::Decision;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kStart = 77 * kSecond;

AddressBlock Block(const std::string& address, uint8_t prefix) {
  AddressBlock block;
  const std::string octets = test::Address(address);
  std::ranges::copy(octets, block.address.begin());
  block.address_length = static_cast<uint8_t>(octets.size());
  block.prefix = prefix;
  return block;
}

class Limiter {
 public:
  explicit Limiter(const RateLimit& limit) : limiter_(limit, RateLimiter::RandomKey()) {}
  Decision Ask(const std::string& client, uint64_t now_ns) {
    const std::string octets = client.empty() ? "" : test::Address(client);
    const auto* bytes = reinterpret_cast<const uint8_t*>(octets.data());
    return limiter_.Charge(limiter_.PlaceOf(bytes, octets.size()), bytes, octets.size(), now_ns);
  }
  unsigned Answers(const std::string& client, uint64_t now_ns, unsigned queries) {
    unsigned answers = 0;
    for (unsigned i = 0; i < queries; ++i) answers += Ask(client, now_ns) == Decision::kAnswer;
    return answers;
  }

 private:
  RateLimiter limiter_;
};

TEST(RateLimiter, GivesASecondsAnswersAtOnceAndThenTheRate) {
  for (const uint32_t rate : {1U, 3U, 10U, 1000U}) {
    Limiter limiter({.per_second = rate});
    EXPECT_EQ(limiter.Answers("192.0.2.1", kStart, 3 * rate), rate) << rate;
    unsigned answers = 0;
    for (uint64_t ms = 1; ms <= 10'000; ++ms) {
      answers += limiter.Answers("192.0.2.1", kStart + ms * 1'000'000, 2 * rate);
    }
    EXPECT_GE(answers, 10 * rate) << rate;
    EXPECT_LE(answers, 10 * rate + 1) << rate;
  }
}

TEST(RateLimiter, AClientBelowTheRateIsNeverLimited) {
  Limiter limiter({.per_second = 100});
  for (uint64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(limiter.Ask("192.0.2.1", kStart + i * kSecond / 100), Decision::kAnswer);
  }
}

TEST(RateLimiter, ForgivesWithTimeAlsoAfterItsClockWentRound) {
  Limiter limiter({.per_second = 2});
  for (const uint64_t later_s : {0U, 1U, 2U, 3600U, 17'590U, 17'600U, 1'000'000U}) {
    static uint64_t now_ns = kStart;
    now_ns += later_s * kSecond;
    EXPECT_EQ(limiter.Answers("192.0.2.1", now_ns, 5), 2U) << later_s;
    now_ns += kSecond;
  }
}

TEST(RateLimiter, CountsAddressBlocksAndNotAddresses) {
  Limiter limiter({.per_second = 1, .slip = 0});
  const struct {
    const char* client;
    Decision decision;
  } asked[] = {
      {"192.0.2.1", Decision::kAnswer},
      {"192.0.2.255", Decision::kDrop},
      {"192.0.3.1", Decision::kAnswer},
      {"2001:db8:0:100::1", Decision::kAnswer},
      {"2001:db8:0:1ff::2", Decision::kDrop},
      {"2001:db8:0:200::1", Decision::kAnswer},
      {"2001:db8:1:100::1", Decision::kAnswer},
      {"", Decision::kAnswer},
      {"", Decision::kDrop},
  };
  for (const auto& ask : asked) EXPECT_EQ(limiter.Ask(ask.client, kStart), ask.decision);
  Limiter narrow({.per_second = 1, .slip = 0, .ipv4_prefix = 32, .ipv6_prefix = 128});
  EXPECT_EQ(narrow.Ask("192.0.2.1", kStart), Decision::kAnswer);
  EXPECT_EQ(narrow.Ask("192.0.2.2", kStart), Decision::kAnswer);
  EXPECT_EQ(narrow.Ask("2001:db8::1", kStart), Decision::kAnswer);
  EXPECT_EQ(narrow.Ask("2001:db8::2", kStart), Decision::kAnswer);
  EXPECT_EQ(narrow.Ask("2001:db8::2", kStart), Decision::kDrop);
}

TEST(RateLimiter, EveryNthLimitedAnswerSlips) {
  for (const uint32_t slip : {0U, 1U, 2U, 3U, 10U}) {
    Limiter limiter({.per_second = 1, .slip = slip});
    limiter.Ask("192.0.2.1", kStart);
    unsigned slipped = 0;
    for (int i = 0; i < 30; ++i) slipped += limiter.Ask("192.0.2.1", kStart) == Decision::kSlip;
    EXPECT_EQ(slipped, slip == 0 ? 0 : 30 / slip) << slip;
  }
}

TEST(RateLimiter, ExemptBlocksAreNeverLimited) {
  Limiter limiter(
      {.per_second = 1, .exempt = {Block("198.51.100.0", 25), Block("2001:db8::", 32)}});
  EXPECT_EQ(limiter.Answers("198.51.100.127", kStart, 100), 100U);
  EXPECT_EQ(limiter.Answers("2001:db8:ffff::1", kStart, 100), 100U);
  EXPECT_EQ(limiter.Answers("198.51.100.128", kStart, 100), 0U) << "its /24 is used up";
  EXPECT_EQ(limiter.Answers("2001:db9::1", kStart, 100), 1U);
}

TEST(RateLimiter, AFloodOfOtherBlocksDoesNotFreeABusyOne) {
  RateLimit limit = {.per_second = 10, .buckets = RateLimit::kMinBuckets};
  RateLimiter limiter(limit, RateLimiter::RandomKey());
  EXPECT_EQ(limiter.buckets(), 1024U);
  const auto charge = [&](uint32_t client) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&client);
    return limiter.Charge(limiter.PlaceOf(bytes, 4), bytes, 4, kStart);
  };
  const uint32_t victim = 0xffffffff;
  unsigned victims = 0;
  unsigned others = 0;
  for (uint32_t i = 0; i < 100'000; ++i) {
    victims += charge(victim) == Decision::kAnswer;
    others += charge(i * 0x9e3779b1U & 0x00ffffff) == Decision::kAnswer;
  }
  EXPECT_LE(victims, 20U) << "a hundred thousand blocks in 1024 buckets";
  EXPECT_GE(others, 90'000U) << "each asked once";
}

TEST(RateLimiter, ThreadsShareOneLimit) {
  RateLimit limit = {.per_second = 10'000};
  RateLimiter limiter(limit, RateLimiter::RandomKey());
  const std::string client = test::Address("192.0.2.1");
  const auto* bytes = reinterpret_cast<const uint8_t*>(client.data());
  std::atomic<unsigned> answers = 0;
  const auto ask = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const uint64_t place = limiter.PlaceOf(bytes, client.size());
      if (limiter.Charge(place, bytes, client.size(), kStart) == Decision::kAnswer) ++answers;
    }
  };
  std::thread first(ask);
  std::thread second(ask);
  ask();
  first.join();
  second.join();
  EXPECT_GE(answers, 10'000U);
  EXPECT_LE(answers, 10'100U) << "lost races may let a few through";
}

}  // namespace
}  // namespace understudy::responder
