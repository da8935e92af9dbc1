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

}  // namespace
}  // namespace understudy::control
