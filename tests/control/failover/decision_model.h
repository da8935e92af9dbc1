// The chart of decision.h once more, to compare with.
//
// Used by: decision_property_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_FAILOVER_DECISION_MODEL_H_
#define UNDERSTUDY_TESTS_CONTROL_FAILOVER_DECISION_MODEL_H_

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/failover/decision.h"

namespace understudy::control {

// The chart of decision.h, written without a look at the code: it keeps what happened and looks for
// the answer in that.
class DecisionModel {
 public:
  struct Tier {
    bool healthy = true;
    bool drained = false;
    absl::Time since = absl::InfinitePast();
  };

  // The word of the answer: a tier's number, or a policy's name.
  std::string Step(const std::vector<Tier>& tiers, const FailoverPolicy& policy, absl::Time now) {
    std::vector<bool> good;
    for (const Tier& tier : tiers) good.push_back(tier.healthy && !tier.drained);
    if (std::ranges::count(good, true) == 0) {
      for (size_t i = 0; i < tiers.size(); ++i) good[i] = tiers[i].healthy;
    }
    if (std::ranges::count(good, true) == 0) return Down(policy.all_down);
    if (!good[at]) {
      const size_t from = at;
      at = static_cast<size_t>(std::ranges::find(good, true) - good.begin());
      if (at > from && !tiers[from].healthy) Storm(policy.failback.damping, now);
      return std::to_string(at);
    }
    if (policy.failback.mode == FailbackMode::kManual) return std::to_string(at);
    const absl::Duration hold = Hold(policy.failback);
    for (size_t i = 0; i < at; ++i) {
      if (good[i] && now - std::min(tiers[i].since, now) >= hold) at = i;
    }
    return std::to_string(at);
  }

  absl::Duration Hold(const Failback& failback) const {
    if (failback.damping.max == absl::ZeroDuration() || penalty <= 1) return failback.hold_down;
    const double factor = std::pow(2.0, penalty) / 2 - 1;
    return std::max(failback.hold_down,
                    std::min(failback.damping.max, failback.damping.start * factor));
  }

  size_t at = 0;
  double penalty = 0;

 private:
  std::string Down(AllDown policy) {
    switch (policy) {
      case AllDown::kPrimary:
        at = 0;
        return "0";
      case AllDown::kSecondary:
        at = 1;
        return "1";
      case AllDown::kLastGood:
        return std::to_string(at);
      case AllDown::kAll:
        return "all";
      case AllDown::kServfail:
        return "servfail";
      case AllDown::kRefused:
        return "refused";
      case AllDown::kNoData:
        return "nodata";
    }
    return "";
  }

  void Storm(const Damping& damping, absl::Time now) {
    if (damping.max == absl::ZeroDuration()) return;
    if (storm_at && now > *storm_at) {
      penalty *= std::pow(
          0.5, absl::ToDoubleSeconds(now - *storm_at) / absl::ToDoubleSeconds(damping.half_life));
    }
    const double ratio = absl::ToDoubleSeconds(damping.max) / absl::ToDoubleSeconds(damping.start);
    penalty = std::min(penalty + 1, 2 + std::log2(ratio + 1));
    storm_at = now;
  }

  std::optional<absl::Time> storm_at;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_FAILOVER_DECISION_MODEL_H_
