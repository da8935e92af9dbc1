#include "control/engine/overrides.h"

#include <gtest/gtest.h>

#include "control/engine/what_if.h"
#include "tests/control/engine/standing_fixture.h"

namespace understudy::control {
namespace {

class OverridesTest : public StandingTest {
 protected:
  void SetUp() override {
    DesiredState site = SiteWith({"app-1", "app-2", "shop"});
    for (FailoverGroup& group : site.groups) {
      group.tiers[0].labels = {{"site", "eu"}};
      group.tiers[1].labels = {{"site", "us"}};
    }
    site.groups[2].tiers.push_back({.name = "sorry", .check = std::nullopt, .labels = {}});
    site.groups[2].records[0].sides.push_back(SideOf("A", {"203.0.113.1"}));
    site.groups[2].labels = {{"tier", "gold"}};
    Start(site);
  }
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
  static Remembered RememberedOf(const StateChanges& changes) {
    Remembered remembered;
    for (const auto& [name, check] : changes.checks) remembered.checks[name] = *check;
    for (const auto& [name, group] : changes.groups) {
      if (group) remembered.groups[name] = *group;
    }
    for (const auto& [key, override] : changes.overrides) {
      if (override) remembered.overrides[key] = *override;
    }
    return remembered;
  }
  static Override DrainOf(Choice side) {
    return {.side = side,
            .since = At(0).wall,
            .until = At(100).wall,
            .reason = "works",
            .author = "ann"};
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

TEST_F(OverridesTest, DrainsSurviveARestartAndFollowTheirSideOverAReload) {
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(ChoiceOf(2))).ok());
  Decide();
  DesiredState site = SiteWith({"app-1", "app-2", "shop"});
  site.groups[2].tiers.push_back({.name = "extra", .check = std::nullopt, .labels = {}});
  site.groups[2].tiers.push_back({.name = "sorry", .check = std::nullopt, .labels = {}});
  EXPECT_TRUE(standing_.Apply(site, At(2)).empty());
  Decide(2);
  EXPECT_FALSE(standing_.groups().at("shop").tiers[2].drained.has_value());
  EXPECT_TRUE(standing_.groups().at("shop").tiers[3].drained.has_value());
  const StateChanges changes = standing_.Unsaved(At(2));
  ASSERT_EQ(changes.overrides.size(), 1u);
  standing_ = Standing();
  Start(site, RememberedOf(changes));
  EXPECT_TRUE(standing_.groups().at("shop").tiers[3].drained.has_value());
  site.groups[2].tiers.pop_back();
  const auto dropped = standing_.Apply(site, At(3));
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].side, "sorry");
}

// A restart finds another side in front of "sorry" than the one that it was stored behind.
class RestartTest : public OverridesTest {
 protected:
  static DesiredState ShopWith(const std::vector<std::string>& further) {
    DesiredState site = SiteWith({"shop"});
    for (const std::string& name : further) {
      site.groups[0].tiers.push_back({.name = name, .check = std::nullopt, .labels = {}});
    }
    return site;
  }
  void RestartWith(const DesiredState& site, Choice published) {
    const Remembered remembered = RememberedOf(standing_.Unsaved(At(2)));
    standing_ = Standing();
    Start(site, remembered, {{"shop", published}});
  }
  const GroupStanding& Shop() const { return standing_.groups().at("shop"); }
};

