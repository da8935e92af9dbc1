// Random lives of a group, decided by the code and by a model of its chart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/failover/decision.h"
#include "tests/control/failover/decision_model.h"

namespace understudy::control {
namespace {

uint64_t Seed() {
  const char* given = std::getenv("UNDERSTUDY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "UNDERSTUDY_SEED=" << seed << "\n";
  return seed;
}

std::string WordOf(Choice choice, size_t tiers) {
  const auto value = static_cast<size_t>(choice);
  if (value < tiers) return std::to_string(value);
  return value == tiers ? "all" : std::string(contract::WordOf(choice));
}

// One random life of a group: what happens to it, and what was decided last.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed) {
    tiers_.resize(2 + random_() % 3);
    ChangePolicy();
  }

  void Step() {
    Happen();
    GroupHealth health;
    for (const DecisionModel::Tier& tier : tiers_) {
      health.push_back(
          {.healthy = tier.healthy, .drained = tier.drained, .healthy_since = tier.since});
    }
    const Decision d = Decide(state_, health, policy_, forced_, now_);
    const std::string expected = model_.Step(tiers_, policy_, now_);
    const bool under_force = forced_.has_value() && now_ < forced_->until;
    ASSERT_EQ(WordOf(d.by_health, tiers_.size()), expected);
    ASSERT_EQ(d.choice, under_force ? forced_->side : d.by_health);
    ASSERT_EQ(d.cause == Cause::kForced, under_force);
    ASSERT_NEAR(d.state.penalty, model_.penalty, 1e-6);
    ASSERT_EQ(d.state.tier, model_.at);
    ASSERT_GT(d.decide_again, now_);  // or the engine would spin
    // A healthy group never answers a dead tier, and never a policy.
    const bool any = std::ranges::any_of(tiers_, &DecisionModel::Tier::healthy);
    ASSERT_TRUE(!any || tiers_[static_cast<size_t>(d.by_health)].healthy);
    // To decide again in the same instant changes nothing.
    const Decision again = Decide(d.state, health, policy_, forced_, now_);
    ASSERT_EQ(again.choice, d.choice);
    ASSERT_EQ(again.state, d.state);
    state_ = d.state;
  }

 private:
  bool OneIn(uint32_t n) { return random_() % n == 0; }

  void ChangePolicy() {
    policy_.all_down = static_cast<AllDown>(random_() % 7);
    policy_.failback.mode = OneIn(4) ? FailbackMode::kManual : FailbackMode::kAutomatic;
    policy_.failback.hold_down = absl::Seconds(static_cast<int64_t>(random_() % 4) * 3);
    policy_.failback.damping.max = OneIn(3) ? absl::ZeroDuration() : absl::Seconds(40);
  }

  void Happen() {
    now_ += absl::Milliseconds(static_cast<int64_t>(random_() % 2000));
    if (OneIn(500)) now_ -= absl::Seconds(static_cast<int64_t>(random_() % 100000));
    if (OneIn(500)) now_ += absl::Seconds(static_cast<int64_t>(random_() % 100000));
    for (DecisionModel::Tier& tier : tiers_) {
      if (OneIn(5)) {
        tier.healthy = !tier.healthy;
        tier.since = now_;
      }
      if (OneIn(30)) tier.drained = !tier.drained;
    }
    if (OneIn(200)) ChangePolicy();
    if (OneIn(50)) {
      forced_.emplace();
      forced_->side = ChoiceOf(random_() % tiers_.size());
      forced_->since = now_;
      forced_->until = now_ + absl::Seconds(static_cast<int64_t>(random_() % 60));
    }
    if (OneIn(50)) forced_.reset();
  }

  std::mt19937_64 random_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::vector<DecisionModel::Tier> tiers_;
  FailoverPolicy policy_;
  std::optional<Override> forced_;
  GroupState state_;
  DecisionModel model_;
};

TEST(DecisionProperty, MillionsOfRandomStepsAgreeWithTheChart) {
  const uint64_t seed = Seed();
  for (uint64_t life = 0; life < 2000; ++life) {
    Life one(seed + life);
    for (int step = 0; step < 1000; ++step) {
      one.Step();
      if (HasFatalFailure()) FAIL() << "in life " << life << " at step " << step;
    }
  }
}

}  // namespace
}  // namespace understudy::control
