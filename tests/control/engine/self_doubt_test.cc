// A node that doubts its own network instead of every endpoint.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/control/engine/standing_fixture.h"

namespace understudy::control {
namespace {

class SelfDoubtTest : public StandingTest {
 protected:
  // Ten checks c0..c9, each the primary's of a group g0..g9.
  static DesiredState Ten() {
    std::vector<std::string> groups;
    for (int i = 0; i < 10; ++i) groups.push_back("g" + std::to_string(i));
    DesiredState site = SiteWith(groups);
    site.health_checks.erase("eu");
    site.health_checks["us"].disabled = true;
    for (size_t i = 0; i < 10; ++i) {
      const std::string name = "c" + std::to_string(i);
      site.health_checks[name] = CheckOf(name);
      site.groups[i].tiers[0].check = name;
    }
    site.self_doubt.mass_failure_percent = 50;
    site.self_doubt.release_after = absl::Seconds(60);
    return site;
  }
  void ProbeMany(int count, bool success, int times, int64_t second) {
    for (int round = 0; round < times; ++round) {
      for (int i = 0; i < count; ++i) Probe("c" + std::to_string(i), success, 1, second);
    }
  }
  size_t OnSecondary() const {
    return static_cast<size_t>(std::ranges::count_if(standing_.groups(), [](const auto& entry) {
      return entry.second.decision.choice == Choice::kSecondary;
    }));
  }
};

TEST_F(SelfDoubtTest, WhenMostChecksFailAtOnceNothingChangesAndItIsSaid) {
  Start(Ten());
  ProbeMany(10, false, 3, 1);
  const Decisions decisions = Decide(1);
  EXPECT_TRUE(decisions.changes.empty());
  ASSERT_TRUE(decisions.frozen.has_value());
  EXPECT_EQ(decisions.frozen->reason, "10 of 10 checks began to fail within 10s");
  EXPECT_NE(Why("g0").find("healthy as it was frozen, and unhealthy by its results"),
            std::string::npos)
      << Why("g0");
  // They are back: it was us.
  ProbeMany(10, true, 3, 5);
  const Decisions after = Decide(5);
  EXPECT_TRUE(after.thawed.has_value());
  EXPECT_TRUE(after.changes.empty());
  EXPECT_EQ(OnSecondary(), 0u);
}

TEST_F(SelfDoubtTest, FewFailuresAreBelieved) {
  Start(Ten());
  ProbeMany(5, false, 3, 1);
  EXPECT_FALSE(Decide(1).frozen.has_value());
  EXPECT_EQ(OnSecondary(), 5u);
}

TEST_F(SelfDoubtTest, FailuresThatComeOneAfterTheOtherAreBelieved) {
  Start(Ten());
  for (int i = 0; i < 10; ++i) {
    const int64_t second = int64_t{20} * (i + 1);
    Probe("c" + std::to_string(i), false, 3, second);
    EXPECT_FALSE(Decide(second).frozen.has_value());
  }
  EXPECT_EQ(OnSecondary(), 10u);
}

TEST_F(SelfDoubtTest, WhatLastsLongEnoughIsBelievedAfterAll) {
  Start(Ten());
  ProbeMany(10, false, 3, 1);
  Decide(1);
  EXPECT_EQ(standing_.UntilNext(At(1)), absl::Seconds(60));
  EXPECT_TRUE(Decide(60).changes.empty());
  const Decisions decisions = Decide(61);
  EXPECT_TRUE(decisions.thawed.has_value());
  EXPECT_EQ(decisions.changes.size(), 10u);
  ProbeMany(10, false, 3, 62);
  EXPECT_FALSE(Decide(62).frozen.has_value()) << "the same outage is not doubted twice";
}

TEST_F(SelfDoubtTest, AFailingCanaryFreezesAtTheFirstVerdictThatFalls) {
  DesiredState site = Ten();
  site.self_doubt.mass_failure_percent = 0;
  site.self_doubt.canaries = {"gateway"};
  site.health_checks["gateway"] = CheckOf("gateway");
  Start(site);
  Probe("gateway", false, 1);
  EXPECT_FALSE(Decide(1).frozen.has_value()) << "one lost probe of the canary alone is nothing";
  ProbeMany(1, false, 3, 1);
  const Decisions decisions = Decide(1);
  ASSERT_TRUE(decisions.frozen.has_value());
  EXPECT_EQ(decisions.frozen->reason, "canary gateway fails");
  EXPECT_EQ(OnSecondary(), 0u);
  Probe("gateway", true, 1, 3);
  const Decisions after = Decide(3);
  EXPECT_TRUE(after.thawed.has_value());
  EXPECT_EQ(OnSecondary(), 1u) << "c0 is dead by itself";
}

TEST_F(SelfDoubtTest, ACanaryThatIsUnhealthyItselfIsDoubtedWithoutAnyFall) {
  DesiredState site = Ten();
  site.self_doubt.canaries = {"gateway"};
  site.health_checks["gateway"] = CheckOf("gateway");
  site.health_checks["gateway"].initial = InitialHealth::kDown;
  Start(site);
  ASSERT_TRUE(standing_.freeze().has_value());
  EXPECT_EQ(standing_.freeze()->reason, "canary gateway fails");
  ProbeMany(1, false, 3, 1);
  EXPECT_TRUE(Decide(1).changes.empty());
  Probe("gateway", true, 3, 2);
  EXPECT_EQ(Decide(2).changes.size(), 1u) << "c0 is dead by itself";
}

TEST_F(SelfDoubtTest, AForceWinsOverAFreeze) {
  Start(Ten());
  ProbeMany(10, false, 3, 1);
  Decide(1);
  ASSERT_TRUE(standing_.Force("g3", ForcedUntil(absl::InfiniteFuture())).ok());
  EXPECT_EQ(Decide(2).changes.size(), 1u);
  EXPECT_EQ(OnSecondary(), 1u);
}

TEST_F(SelfDoubtTest, AnOperatorThawsAndIsNotDoubtedAgain) {
  Start(Ten());
  ProbeMany(10, false, 3, 1);
  Decide(1);
  ASSERT_TRUE(standing_.Thaw().ok());
  EXPECT_EQ(Decide(2).changes.size(), 10u);
  EXPECT_FALSE(standing_.freeze().has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition(standing_.Thaw().status()));
}

TEST_F(SelfDoubtTest, AFreezeSurvivesARestart) {
  Start(Ten());
  ProbeMany(10, false, 3, 1);
  Decide(1);
  const StateChanges changes = standing_.Unsaved(At(2));
  Remembered remembered;
  std::map<std::string, Choice> inherited;
  for (const auto& [name, check] : changes.checks) remembered.checks[name] = *check;
  for (const auto& [name, group] : changes.groups) {
    remembered.groups[name] = *group;
    inherited[name] = group->choice;
  }
  for (const auto& [key, override] : changes.overrides) remembered.overrides[key] = *override;
  standing_ = Standing();
  standing_.Remember(remembered, inherited);
  standing_.Apply(Ten(), At(3));
  EXPECT_TRUE(standing_.Decide(At(3)).changes.empty());
  ASSERT_TRUE(standing_.freeze().has_value());
  ProbeMany(10, false, 3, 4);
  EXPECT_TRUE(Decide(4).changes.empty());
  EXPECT_EQ(Decide(61).changes.size(), 10u);
}

}  // namespace
}  // namespace understudy::control
