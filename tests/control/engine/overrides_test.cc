#include "control/engine/overrides.h"

#include <gtest/gtest.h>

#include "control/engine/what_if.h"
#include "tests/control/engine/sides_fixture.h"

namespace understudy::control {
namespace {

class OverridesTest : public SidesTest {
 protected:
  // "app-1/primary app-2/primary", or the error.
  std::string Selected(const Selector& selector) const {
    const auto targets = SelectTargets(standing_, selector);
    if (!targets.ok()) return std::string(targets.status().message());
    std::string text;
    for (const OverrideTarget& target : *targets) {
      text += (text.empty() ? "" : " ") + target.group->name + "/" +
              target.group->tiers[target.tier].name;
    }
    return text;
  }
  std::vector<Effect> Effects(const Selector& selector, OverrideKind kind) const {
    return EffectsOf(SelectTargets(standing_, selector).value(), kind, At(1));
  }
};

TEST_F(OverridesTest, GroupsAreMeantByNamePatternOrLabel) {
  struct Row {
    Selector selector;
    std::string meant;
  };
  const std::vector<Row> rows = {
      {{.pattern = "shop", .side = "secondary"}, "shop/secondary"},
      {{.pattern = "app-*", .side = "primary"}, "app-1/primary app-2/primary"},
      {{.pattern = "app-[2-9]", .side = "primary"}, "app-2/primary"},
      {{.label = "site=eu"}, "app-1/primary app-2/primary shop/primary"},
      {{.pattern = "app-*", .label = "site=us"}, "app-1/secondary app-2/secondary"},
      {{.label = "tier=gold", .side = "sorry"}, "shop/sorry"},
      {{.side = "sorry"}, "shop/sorry"},
      {{.pattern = "nope", .side = "primary"}, "no failover group matches 'nope'"},
      {{.label = "site=mars"}, "no failover group matches '*' with the label site=mars"},
      {{.label = "tier=gold"}, "no failover group matches '*' with the label tier=gold"},
      {{.label = "site"}, "label: 'site' is not of the form key=value, like site=eu"},
      {{.pattern = "shop"},
       "side: say which, like primary or secondary, or give the label of a side"},
      {{.pattern = "app-1", .side = "sorry"},
       "side: group 'app-1' has no side 'sorry'; it has: primary secondary"},
  };
  for (const Row& row : rows) EXPECT_EQ(Selected(row.selector), row.meant);
}

TEST_F(OverridesTest, EffectsTellWhatWouldBeAnsweredAndChangeNothing) {
  const auto effects = Effects({.label = "site=eu"}, OverrideKind::kDrain);
  ASSERT_EQ(effects.size(), 3u);
  for (const Effect& effect : effects) {
    EXPECT_EQ(effect.from, Choice::kPrimary);
    EXPECT_EQ(effect.to, Choice::kSecondary);
    EXPECT_EQ(effect.unusable, "");
  }
  EXPECT_TRUE(RefuseUnusable(effects).ok());
  EXPECT_TRUE(Decide().changes.empty());
  EXPECT_EQ(Answer("shop"), Choice::kPrimary);
}

TEST_F(OverridesTest, AGroupIsNotLeftWithoutAUsableSide) {
  Probe("us", false, 3);
  Decide();
  const auto drains = Effects({.pattern = "*", .side = "primary"}, OverrideKind::kDrain);
  EXPECT_EQ(drains[0].unusable, "no other side is healthy and not drained");
  EXPECT_EQ(drains[2].unusable, "") << "shop has a third side";
  const absl::Status refused = RefuseUnusable(drains);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("2 groups would be left without a usable side (app-1: "),
            absl::string_view::npos)
      << refused;
  const auto forces = Effects({.pattern = "shop", .side = "secondary"}, OverrideKind::kForce);
  EXPECT_EQ(forces[0].unusable, "secondary is unhealthy");
  EXPECT_EQ(Effects({.pattern = "shop", .side = "sorry"}, OverrideKind::kForce)[0].unusable, "");
}

TEST_F(OverridesTest, ADrainedSideIsLeftAndComesBackWhenTheDrainExpires) {
  ASSERT_TRUE(standing_.Drain("app-1", DrainOf(Choice::kPrimary)).ok());
  ASSERT_EQ(Decide(1).changes.size(), 1u);
  EXPECT_EQ(Answer("app-1"), Choice::kSecondary);
  EXPECT_NE(Why("app-1").find("drained by ann (works)"), std::string::npos) << Why("app-1");
  // The other side dies: a drained one that works is better than none.
  Probe("us", false, 3);
  Decide(2);
  EXPECT_EQ(Answer("app-1"), Choice::kPrimary);
  Probe("us", true, 3, 3);
  Decide(3);
  EXPECT_EQ(Answer("app-1"), Choice::kSecondary);
  EXPECT_EQ(standing_.UntilNext(At(3)), absl::Seconds(97));
  const Decisions decisions = Decide(100);
  ASSERT_EQ(decisions.expired.size(), 1u);
  EXPECT_EQ(decisions.expired[0].key.kind, OverrideKind::kDrain);
  EXPECT_EQ(decisions.expired[0].side, "primary");
  EXPECT_EQ(Answer("app-1"), Choice::kPrimary);
}

TEST_F(OverridesTest, ReleaseEndsAllOfAGroupOrThoseOfOneSide) {
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(Choice::kPrimary)).ok());
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(Choice::kSecondary)).ok());
  ASSERT_TRUE(standing_.Force("shop", DrainOf(ChoiceOf(2))).ok());
  Decide();
  EXPECT_EQ(Answer("shop"), ChoiceOf(2));
  ASSERT_EQ(standing_.Release("shop", 1)->size(), 1u);
  EXPECT_TRUE(absl::IsFailedPrecondition(standing_.Release("shop", 1).status()));
  EXPECT_EQ(standing_.Release("shop")->size(), 2u);
  Decide(2);
  EXPECT_EQ(Answer("shop"), Choice::kPrimary);
}

