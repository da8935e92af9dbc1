// A standing that is fed by hand, second by second.
#ifndef UNDERSTUDY_TESTS_CONTROL_ENGINE_STANDING_FIXTURE_H_
#define UNDERSTUDY_TESTS_CONTROL_ENGINE_STANDING_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/engine/because.h"
#include "control/engine/standing.h"
#include "tests/control/desired_site.h"

namespace understudy::control {

class StandingTest : public testing::Test {
 protected:
  static Moment At(int64_t second) {
    return {.wall = absl::FromUnixSeconds(1'000'000 + second),
            .steady = absl::FromUnixSeconds(second)};
  }
  void Start(const DesiredState& desired, Remembered remembered = {},
             std::map<std::string, Choice> inherited = {}) {
    standing_.Remember(std::move(remembered), std::move(inherited));
    dropped_ = standing_.Apply(desired, At(0));
    decisions_ = standing_.Decide(At(0));
  }
  void Probe(const std::string& check, bool success, int times, int64_t second = 1) {
    for (int i = 0; i < times; ++i) {
      standing_.Take(check,
                     {.success = success,
                      .reason = success ? "connected" : "connection refused",
                      .started = At(second).wall,
                      .took = absl::ZeroDuration()},
                     At(second));
    }
  }
  Decisions Decide(int64_t second = 1) { return standing_.Decide(At(second)); }
  Choice Answer(const std::string& group) const {
    return standing_.groups().at(group).decision.choice;
  }
  std::string Why(const std::string& group, int64_t second = 1) const {
    return Because(standing_.groups().at(group), At(second));
  }
  static Override ForcedUntil(absl::Time until) {
    return {.side = Choice::kSecondary,
            .since = At(0).wall,
            .until = until,
            .reason = "maintenance",
            .author = "ann"};
  }
  static RememberedOverride ForceRememberedUntil(absl::Time until) {
    return {.side = "secondary",
            .since = At(0).wall,
            .until = until,
            .reason = "maintenance",
            .author = "ann"};
  }
  static OverrideKey ForceOf(const std::string& group) { return {.group = group}; }
  // What a store would give back after everything was written.
  Remembered Saved() const {
    Remembered remembered;
    for (const auto& [name, check] : standing_.checks()) {
      remembered.checks[name] = {.fingerprint = FingerprintOf(*check.definition),
                                 .verdict = check.verdict,
                                 .healthy = check.healthy};
    }
    for (const auto& [name, group] : standing_.groups()) {
      remembered.groups[name] = {group.state, group.decision.choice, SidesOf(group)};
      if (group.forced) {
        remembered.overrides[ForceOf(name)] = ForceRememberedUntil(group.forced->until);
      }
    }
    return remembered;
  }

  Standing standing_;
  Decisions decisions_;
  std::vector<EndedOverride> dropped_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_ENGINE_STANDING_FIXTURE_H_
