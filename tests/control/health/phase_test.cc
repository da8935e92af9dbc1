#include "control/health/phase.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace understudy::control {
namespace {

constexpr int kChecks = 2000;
constexpr int kSlots = 20;
constexpr absl::Duration kSoon = absl::Seconds(1);

// How many of 2,000 checks start in each twentieth of `whole`.
std::vector<int> Slots(absl::Duration whole, const std::function<absl::Duration(int)>& start) {
  std::vector<int> slots(kSlots);
  for (int i = 0; i < kChecks; ++i) {
    const double place = absl::FDivDuration(start(i), whole);
    ++slots.at(static_cast<size_t>((place - static_cast<int>(place)) * kSlots));
  }
  return slots;
}

void ExpectSpread(const std::vector<int>& slots) {
  // 100 on average; +-50 is five standard deviations of a random spread.
  EXPECT_GT(*std::min_element(slots.begin(), slots.end()), 50);
  EXPECT_LT(*std::max_element(slots.begin(), slots.end()), 150);
}

TEST(Phase, TheFirstProbeComesWithinTheIntervalAndWithinOneSecond) {
  for (const absl::Duration interval :
       {absl::Milliseconds(100), absl::Seconds(1), absl::Seconds(10), absl::Seconds(30)}) {
    for (int i = 0; i < kChecks; ++i) {
      const absl::Duration delay = FirstDelay(absl::StrCat("check-", i), interval, kSoon);
      ASSERT_GE(delay, absl::ZeroDuration());
      ASSERT_LT(delay, std::min(interval, absl::Seconds(1)));
    }
  }
}

TEST(Phase, TwoThousandChecksAreSpreadOverAShortIntervalFromTheFirstProbeOn) {
  const absl::Duration interval = absl::Milliseconds(200);
  ExpectSpread(
      Slots(interval, [&](int i) { return FirstDelay(absl::StrCat("eu-", i), interval, kSoon); }));
  EXPECT_EQ(SecondDelay("eu-1", interval, kSoon), interval);
}

TEST(Phase, TwoThousandChecksAreSpreadOverALongIntervalFromTheSecondProbeOn) {
  const absl::Duration interval = absl::Seconds(10);
  ExpectSpread(Slots(absl::Seconds(1),
                     [&](int i) { return FirstDelay(absl::StrCat("eu-", i), interval, kSoon); }));
  ExpectSpread(Slots(interval, [&](int i) {
    const std::string name = absl::StrCat("eu-", i);
    return FirstDelay(name, interval, kSoon) + SecondDelay(name, interval, kSoon);
  }));
  for (int i = 0; i < kChecks; ++i) {
    ASSERT_LE(SecondDelay(absl::StrCat("eu-", i), interval, kSoon), interval);
  }
}

TEST(Phase, AHundredThousandNewChecksTakeTwentySecondsForTheirFirstRound) {
  EXPECT_EQ(SoonFor(0), absl::Seconds(1));
  EXPECT_EQ(SoonFor(5000), absl::Seconds(1));
  EXPECT_EQ(SoonFor(100000), absl::Seconds(20));
  // An interval within that is spread over from the beginning, as a short one is.
  ExpectSpread(Slots(absl::Seconds(10), [](int i) {
    return FirstDelay(absl::StrCat("eu-", i), absl::Seconds(10), absl::Seconds(20));
  }));
  EXPECT_EQ(SecondDelay("eu", absl::Seconds(10), absl::Seconds(20)), absl::Seconds(10));
}

TEST(Phase, DependsOnTheNameAlone) {
  EXPECT_EQ(FirstDelay("eu", absl::Seconds(1), kSoon), FirstDelay("eu", absl::Seconds(1), kSoon));
  EXPECT_NE(FirstDelay("eu", absl::Seconds(1), kSoon), FirstDelay("us", absl::Seconds(1), kSoon));
}

}  // namespace
}  // namespace understudy::control