TEST_F(OverridesTest, OverridesEndEachInItsTimeWhateverTheirOrder) {
  const auto until = [](int64_t second, Choice side) {
    Override override = DrainOf(side);
    override.until = At(second).wall;
    return override;
  };
  ASSERT_TRUE(standing_.Force("shop", until(30, Choice::kSecondary)).ok());
  ASSERT_TRUE(standing_.Drain("shop", until(10, Choice::kPrimary)).ok());
  ASSERT_TRUE(standing_.Drain("app-2", until(18, Choice::kPrimary)).ok());
  ASSERT_TRUE(standing_.Drain("app-1", until(20, Choice::kPrimary)).ok());
  EXPECT_EQ(standing_.UntilNext(At(0)), absl::Seconds(10)) << "before a decision as after it";
  Decide();
  EXPECT_EQ(standing_.UntilNext(At(1)), absl::Seconds(9));
  EXPECT_EQ(Decide(10).expired.size(), 1u);
  EXPECT_EQ(standing_.UntilNext(At(10)), absl::Seconds(8));
  // A later force takes the place of the one before, and of its end.
  ASSERT_TRUE(standing_.Force("shop", until(15, Choice::kSecondary)).ok());
  EXPECT_EQ(standing_.UntilNext(At(10)), absl::Seconds(5));
  ASSERT_TRUE(standing_.Force("shop", until(40, Choice::kSecondary)).ok());
  const Decisions twenty = Decide(20);
  ASSERT_EQ(twenty.expired.size(), 2u);
  EXPECT_EQ(twenty.expired[0].key.group, "app-1") << "by name, though it ended later";
  EXPECT_EQ(twenty.changes.size(), 2u);
  ASSERT_TRUE(standing_.Release("shop").ok());
  EXPECT_EQ(standing_.UntilNext(At(20)), absl::InfiniteDuration());
  EXPECT_TRUE(Decide(40).expired.empty());
}

TEST_F(OverridesTest, AManualFailbackWaitsForTheOperator) {
  DesiredState site = SiteWith({"app"});
  site.groups[0].policy.failback.mode = FailbackMode::kManual;
  standing_ = Standing();
  Start(site);
  Probe("eu", false, 3);
  Decide();
  EXPECT_TRUE(absl::IsFailedPrecondition(standing_.FailBack("app")));
  Probe("eu", true, 3, 2);
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_NE(Why("app").find("failback is manual"), std::string::npos) << Why("app");
  ASSERT_TRUE(standing_.FailBack("app").ok());
  EXPECT_EQ(Decide(3).changes.size(), 1u);
  EXPECT_EQ(Answer("app"), Choice::kPrimary);
}

TEST_F(OverridesTest, WhatIfFollowsCalculatedChecksAndHoldDowns) {
  DesiredState site = SiteWith({"app", "shop"});
  HealthCheck both;
  both.name = "both";
  both.type = CheckType::kCalculated;
  both.children = {"eu", "us"};
  both.health_threshold = 2;
  site.health_checks["both"] = both;
  site.groups[0].tiers[0].check = "both";
  site.groups[0].tiers[1].check = std::nullopt;
  site.groups[1].policy.failback.hold_down = absl::Seconds(10);
  standing_ = Standing();
  Start(site);
  const WhatIf us_down(standing_, {{"us", false}}, At(1));
  EXPECT_EQ(us_down.groups().at("app").decision.choice, Choice::kSecondary);
  EXPECT_EQ(us_down.groups().at("shop").decision.choice, Choice::kPrimary);
  Probe("eu", false, 3);
  Decide();
  const WhatIf eu_up(standing_, {{"eu", true}}, At(5));
  EXPECT_EQ(eu_up.groups().at("shop").decision.cause, Cause::kHoldDown);
  EXPECT_EQ(eu_up.groups().at("shop").decision.decide_again, At(15).steady);
  EXPECT_EQ(Answer("shop"), Choice::kSecondary);
}

}  // namespace
}  // namespace understudy::control
