// Groups whose sides have labels; "shop" has a third side, "sorry".
//
// Used by: overrides_test, sides_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_ENGINE_SIDES_FIXTURE_H_
#define UNDERSTUDY_TESTS_CONTROL_ENGINE_SIDES_FIXTURE_H_

#include "control/engine/overrides.h"
#include "tests/control/engine/standing_fixture.h"

namespace understudy::control {

class SidesTest : public StandingTest {
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
  // With `site`, where its first group waits for an operator to go back: its third side answers.
  void BothDie(DesiredState& site) {
    site.groups[0].policy.failback.mode = FailbackMode::kManual;
    standing_ = Standing();
    Start(site);
    Probe("eu", false, 3);
    Probe("us", false, 3);
    Decide();
    ASSERT_EQ(Answer(site.groups[0].name), ChoiceOf(2));
  }
  static Override DrainOf(Choice side) {
    return {.side = side,
            .since = At(0).wall,
            .until = At(100).wall,
            .reason = "works",
            .author = "ann"};
  }
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_ENGINE_SIDES_FIXTURE_H_
