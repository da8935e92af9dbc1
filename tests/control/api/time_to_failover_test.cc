#include "control/api/time_to_failover.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/control/desired_site.h"

namespace understudy::control {
namespace {

// A group of two or three tiers, standing without an engine.
class TimeToFailoverTest : public testing::Test {
 protected:
  TimeToFailoverTest() {
    group_.name = "app";
    for (size_t i = 0; i < 2; ++i) {
      Redefine(checks_[i]) = CheckOf(i == 0 ? "eu" : "us");
      group_.tiers.push_back({.name = i == 0 ? "primary" : "secondary",
                              .check = &checks_[i],
                              .labels = {},
                              .drained = std::nullopt});
    }
    group_.ttls = {{.type = 1, .tier = 0, .longest_s = 30},
                   {.type = 1, .tier = 1, .longest_s = 60},
                   {.type = 28, .tier = 0, .longest_s = 20},
                   {.type = 28, .tier = 1, .longest_s = 10}};
  }
  // A definition of its own, to be changed.
  static HealthCheck& Redefine(CheckStanding& check) {
    auto own = std::make_shared<HealthCheck>(check.definition ? *check.definition : HealthCheck());
    check.definition = own;
    return *own;
  }
  HealthCheck& eu() { return Redefine(checks_[0]); }
  TimeToFailover Time(const MeasuredPublication& measured = {}) const {
    return TimeToFailoverOf(group_, measured);
  }

