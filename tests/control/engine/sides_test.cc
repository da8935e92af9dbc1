// What was said of a side, and what is answered, stays with the side of its name: over reloads that
// move it, and over restarts.
#include <gtest/gtest.h>

#include "tests/control/engine/sides_fixture.h"

namespace understudy::control {
namespace {

TEST_F(SidesTest, DrainsSurviveARestartAndFollowTheirSideOverAReload) {
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
class RestartTest : public SidesTest {
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
  BothDie(site);
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

TEST_F(SidesTest, AForceFollowsItsSideOverAReload) {
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

TEST_F(SidesTest, AReloadThatAddsASideDoesNotMoveAGroupToIt) {
  DesiredState site = SiteWith({"shop"});
  const Tier sorry = {.name = "sorry", .check = std::nullopt, .labels = {}};
  site.groups[0].tiers.push_back(sorry);
  BothDie(site);
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

}  // namespace
}  // namespace understudy::control
