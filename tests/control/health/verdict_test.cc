#include "control/health/verdict.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace understudy::control {
namespace {

HealthCheck Check(uint32_t failure_threshold, uint32_t success_threshold) {
  HealthCheck check;
  check.failure_threshold = failure_threshold;
  check.success_threshold = success_threshold;
  return check;
}

ProbeResult Result(bool success, int64_t second = 0) {
  ProbeResult result;
  result.success = success;
  result.reason = success ? "HTTP 200" : "HTTP 503";
  result.started = absl::FromUnixSeconds(second);
  result.took = absl::Milliseconds(7);
  return result;
}

// "ffsf" -> the verdict after each result: "HHHU".
std::string Verdicts(Verdict verdict, const HealthCheck& check, const std::string& results) {
  std::string after;
  for (const char c : results) {
    verdict = Judge(verdict, Result(c == 's'), check);
    after += verdict.healthy ? 'H' : 'U';
  }
  return after;
}

TEST(Verdict, ANewCheckIsHealthy) {
  EXPECT_TRUE(Verdict().healthy);
  EXPECT_EQ(Verdict().last.started, absl::InfinitePast());
}

TEST(Verdict, FlipsAtTheThresholdBothWaysAndAContraryResultStartsTheCountAgain) {
  struct Row {
    uint32_t failure_threshold;
    uint32_t success_threshold;
    bool healthy;
    std::string results;
    std::string after;
  };
  const std::vector<Row> rows = {
      {1, 1, true, "fsfs", "UHUH"},
      {3, 3, true, "fff", "HHU"},
      {3, 3, true, "ffsfff", "HHHHHU"},
      {3, 3, true, "fsfsfsff", "HHHHHHHH"},
      {3, 3, false, "sss", "UUH"},
      {3, 3, false, "ssfsss", "UUUUUH"},
      {10, 10, true, "ffffffffff", "HHHHHHHHHU"},
      {10, 10, true, "fffffffffsffffffffff", "HHHHHHHHHHHHHHHHHHHU"},
      {10, 10, false, "ssssssssss", "UUUUUUUUUH"},
      {10, 10, false, "sssssssssfssssssssss", "UUUUUUUUUUUUUUUUUUUH"},
      {1, 3, true, "fssfsss", "UUUUUUH"},
      {3, 1, false, "sfffs", "HHHUH"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.results);
    Verdict start;
    start.healthy = row.healthy;
    EXPECT_EQ(Verdicts(start, Check(row.failure_threshold, row.success_threshold), row.results),
              row.after);
  }
}

TEST(Verdict, CountsResultsAndRemembersTheLastOneAndTheChange) {
  const HealthCheck check = Check(2, 2);
  Verdict v = Judge({}, Result(true, 100), check);
  v = Judge(v, Result(false, 101), check);
  EXPECT_EQ(v.contrary, 1u);
  EXPECT_EQ(v.changed_at, absl::InfinitePast());
  v = Judge(v, Result(false, 102), check);
  EXPECT_FALSE(v.healthy);
  EXPECT_EQ(v.contrary, 0u);
  EXPECT_EQ(v.changed_at, absl::FromUnixSeconds(102) + absl::Milliseconds(7));
  v = Judge(v, Result(false, 103), check);
  EXPECT_EQ(v.changed_at, absl::FromUnixSeconds(102) + absl::Milliseconds(7));
  EXPECT_EQ(v.successes, 1u);
  EXPECT_EQ(v.failures, 3u);
  EXPECT_EQ(v.last.reason, "HTTP 503");
  EXPECT_EQ(v.last.started, absl::FromUnixSeconds(103));
}

TEST(Verdict, AnInconclusiveResultIsShownAndChangesNothing) {
  const HealthCheck check = Check(2, 2);
  Verdict v = Judge({}, Result(false), check);
  ProbeResult shortage = Result(false, 5);
  shortage.conclusive = false;
  shortage.reason = "too many open files";
  for (int i = 0; i < 10; ++i) v = Judge(v, shortage, check);
  EXPECT_TRUE(v.healthy);
  EXPECT_EQ(v.contrary, 1u);
  EXPECT_EQ(v.failures, 1u);
  EXPECT_EQ(v.last.reason, "too many open files");
  v = Judge(v, Result(false), check);
  EXPECT_FALSE(v.healthy);
}

TEST(Verdict, AThresholdThatWasLoweredMeanwhileDecidesAtTheNextResult) {
  Verdict v;
  for (int i = 0; i < 7; ++i) v = Judge(v, Result(false), Check(10, 10));
  EXPECT_TRUE(v.healthy);
  EXPECT_FALSE(Judge(v, Result(false), Check(3, 3)).healthy);
}

TEST(VerdictProperty, AMillionRandomResultsAgreeWithTheRuleAsItIsWritten) {
  const char* given = std::getenv("UNDERSTUDY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "UNDERSTUDY_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  HealthCheck check;
  Verdict verdict;
  bool healthy = true;
  std::vector<bool> since_flip;  // the rule: the last `threshold` results are all contrary
  for (int step = 0; step < 1'000'000; ++step) {
    if (random() % 5000 == 0) {
      check =
          Check(static_cast<uint32_t>(1 + random() % 10), static_cast<uint32_t>(1 + random() % 10));
      verdict = Verdict();
      healthy = true;
      since_flip.clear();
    }
    // Long runs, or the high thresholds would hardly ever be reached.
    const bool success =
        random() % 8 == 0 ? random() % 2 == 0 : (since_flip.empty() ? !healthy : since_flip.back());
    verdict = Judge(verdict, Result(success, step), check);
    since_flip.push_back(success);
    const size_t threshold = healthy ? check.failure_threshold : check.success_threshold;
    bool flips = since_flip.size() >= threshold;
    for (size_t i = 1; flips && i <= threshold; ++i) {
      flips = since_flip[since_flip.size() - i] != healthy;
    }
    if (flips) {
      healthy = !healthy;
      since_flip.clear();
    }
    ASSERT_EQ(verdict.healthy, healthy) << "at step " << step;
    ASSERT_LT(verdict.contrary, healthy ? check.failure_threshold : check.success_threshold);
  }
}

}  // namespace
}  // namespace understudy::control
