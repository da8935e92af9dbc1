#include "control/engine/standing.h"

#include <gtest/gtest.h>

#include "tests/control/engine/standing_fixture.h"

namespace understudy::control {
namespace {

TEST_F(StandingTest, ANewGroupStartsOnItsPrimary) {
  Start(SiteWith({"app"}));
  EXPECT_TRUE(decisions_.changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, AGroupFailsOverAtTheThresholdAndNotBefore) {
  Start(SiteWith({"app"}));
  Probe("eu", false, 2);
  EXPECT_TRUE(Decide().changes.empty());
  Probe("eu", false, 1);
  const Decisions decisions = Decide();
  ASSERT_EQ(decisions.changes.size(), 1u);
  EXPECT_EQ(decisions.changes[0].to, Choice::kSecondary);
  EXPECT_EQ(decisions.changes[0].cause, Cause::kPrimaryUnhealthy);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
}

TEST_F(StandingTest, AllGroupsOfACheckChangeInOneDecision) {
  Start(SiteWith({"c", "a", "b"}));
  Probe("eu", false, 3);
  const Decisions decisions = Decide();
  ASSERT_EQ(decisions.changes.size(), 3u);
  EXPECT_EQ(decisions.changes[0].group->name, "a");
  EXPECT_EQ(decisions.changes[2].group->name, "c");
}

TEST_F(StandingTest, BothDownIsThePrimaryAndIsTold) {
  Start(SiteWith({"app"}));
  Probe("us", false, 3);
  EXPECT_TRUE(Decide().changes.empty());
  Probe("eu", false, 3);
  const Decisions decisions = Decide();
  EXPECT_TRUE(decisions.changes.empty());
  ASSERT_EQ(decisions.all_down.size(), 1u);
  EXPECT_EQ(decisions.all_down[0]->name, "app");
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
  EXPECT_NE(Why("app").find("all down"), std::string::npos);
}

TEST_F(StandingTest, AHoldDownDelaysFailbackByTheSteadyClock) {
  DesiredState site = SiteWith({"app"});
  site.groups[0].policy.failback.hold_down = absl::Seconds(10);
  Start(site);
  Probe("eu", false, 3);
  Decide(1);
  Probe("eu", true, 3, 2);
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_EQ(standing_.UntilNext(At(2)), absl::Seconds(10));
  EXPECT_NE(Why("app", 5).find("another 7s of 10s"), std::string::npos) << Why("app", 5);
  // The wall clock jumps an hour ahead and a day back: the hold-down does not care.
  Moment jumped = At(5);
  jumped.wall += absl::Hours(1);
  EXPECT_TRUE(standing_.Decide(jumped).changes.empty());
  jumped.wall -= absl::Hours(24);
  EXPECT_TRUE(standing_.Decide(jumped).changes.empty());
  const Decisions decisions = Decide(12);
  ASSERT_EQ(decisions.changes.size(), 1u);
  EXPECT_EQ(decisions.changes[0].to, Choice::kPrimary);
}

TEST_F(StandingTest, AForcedGroupIgnoresHealthUntilReleased) {
  Start(SiteWith({"app"}));
  ASSERT_TRUE(standing_.Force("app", ForcedUntil(absl::InfiniteFuture())).ok());
  ASSERT_EQ(Decide().changes.size(), 1u);
  Probe("us", false, 3);
  EXPECT_TRUE(Decide().changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_NE(Why("app").find("forced to secondary by ann"), std::string::npos) << Why("app");
  const auto ended = standing_.Release("app");
  ASSERT_TRUE(ended.ok());
  ASSERT_EQ(ended->size(), 1u);
  EXPECT_EQ(ended->front().override.reason, "maintenance");
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, ForceAndReleaseNameWhatIsWrong) {
  Start(SiteWith({"app"}));
  EXPECT_TRUE(absl::IsNotFound(standing_.Force("nope", {})));
  EXPECT_TRUE(absl::IsNotFound(standing_.Release("nope").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(standing_.Release("app").status()));
}

TEST_F(StandingTest, AnOverrideExpiresByTheWallClock) {
  Start(SiteWith({"app"}));
  ASSERT_TRUE(standing_.Force("app", ForcedUntil(At(30).wall)).ok());
  Decide(1);
  EXPECT_EQ(standing_.UntilNext(At(1)), absl::Seconds(29));
  EXPECT_TRUE(Decide(29).expired.empty());
  Moment jumped = At(2);
  jumped.wall = At(31).wall;  // the clock was set forward
  const Decisions decisions = standing_.Decide(jumped);
  ASSERT_EQ(decisions.expired.size(), 1u);
  EXPECT_EQ(decisions.expired[0].key, ForceOf("app"));
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
  EXPECT_FALSE(standing_.groups().at("app").forced.has_value());
}

TEST_F(StandingTest, ARestartChangesNoAnswer) {
  DesiredState site = SiteWith({"app"});
  site.groups[0].policy.failback.hold_down = absl::Seconds(100);
  Start(site);
  Probe("eu", false, 3);
  Decide();
  Probe("eu", true, 3);
  Decide(2);  // holding down since 2
  const StateChanges changes = standing_.Unsaved(At(12));
  Remembered remembered;
  for (const auto& [name, check] : changes.checks) remembered.checks[name] = *check;
  for (const auto& [name, group] : changes.groups) remembered.groups[name] = *group;
  standing_ = Standing();
  // The machine's steady clock began anew; 20 s passed by the wall clock since the hold began.
  standing_.Remember(remembered, {{"app", Choice::kSecondary}});
  Moment now{.wall = At(22).wall, .steady = absl::FromUnixSeconds(7)};
  standing_.Apply(site, now);
  EXPECT_TRUE(standing_.Decide(now).changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_EQ(standing_.UntilNext(now), absl::Seconds(80));
}

TEST_F(StandingTest, AnOverrideSurvivesARestartAndEndsInTime) {
  Start(SiteWith({"app"}));
  ASSERT_TRUE(standing_.Force("app", ForcedUntil(At(30).wall)).ok());
  Decide();
  const Remembered remembered = Saved();
  standing_ = Standing();
  Start(SiteWith({"app"}), remembered, {{"app", Choice::kSecondary}});
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_EQ(Decide(31).expired.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, AnOverrideThatExpiredWhileControlWasDownIsOver) {
  Remembered remembered;
  remembered.overrides[ForceOf("app")] = ForceRememberedUntil(At(-1).wall);
  remembered.groups["app"] = {.state = {}, .choice = Choice::kSecondary, .sides = {}};
  Start(SiteWith({"app"}), remembered, {{"app", Choice::kSecondary}});
  EXPECT_EQ(decisions_.expired.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, WithoutAStateFileTheInheritedChoiceStaysUntilHealthIsKnown) {
  Start(SiteWith({"app"}), {}, {{"app", Choice::kSecondary}});
  EXPECT_TRUE(decisions_.changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_NE(Why("app").find("stays until the primary's check eu"), std::string::npos);
  Probe("eu", true, 2);
  EXPECT_TRUE(Decide().changes.empty());
  Probe("eu", true, 1);
  ASSERT_EQ(Decide().changes.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, WithoutAStateFileAPrimaryThatIsStillDeadKeepsTheSecondary) {
  Start(SiteWith({"app"}), {}, {{"app", Choice::kSecondary}});
  Probe("eu", false, 3);
  EXPECT_TRUE(Decide().changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_FALSE(standing_.groups().at("app").waiting);
  EXPECT_FALSE(standing_.checks().at("eu").verdict.healthy);
}

TEST_F(StandingTest, AFlappingPrimaryDoesNotKeepAGroupWaitingForEver) {
  Start(SiteWith({"app"}), {}, {{"app", Choice::kSecondary}});
  for (int i = 0; i < 6; ++i) {
    Probe("eu", true, 1);
    Probe("eu", false, 1);
    Decide();
  }
  EXPECT_FALSE(standing_.groups().at("app").waiting);
}

TEST_F(StandingTest, AStateFileThatIsBehindSharedMemoryDoesNotChangeAnswers) {
  // Killed after the publication and before the store: verdict and choice of before are on disk.
  Remembered remembered;
  remembered.checks["eu"].fingerprint = FingerprintOf(CheckOf("eu"));
  remembered.checks["eu"].verdict.successes = 1000;
  remembered.checks["eu"].verdict.contrary = 2;
  remembered.groups["app"] = {};
  Start(SiteWith({"app"}), remembered, {{"app", Choice::kSecondary}});
  EXPECT_TRUE(decisions_.changes.empty());
  Probe("eu", false, 3);
  EXPECT_TRUE(Decide().changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
}

TEST_F(StandingTest, AForceIsAnsweredWhileTheGroupWaitsAndEndsInWhatItWaitsWith) {
  Start(SiteWith({"app"}), {}, {{"app", Choice::kSecondary}});
  ASSERT_TRUE(standing_.groups().at("app").waiting);
  Override forced = ForcedUntil(absl::InfiniteFuture());
  forced.side = Choice::kPrimary;
  ASSERT_TRUE(standing_.Force("app", forced).ok());
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
  ASSERT_TRUE(standing_.Release("app").ok());
  Decide(2);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  Probe("eu", true, 3, 3);
  Decide(3);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, OnlyTheGroupThatIsNotExplainedWaits) {
  // "b" was forced, and the state file is lost; "a" is on the primary by the same check.
  Start(SiteWith({"a", "b"}), {}, {{"a", Choice::kPrimary}, {"b", Choice::kSecondary}});
  EXPECT_TRUE(decisions_.changes.empty());
  EXPECT_EQ(Answer("a"), Choice::kPrimary);
  EXPECT_EQ(Answer("b"), Choice::kSecondary);
}

TEST_F(StandingTest, AReloadKeepsVerdictsAndDropsThoseOfRemovedChecks) {
  DesiredState site = SiteWith({"app"});
  Start(site);
  Probe("eu", false, 3);
  Probe("us", true, 5);
  Decide();
  site.health_checks["new"] = CheckOf("new");
  standing_.Apply(site, At(2));
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_EQ(standing_.checks().at("us").verdict.successes, 5u);
  EXPECT_FALSE(standing_.checks().at("eu").verdict.healthy);
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  site.health_checks.erase("new");
  standing_.Apply(site, At(3));
  EXPECT_EQ(standing_.checks().size(), 2u);
  EXPECT_EQ(standing_.Unsaved(At(3)).checks.at("new"), std::nullopt);
}

TEST_F(StandingTest, AChangedCheckKeepsItsVerdictAndCountsAnew) {
  DesiredState site = SiteWith({"app"});
  Start(site);
  Probe("eu", false, 4);
  Decide();
  site.health_checks["eu"].interval = absl::Seconds(3);
  standing_.Apply(site, At(2));
  EXPECT_TRUE(Decide(2).changes.empty()) << "the endpoint is as dead as before";
  EXPECT_FALSE(standing_.checks().at("eu").verdict.healthy);
  EXPECT_EQ(standing_.checks().at("eu").verdict.failures, 0u);
}

TEST_F(StandingTest, AGroupThatGetsACheckNobodyProbedKeepsItsAnswerUntilItIs) {
  DesiredState site = SiteWith({"app"});
  Start(site);
  Probe("eu", false, 3);
  Decide();
  site.health_checks["eu2"] = CheckOf("eu2");
  site.groups[0].tiers[0].check = "eu2";
  standing_.Apply(site, At(2));
  EXPECT_TRUE(Decide(2).changes.empty());
  Probe("eu2", true, 3);
  EXPECT_EQ(Decide(3).changes.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(StandingTest, AReloadThatRemovesAGroupDropsItsOverride) {
  Start(SiteWith({"app", "shop"}));
  ASSERT_TRUE(standing_.Force("shop", ForcedUntil(absl::InfiniteFuture())).ok());
  Decide();
  const auto dropped = standing_.Apply(SiteWith({"app"}), At(2));
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].key, ForceOf("shop"));
  EXPECT_EQ(standing_.groups().size(), 1u);
  EXPECT_EQ(standing_.Unsaved(At(2)).overrides.at(ForceOf("shop")), std::nullopt);
}

TEST_F(StandingTest, AReloadKeepsAnOverrideAndItsEnd) {
  Start(SiteWith({"app"}));
  ASSERT_TRUE(standing_.Force("app", ForcedUntil(At(30).wall)).ok());
  Decide();
  standing_.Apply(SiteWith({"app", "shop"}), At(2));
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_EQ(Decide(31).expired.size(), 1u);
}

TEST_F(StandingTest, AnInconclusiveProbeSettlesNothing) {
  Start(SiteWith({"app"}), {}, {{"app", Choice::kSecondary}});
  for (int i = 0; i < 50; ++i) {
    standing_.Take("eu", {.success = false, .reason = "no descriptors", .conclusive = false},
                   At(1));
  }
  EXPECT_TRUE(Decide().changes.empty());
  EXPECT_TRUE(standing_.groups().at("app").waiting);
}

TEST_F(StandingTest, AProbeOfACheckThatIsGoneIsNobodysBusiness) {
  Start(SiteWith({"app"}));
  EXPECT_FALSE(standing_.Take("gone", {.success = false}, At(1)).known);
}

TEST_F(StandingTest, ASecondaryWithoutACheckCountsAsHealthyAndIsSaidSo) {
  DesiredState site = SiteWith({"app"});
  site.groups[0].tiers[1].check = std::nullopt;
  Start(site);
  Probe("eu", false, 3);
  Decide();
  EXPECT_EQ(Answer("app"), Choice::kSecondary);
  EXPECT_NE(Why("app").find("secondary has no check and counts as healthy"), std::string::npos);
  EXPECT_NE(Why("app").find("connection refused"), std::string::npos);
}

TEST_F(StandingTest, OnlyWhatChangedIsUnsaved) {
  Start(SiteWith({"app", "shop"}));
  EXPECT_EQ(standing_.Unsaved(At(0)).checks.size(), 2u);
  EXPECT_TRUE(standing_.Unsaved(At(0)).empty());
  Probe("us", true, 1);
  const StateChanges changes = standing_.Unsaved(At(1));
  EXPECT_EQ(changes.checks.size(), 1u);
  EXPECT_TRUE(changes.groups.empty());
}

}  // namespace
}  // namespace understudy::control