TEST_F(RestartTest, OverridesAreFoundByTheNameOfTheirSide) {
  standing_ = Standing();
  Start(ShopWith({"sorry"}));
  ASSERT_TRUE(standing_.Force("shop", DrainOf(ChoiceOf(2))).ok());
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(ChoiceOf(2))).ok());
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(Choice::kPrimary)).ok());
  Decide();
  RestartWith(ShopWith({"extra", "sorry"}), ChoiceOf(2));
  EXPECT_TRUE(dropped_.empty());
  EXPECT_TRUE(decisions_.changes.empty()) << "sorry is what was answered, and is";
  EXPECT_EQ(Answer("shop"), ChoiceOf(3));
  ASSERT_TRUE(Shop().forced.has_value());
  EXPECT_EQ(Shop().forced->side, ChoiceOf(3));
  EXPECT_EQ(Shop().forced->reason, "works");
  EXPECT_TRUE(Shop().tiers[0].drained.has_value());
  EXPECT_FALSE(Shop().tiers[2].drained.has_value());
  ASSERT_TRUE(Shop().tiers[3].drained.has_value());
  EXPECT_EQ(Shop().tiers[3].drained->side, ChoiceOf(3));
  // And back again: what this start stored is by name as well.
  const StateChanges unsaved = standing_.Unsaved(At(0));
  EXPECT_TRUE(unsaved.overrides.empty()) << "nothing of them changed";
  EXPECT_EQ(unsaved.groups.at("shop")->sides,
            (std::vector<std::string>{"primary", "secondary", "extra", "sorry"}));
}

TEST_F(RestartTest, OverridesOfASideThatIsGoneEndAndAreTold) {
  standing_ = Standing();
  Start(ShopWith({"sorry"}));
  ASSERT_TRUE(standing_.Force("shop", DrainOf(ChoiceOf(2))).ok());
  ASSERT_TRUE(standing_.Drain("shop", DrainOf(ChoiceOf(2))).ok());
  Decide();
  RestartWith(ShopWith({"extra"}), ChoiceOf(2));
  ASSERT_EQ(dropped_.size(), 2u);
  for (const EndedOverride& ended : dropped_) {
    EXPECT_EQ(ended.side, "sorry");
    EXPECT_EQ(ended.override.author, "ann");
  }
  EXPECT_FALSE(Shop().forced.has_value());
  EXPECT_FALSE(Shop().tiers[2].drained.has_value()) << "extra stands where sorry stood";
  EXPECT_EQ(Answer("shop"), Choice::kPrimary);
  const StateChanges unsaved = standing_.Unsaved(At(0));
  EXPECT_EQ(unsaved.overrides.at(ForceOf("shop")), std::nullopt);
  EXPECT_EQ(unsaved.overrides.at({"shop", OverrideKind::kDrain, "sorry"}), std::nullopt);
}

TEST_F(RestartTest, AGroupStaysOnTheSideOfItsNameByHealthToo) {
  DesiredState site = ShopWith({"sorry"});
  site.groups[0].policy.failback.mode = FailbackMode::kManual;
  standing_ = Standing();
  Start(site);
  Probe("eu", false, 3);
  Probe("us", false, 3);
  Decide();
  ASSERT_EQ(Answer("shop"), ChoiceOf(2));
  DesiredState longer = ShopWith({"extra", "sorry"});
  longer.groups[0].policy = site.groups[0].policy;
  RestartWith(longer, ChoiceOf(2));
  EXPECT_TRUE(decisions_.changes.empty());
  EXPECT_EQ(Answer("shop"), ChoiceOf(3));
  EXPECT_EQ(Shop().state.tier, 3u);
  EXPECT_FALSE(Shop().waiting) << "what is remembered explains it";
}

TEST_F(RestartTest, AfterARebootTheStateFileAloneSaysByNameWhatWasAnswered) {
  standing_ = Standing();
  Start(ShopWith({"sorry"}));
  ASSERT_TRUE(standing_.Force("shop", DrainOf(ChoiceOf(2))).ok());
  Decide();
  const Remembered remembered = RememberedOf(standing_.Unsaved(At(2)));
  standing_ = Standing();
  Start(ShopWith({"extra", "sorry"}), remembered);
  EXPECT_TRUE(decisions_.changes.empty()) << "sorry it was, and is";
  EXPECT_EQ(Answer("shop"), ChoiceOf(3));
}

