#include "control/failover/decision.h"

#include <algorithm>
#include <cmath>

namespace understudy::control {
namespace {

// The first available tier; as many as there are when there is none.
size_t BestOf(const GroupHealth& health) {
  const auto best = std::ranges::find_if(health, &TierHealth::available);
  return static_cast<size_t>(best - health.begin());
}

// A drain leads away from a tier while there is another: where every healthy tier is drained, one
// of them is better than none.
GroupHealth WithUsefulDrains(const GroupHealth& health) {
  if (BestOf(health) < health.size()) return health;
  GroupHealth undrained = health;
  for (TierHealth& tier : undrained) tier.drained = false;
  return undrained;
}

// One more move to a worse tier. The ceiling lets the penalty of a long storm decay in the same
// time as that of a short one (RFC 2439 4.2).
void Punish(GroupState& state, const Damping& damping, absl::Time now) {
  if (damping.max <= absl::ZeroDuration()) return;
  const double halvings = state.penalty_at == absl::InfinitePast()
                              ? 0
                              : absl::FDivDuration(now - state.penalty_at, damping.half_life);
  const double ceiling = 2 + std::log2(absl::FDivDuration(damping.max, damping.start) + 1);
  const double decayed = state.penalty * std::exp2(-std::max(halvings, 0.0));
  state.penalty = std::min(decayed + 1, ceiling);
  state.penalty_at = now;
}

Choice AnswerWhenAllDown(const GroupState& state, AllDown policy, size_t tiers) {
  switch (policy) {
    case AllDown::kPrimary:
      return Choice::kPrimary;
    case AllDown::kSecondary:
      return Choice::kSecondary;
    case AllDown::kLastGood:
      return ChoiceOf(state.tier);
    case AllDown::kAll:
      return AllOf(tiers);
    case AllDown::kServfail:
      return Choice::kServfail;
    case AllDown::kRefused:
      return Choice::kRefused;
    case AllDown::kNoData:
      return Choice::kNoData;
  }
  return Choice::kPrimary;
}

Decision DecideAllDown(GroupState state, const GroupHealth& health, AllDown policy) {
  const Choice answer = AnswerWhenAllDown(state, policy, health.size());
  // The tier that is answered stands for the group: when it is back it need not come back again.
  if (static_cast<size_t>(answer) < health.size()) state.tier = static_cast<uint8_t>(answer);
  return {answer, Cause::kAllDown, answer, state};
}

Decision Stand(GroupState state, size_t tier, const GroupHealth& health) {
  state.tier = static_cast<uint8_t>(tier);
  const auto better = health.begin() + static_cast<ptrdiff_t>(tier);
  const bool drained = std::any_of(
      health.begin(), better, [](const TierHealth& one) { return one.healthy && one.drained; });
  const Cause cause = tier == 0 ? Cause::kPrimaryHealthy
                      : drained ? Cause::kDrained
                                : Cause::kPrimaryUnhealthy;
  return {ChoiceOf(tier), cause, ChoiceOf(tier), state};
}

// The tier that stands is available, and so is a better one.
Decision DecideFailback(const GroupState& state, const GroupHealth& health,
                        const Failback& failback, absl::Time now) {
  const size_t current = state.tier;
  Decision stay = Stand(state, current, health);
  if (failback.mode == FailbackMode::kManual) {
    stay.cause = Cause::kManualFailback;
    return stay;
  }
  const absl::Duration hold = HoldDownOf(failback, state.penalty);
  for (size_t tier = 0; tier < current; ++tier) {
    if (!health[tier].available()) continue;
    // A start in the future means that the clock went back: the hold starts again, it never grows.
    const absl::Time ready = std::min(health[tier].healthy_since, now) + hold;
    if (ready <= now) return Stand(state, tier, health);
    stay.decide_again = std::min(stay.decide_again, ready);
  }
  stay.cause = hold > failback.hold_down ? Cause::kDamped : Cause::kHoldDown;
  return stay;
}

// What health alone says; `forced` is laid over it by Decide.
Decision DecideByHealth(GroupState state, const GroupHealth& known, const FailoverPolicy& policy,
                        absl::Time now) {
  const GroupHealth health = WithUsefulDrains(known);
  state.tier = static_cast<uint8_t>(std::min<size_t>(state.tier, health.size() - 1));
  const size_t best = BestOf(health);
  if (best == health.size()) return DecideAllDown(state, health, policy.all_down);
  if (best < state.tier && health[state.tier].available()) {
    return DecideFailback(state, health, policy.failback, now);
  }
  // A drain is an operator's doing and no flapping.
  if (best > state.tier && !health[state.tier].healthy) Punish(state, policy.failback.damping, now);
  return Stand(state, best, health);
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
    case Cause::kDrained:
      return "drained";
    case Cause::kDamped:
      return "damped";
    case Cause::kManualFailback:
      return "manual_failback";
  }
  return "unknown";
}

Decision Decide(const GroupState& state, const GroupHealth& health, const FailoverPolicy& policy,
                const std::optional<Override>& forced, absl::Time now) {
  Decision decision = DecideByHealth(state, health, policy, now);
  if (forced.has_value() && now < forced->until) {
    decision.choice = forced->side;
    decision.cause = Cause::kForced;
    decision.decide_again = std::min(decision.decide_again, forced->until);
  }
  return decision;
}

absl::Duration HoldDownOf(const Failback& failback, double penalty) {
  const Damping& damping = failback.damping;
  if (penalty <= 1 || damping.max <= absl::ZeroDuration()) return failback.hold_down;
  // 0 for the first failover, then start x 1, 3, 7, ...
  const absl::Duration grown = damping.start * (std::exp2(penalty - 1) - 1);
  return std::max(failback.hold_down, std::min(grown, damping.max));
}

bool FailBack(GroupState& state, const GroupHealth& health) {
  const size_t best = BestOf(health);
  if (best >= state.tier) return false;
  state.tier = static_cast<uint8_t>(best);
  return true;
}

}  // namespace understudy::control
