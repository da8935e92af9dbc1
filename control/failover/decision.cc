#include "control/failover/decision.h"

#include <algorithm>

namespace understudy::control {
namespace {

// What health alone says; `forced` is laid over it by Decide.
Decision DecideByHealth(const GroupState& state, const GroupHealth& health,
                        absl::Duration hold_down, absl::Time now) {
  if (!health.primary) {
    if (health.secondary) {
      return {Choice::kSecondary, Cause::kPrimaryUnhealthy, {Choice::kSecondary, std::nullopt}};
    }
    return {Choice::kPrimary, Cause::kAllDown, {Choice::kPrimary, std::nullopt}};
  }
  const Decision primary = {
      Choice::kPrimary, Cause::kPrimaryHealthy, {Choice::kPrimary, std::nullopt}};
  // A hold that answered with a dead secondary would protect nobody.
  if (state.by_health != Choice::kSecondary || !health.secondary) return primary;
  // A start in the future means that the clock went back: the hold starts again, it never grows.
  const absl::Time since = std::min(state.primary_healthy_since.value_or(now), now);
  if (now - since >= hold_down) return primary;
  return {Choice::kSecondary, Cause::kHoldDown, {Choice::kSecondary, since}, since + hold_down};
}

}  // namespace

std::string_view WordOf(Cause cause) {
  switch (cause) {
    case Cause::kPrimaryHealthy:
      return "primary_healthy";
    case Cause::kPrimaryUnhealthy:
      return "primary_unhealthy";
    case Cause::kAllDown:
      return "all_down";
    case Cause::kHoldDown:
      return "hold_down";
    case Cause::kForced:
      return "forced";
  }
  return "unknown";
}

Decision Decide(const GroupState& state, const GroupHealth& health, absl::Duration hold_down,
                const std::optional<Override>& forced, absl::Time now) {
  Decision decision = DecideByHealth(state, health, hold_down, now);
  if (forced.has_value() && now < forced->until) {
    decision.choice = forced->side;
    decision.cause = Cause::kForced;
    decision.decide_again = std::min(decision.decide_again, forced->until);
  }
  return decision;
}

}  // namespace understudy::control