  CheckStanding checks_[2];
  GroupStanding group_;
};

struct AttemptCase {
  CheckType type;
  absl::Duration takes;  // with timeouts of 500 ms, interval 1 s, threshold 3
};

class AttemptTest : public TimeToFailoverTest, public testing::WithParamInterface<AttemptCase> {};

TEST_P(AttemptTest, DetectionIsThresholdTimesIntervalAndTheLongestAttempt) {
  eu().type = GetParam().type;
  const TimeToFailover time = Time();
  ASSERT_EQ(time.loss.size(), 2u);
  EXPECT_EQ(time.loss[0].terms[0].takes, GetParam().takes);
  EXPECT_NE(time.loss[0].terms[0].source.find("3 failures x (interval 1s + attempt of at most "),
            std::string::npos)
      << time.loss[0].terms[0].source;
  EXPECT_EQ(time.loss[0].never, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, AttemptTest,
    testing::Values(AttemptCase{CheckType::kTcp, absl::Milliseconds(4500)},
                    AttemptCase{CheckType::kHttp, absl::Milliseconds(7500)},
                    AttemptCase{CheckType::kHttps, absl::Milliseconds(7500)},
                    AttemptCase{CheckType::kHttpStrMatch, absl::Milliseconds(7500)},
                    AttemptCase{CheckType::kHttpsStrMatch, absl::Milliseconds(7500)},
                    AttemptCase{CheckType::kDns, absl::Milliseconds(4500)},
                    AttemptCase{CheckType::kExec, absl::Milliseconds(4500)}));

TEST_F(TimeToFailoverTest, TheTtlThatCountsIsThatOfTheValuesAnsweredBefore) {
  const TimeToFailover time = Time({.count = 4, .slowest = absl::Milliseconds(2)});
  ASSERT_EQ(time.loss[0].kept.size(), 2u);
  EXPECT_EQ(time.loss[0].kept[0].ttl_s, 30u);
  EXPECT_EQ(time.loss[0].kept[1].ttl_s, 20u);
  EXPECT_EQ(time.loss[0].AtTheSource(), absl::Milliseconds(4502));
  EXPECT_EQ(time.loss[0].Everywhere(), absl::Milliseconds(34502));
  ASSERT_EQ(time.regain.size(), 1u);
  EXPECT_EQ(time.regain[0].kept[0].ttl_s, 60u) << "what stood in is kept by resolvers now";
}

TEST_F(TimeToFailoverTest, TheWayBackTakesSuccessesAndTheHoldDown) {
  eu().success_threshold = 5;
  group_.policy.failback.hold_down = absl::Seconds(10);
  const TimeToFailover time = Time();
  ASSERT_EQ(time.regain[0].terms.size(), 3u);
  EXPECT_EQ(time.regain[0].terms[0].takes, absl::Milliseconds(7500));
  EXPECT_EQ(time.regain[0].terms[1].takes, absl::Seconds(10));
}

TEST_F(TimeToFailoverTest, ADnsCheckConnectsOverTcpOrToANameThatMustBeResolved) {
  eu().type = CheckType::kDns;
  eu().dns.over_tcp = true;
  EXPECT_EQ(Time().loss[0].terms[0].takes, absl::Milliseconds(6000));
  eu().dns.over_tcp = false;
  eu().address.clear();
  EXPECT_EQ(Time().loss[0].terms[0].takes, absl::Milliseconds(6000));
}

TEST_F(TimeToFailoverTest, AnInvertedCheckIsLostBySuccesses) {
  eu().inverted = true;
  eu().success_threshold = 1;
  EXPECT_EQ(Time().loss[0].terms[0].takes, absl::Milliseconds(1500));
}

TEST_F(TimeToFailoverTest, WhatNeverComesByItselfIsSaid) {
  group_.policy.failback.mode = FailbackMode::kManual;
  EXPECT_NE(Time().regain[0].never.find("manual"), std::string::npos);
  eu().disabled = true;
  EXPECT_NE(Time().loss[0].never.find("disabled"), std::string::npos);
  EXPECT_TRUE(TimeToFailoverView(Time()).at("loss").at(0).at("total_s").is_null());
  group_.tiers[1].check = nullptr;
  EXPECT_NE(Time().loss[1].never.find("no check"), std::string::npos);
}

TEST_F(TimeToFailoverTest, APushCheckTakesItsExpiryWhenItIsNoLongerTold) {
  eu().type = CheckType::kPush;
  eu().expiry = absl::Seconds(90);
  EXPECT_EQ(Time().loss[0].terms[0].takes, absl::Seconds(90));
  EXPECT_NE(Time().regain[0].never, "");
  eu().on_expiry = OnExpiry::kLastKnown;
  EXPECT_NE(Time().loss[0].never, "");
}

TEST_F(TimeToFailoverTest, ACalculatedCheckTurnsWithTheChildThatDecides) {
  CheckStanding children[3];
  eu().type = CheckType::kCalculated;
  for (size_t i = 0; i < 3; ++i) {
    Redefine(children[i]) = CheckOf(std::string(1, static_cast<char>('a' + i)));
    Redefine(children[i]).interval = absl::Seconds(static_cast<int64_t>(i + 1) * 10);
    checks_[0].children.push_back(&children[i]);
  }
  eu().health_threshold = 2;  // unhealthy when two of three are gone: the second fastest decides
  EXPECT_EQ(Time().loss[0].terms[0].takes, 3 * absl::Milliseconds(20'500));
  EXPECT_EQ(Time().regain[0].terms[0].takes, 3 * absl::Milliseconds(20'500));
  eu().health_threshold = 1;  // all three must be gone; one is enough to be back
  EXPECT_EQ(Time().loss[0].terms[0].takes, 3 * absl::Milliseconds(30'500));
  EXPECT_EQ(Time().regain[0].terms[0].takes, 3 * absl::Milliseconds(10'500));
  Redefine(children[0]).disabled = true;
  EXPECT_NE(Time().loss[0].never, "");
  for (const uint32_t never : {0u, 4u}) {
    eu().health_threshold = never;
    EXPECT_NE(Time().loss[0].never.find("health_threshold"), std::string::npos);
  }
}

TEST_F(TimeToFailoverTest, OnlyPublicationsThatWereSeenAreMeasured) {
  Event seen;
  seen.kind = EventKind::kSelectionObserved;
  seen.took = absl::Microseconds(40);
  Event idle = seen;
  idle.took = absl::ZeroDuration();
  Event other = seen;
  other.kind = EventKind::kTablePublished;
  other.took = absl::Seconds(9);
  Event slower = seen;
  slower.took = absl::Microseconds(90);
  MeasuredPublication measured;
  for (const Event& event : {seen, idle, other, slower}) measured.Add(event);
  EXPECT_EQ(measured.count, 2u);
  EXPECT_EQ(measured.slowest, absl::Microseconds(90));
  EXPECT_EQ(Time(measured).loss[0].terms[1].takes, absl::Microseconds(90));
  EXPECT_NE(Time().loss[0].terms[1].source.find("not measured"), std::string::npos);
}

TEST(RecordTtlsTest, TheLongestOfEachTypeAndTierCountsAndEmptySidesDoNot) {
  FailoverGroup group = GroupOf("app");
  group.records.push_back(group.records[0]);
  group.records[1].sides[0].ttl_s = 300;
  group.records[1].sides[1].rdata.clear();
  group.records[1].sides[1].ttl_s = 900;
  const std::vector<RecordTtl> ttls = TtlsOf(group.records);
  ASSERT_EQ(ttls.size(), 2u);
  EXPECT_EQ(ttls[0].longest_s, 300u);
  EXPECT_EQ(ttls[1].longest_s, 30u);
}

}  // namespace
}  // namespace understudy::control