TEST_F(RestartTest, AReloadThatOnlyRenamesASideIsStored) {
  standing_ = Standing();
  Start(ShopWith({"sorry"}));
  standing_.Unsaved(At(1));
  standing_.Apply(ShopWith({"extra"}), At(2));
  Decide(2);
  const StateChanges unsaved = standing_.Unsaved(At(2));
  ASSERT_TRUE(unsaved.groups.contains("shop"));
  EXPECT_EQ(unsaved.groups.at("shop")->sides.back(), "extra");
}

TEST_F(RestartTest, AnOverrideThatIsOnlyKnownByItsPlaceIsStoredByNameFromThenOn) {
  Remembered remembered;
  const OverrideKey drain = {"shop", OverrideKind::kDrain, "#2"};
  remembered.overrides[ForceOf("shop")] = {.side = "#2", .author = "ann"};
  remembered.overrides[drain] = {.side = "#2"};
  remembered.overrides[{"shop", OverrideKind::kDrain, "#3"}] = {.side = "#3"};
  standing_ = Standing();
  Start(ShopWith({"sorry"}), remembered);
  ASSERT_TRUE(Shop().forced.has_value());
  EXPECT_EQ(Shop().forced->side, ChoiceOf(2));
  EXPECT_TRUE(Shop().tiers[2].drained.has_value());
  ASSERT_EQ(dropped_.size(), 1u) << "there is no third place behind the primary";
  EXPECT_EQ(dropped_[0].side, "#3");
  const StateChanges unsaved = standing_.Unsaved(At(0));
  EXPECT_EQ(unsaved.overrides.at(ForceOf("shop"))->side, "sorry");
  EXPECT_EQ(unsaved.overrides.at(drain), std::nullopt);
  EXPECT_EQ(unsaved.overrides.at({"shop", OverrideKind::kDrain, "sorry"})->side, "sorry");
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

TEST_F(OverridesTest, AForceFollowsItsSideOverAReload) {
  ASSERT_TRUE(standing_.Force("shop", DrainOf(ChoiceOf(2))).ok());
  Decide();
  DesiredState site = SiteWith({"app-1", "app-2", "shop"});
  const std::vector<Tier> sides = site.groups[2].tiers;
  site.groups[2].tiers.push_back({.name = "extra", .check = std::nullopt, .labels = {}});
  site.groups[2].tiers.push_back({.name = "sorry", .check = std::nullopt, .labels = {}});
  const GroupChoices choices = standing_.ChoicesIn(site);
  EXPECT_EQ(choices[2].choice, ChoiceOf(3));
  EXPECT_TRUE(standing_.Apply(site, At(2)).empty());
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_EQ(Answer("shop"), ChoiceOf(3));
  const auto saved = standing_.Unsaved(At(2)).overrides.at(ForceOf("shop"));
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(saved->side, "sorry");
  site.groups[2].tiers = sides;
  const auto dropped = standing_.Apply(site, At(3));
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].side, "sorry");
  Decide(3);
  EXPECT_EQ(Answer("shop"), Choice::kPrimary);
}

TEST_F(OverridesTest, AReloadThatAddsASideDoesNotMoveAGroupToIt) {
  DesiredState site = SiteWith({"shop"});
  const Tier sorry = {.name = "sorry", .check = std::nullopt, .labels = {}};
  site.groups[0].tiers.push_back(sorry);
  site.groups[0].policy.failback.mode = FailbackMode::kManual;
  standing_ = Standing();
  Start(site);
  Probe("eu", false, 3);
  Probe("us", false, 3);
  Decide();
  ASSERT_EQ(Answer("shop"), ChoiceOf(2));
  site.groups[0].tiers[2].name = "extra";
  site.groups[0].tiers.push_back(sorry);
  standing_.Apply(site, At(2));
  EXPECT_TRUE(Decide(2).changes.empty());
  EXPECT_EQ(Answer("shop"), ChoiceOf(3));
  site.groups[0].tiers.pop_back();
  standing_.Apply(site, At(3));
  Decide(3);
  EXPECT_EQ(Answer("shop"), ChoiceOf(2))
      << "the side that stood is gone: the best there is, at once";
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
