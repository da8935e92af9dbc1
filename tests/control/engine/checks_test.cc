// What groups go by: every kind of check beside the plainly probed one.
#include <gtest/gtest.h>

#include "tests/control/engine/standing_fixture.h"

namespace understudy::control {
namespace {

HealthCheck CalculatedOf(const std::string& name, std::vector<std::string> children,
                         uint32_t threshold) {
  HealthCheck check;
  check.name = name;
  check.type = CheckType::kCalculated;
  check.children = std::move(children);
  check.health_threshold = threshold;
  return check;
}

HealthCheck PushOf(const std::string& name, OnExpiry on_expiry) {
  HealthCheck check;
  check.name = name;
  check.type = CheckType::kPush;
  check.expiry = absl::Seconds(30);
  check.on_expiry = on_expiry;
  check.failure_threshold = 1;
  check.success_threshold = 1;
  return check;
}

class ChecksTest : public StandingTest {
 protected:
  // Group app, whose primary's check is `check`.
  static DesiredState SiteBy(const HealthCheck& check) {
    DesiredState site = SiteWith({"app"});
    site.health_checks[check.name] = check;
    site.groups[0].tiers[0].check = check.name;
    return site;
  }
  bool Healthy(const std::string& check) const { return standing_.checks().at(check).healthy; }
  void Say(const std::string& check, bool healthy, int64_t second) {
    ASSERT_TRUE(standing_
                    .Push(check, {.success = healthy, .reason = "told", .started = At(second).wall},
                          At(second))
                    .ok());
  }
};

// route53.md 2.6: threshold over the number of children is never healthy, 0 always, n is AND, 1 OR.
TEST_F(ChecksTest, ACalculatedCheckIsHealthyWhenEnoughOfItsChildrenAre) {
  struct Row {
    uint32_t threshold;
    int dead;
    bool healthy;
  };
  const std::vector<Row> rows = {{0, 3, true},  {1, 2, true}, {1, 3, false}, {2, 1, true},
                                 {2, 2, false}, {3, 0, true}, {3, 1, false}, {4, 0, false}};
  for (const Row& row : rows) {
    standing_ = Standing();
    DesiredState site = SiteBy(CalculatedOf("site", {"a", "b", "c"}, row.threshold));
    const std::vector<std::string> children = {"a", "b", "c"};
    for (const std::string& child : children) site.health_checks[child] = CheckOf(child);
    Start(site);
    for (int i = 0; i < row.dead; ++i) Probe(children[static_cast<size_t>(i)], false, 3);
    Decide();
    EXPECT_EQ(Healthy("site"), row.healthy) << row.threshold << " with " << row.dead << " dead";
    EXPECT_EQ(Answer("app"), row.healthy ? Choice::kPrimary : Choice::kSecondary);
  }
}

TEST_F(ChecksTest, ACalculatedCheckFollowsItsChildrenBothWaysAndSaysHowMany) {
  DesiredState site = SiteBy(CalculatedOf("site", {"eu", "us"}, 2));
  site.groups[0].tiers[1].check = std::nullopt;
  Start(site);
  Probe("us", false, 3);
  ASSERT_EQ(Decide().changes.size(), 1u);
  EXPECT_NE(Why("app").find("1 of 2 children are healthy, 2 are needed"), std::string::npos)
      << Why("app");
  Probe("us", true, 3, 2);
  EXPECT_EQ(Decide(2).changes.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(ChecksTest, ACalculatedCheckGoesOnWhenAReloadTakesAChildAway) {
  DesiredState site = SiteBy(CalculatedOf("site", {"a", "eu"}, 1));
  site.health_checks["a"] = CheckOf("a");
  Start(site);
  Probe("eu", false, 3);
  EXPECT_TRUE(Decide().changes.empty());
  site.health_checks.erase("a");
  site.health_checks["site"].children = {"eu"};
  standing_.Apply(site, At(2));
  EXPECT_EQ(Decide(2).changes.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
}

// route53.md 2.6: healthy until there is data, and if inverted unhealthy.
TEST_F(ChecksTest, AnInvertedCheckStartsUnhealthyAndTurnsEveryVerdictAround) {
  DesiredState site = SiteWith({"app"});
  site.health_checks["eu"].inverted = true;
  Start(site);
  EXPECT_FALSE(Healthy("eu"));
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  Probe("eu", false, 3);
  Decide();
  EXPECT_TRUE(Healthy("eu"));
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(ChecksTest, ADisabledCheckIsHealthyAndWithInvertedUnhealthy) {
  DesiredState site = SiteWith({"app"});
  Start(site);
  Probe("eu", false, 3);
  Decide();
  site.health_checks["eu"].disabled = true;
  standing_.Apply(site, At(2));
  Decide(2);
  EXPECT_TRUE(Healthy("eu"));
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
  site.health_checks["eu"].inverted = true;
  standing_.Apply(site, At(3));
  Decide(3);
  EXPECT_FALSE(Healthy("eu"));
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_NE(Why("app", 3).find("disabled"), std::string::npos) << Why("app", 3);
}

TEST_F(ChecksTest, ADisabledChildCountsAsHealthy) {
  DesiredState site = SiteBy(CalculatedOf("site", {"eu", "us"}, 1));
  site.health_checks["eu"].disabled = true;
  Start(site);
  Probe("us", false, 3);
  Decide();
  EXPECT_TRUE(Healthy("site"));
}

TEST_F(ChecksTest, APushedWordCountsUntilItExpires) {
  Start(SiteBy(PushOf("ops", OnExpiry::kUnhealthy)));
  EXPECT_TRUE(Healthy("ops"));
  Say("ops", false, 5);
  Decide(5);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  Say("ops", true, 6);
  Decide(6);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
  EXPECT_EQ(standing_.UntilNext(At(6)), absl::Seconds(30));
  EXPECT_TRUE(Decide(35).expired_checks.empty());
  const Decisions decisions = Decide(36);
  ASSERT_EQ(decisions.expired_checks.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_NE(Why("app", 36).find("no word for 30s"), std::string::npos) << Why("app", 36);
}

TEST_F(ChecksTest, AnExpiryInTheInstantOfAReloadIsToldLikeAnyOther) {
  const DesiredState site = SiteBy(PushOf("ops", OnExpiry::kUnhealthy));
  Start(site);
  Say("ops", true, 1);
  Decide(1);
  standing_.Apply(site, At(32));
  EXPECT_EQ(Decide(32).expired_checks.size(), 1u);
}

TEST_F(ChecksTest, ACheckThatExpiresAndGoesInTheSameInstantIsNotToldOf) {
  DesiredState site = SiteBy(PushOf("ops", OnExpiry::kUnhealthy));
  Start(site);
  Say("ops", true, 1);
  Decide(1);
  site = SiteWith({"app"});
  standing_.Apply(site, At(32));
  EXPECT_TRUE(Decide(32).expired_checks.empty());
}

TEST_F(ChecksTest, AFreezeInTheInstantOfAReloadIsToldAsWell) {
  DesiredState site = SiteWith({"app"});
  site.health_checks["gateway"] = CheckOf("gateway");
  site.self_doubt.canaries = {"gateway"};
  Start(site);
  Probe("gateway", false, 1, 1);
  Probe("eu", false, 3, 1);
  standing_.Apply(site, At(2));
  EXPECT_TRUE(Decide(2).frozen.has_value());
}

TEST_F(ChecksTest, WhatAnExpiryMeansIsChosen) {
  for (const OnExpiry on_expiry :
       {OnExpiry::kUnhealthy, OnExpiry::kHealthy, OnExpiry::kLastKnown}) {
    standing_ = Standing();
    Start(SiteBy(PushOf("ops", on_expiry)));
    Say("ops", false, 1);
    Decide(1);
    Decide(100);
    EXPECT_EQ(Healthy("ops"), on_expiry == OnExpiry::kHealthy);
  }
}

TEST_F(ChecksTest, OnlyAPushCheckTakesWords) {
  Start(SiteWith({"app"}));
  EXPECT_TRUE(absl::IsFailedPrecondition(standing_.Push("eu", {.success = false}, At(1))));
  EXPECT_TRUE(absl::IsNotFound(standing_.Push("nope", {.success = false}, At(1))));
}

TEST_F(ChecksTest, APushedWordSurvivesARestartWithItsExpiry) {
  const DesiredState site = SiteBy(PushOf("ops", OnExpiry::kUnhealthy));
  Start(site);
  Say("ops", false, 1);
  Decide(1);
  const StateChanges changes = standing_.Unsaved(At(11));
  Remembered remembered;
  for (const auto& [name, check] : changes.checks) remembered.checks[name] = *check;
  for (const auto& [name, group] : changes.groups) remembered.groups[name] = *group;
  standing_ = Standing();
  standing_.Remember(remembered, {{"app", Choice::kSecondary}});
  const Moment now{.wall = At(21).wall, .steady = absl::FromUnixSeconds(7)};
  standing_.Apply(site, now);
  EXPECT_TRUE(standing_.Decide(now).changes.empty());
  EXPECT_FALSE(Healthy("ops"));
  EXPECT_EQ(standing_.UntilNext(now), absl::Seconds(10));
}

TEST_F(ChecksTest, AnInitialDownCheckIsUnhealthyUntilItSucceeds) {
  DesiredState site = SiteWith({"app"});
  site.health_checks["eu"].initial = InitialHealth::kDown;
  Start(site);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  Probe("eu", true, 3);
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(ChecksTest, AnInitialProbeCheckIsDecidedByItsFirstResult) {
  for (const bool success : {true, false}) {
    standing_ = Standing();
    DesiredState site = SiteWith({"app"});
    site.health_checks["eu"].initial = InitialHealth::kProbe;
    Start(site, {}, {{"app", Choice::kSecondary}});
    EXPECT_EQ(Answer("app"), Choice::kSecondary) << "what was answered stays until then";
    EXPECT_TRUE(standing_.groups().at("app").waiting);
    Probe("eu", success, 1);
    Decide();
    EXPECT_EQ(Answer("app"), success ? Choice::kPrimary : Choice::kSecondary);
    EXPECT_FALSE(standing_.groups().at("app").waiting);
  }
}

TEST_F(ChecksTest, CumulativeCountingFindsAnEndpointThatFailsEverySecondTime) {
  DesiredState site = SiteWith({"app"});
  site.health_checks["eu"].counting = Counting::kCumulative;
  Start(site);
  for (int i = 0; i < 3; ++i) {
    Probe("eu", true, 2);
    Probe("eu", false, 1);
  }
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
}

TEST_F(ChecksTest, CumulativeCountingForgivesAfterEnoughSuccessesInARow) {
  DesiredState site = SiteWith({"app"});
  site.health_checks["eu"].counting = Counting::kCumulative;
  Start(site);
  for (int i = 0; i < 9; ++i) {
    Probe("eu", false, 2);
    Probe("eu", true, 3);
  }
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

class SelfDoubtTest : public ChecksTest {
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
