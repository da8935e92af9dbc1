#include "control/engine/group_standing.h"

#include <algorithm>

namespace understudy::control {
namespace {

// A calculated check knows as much as its children.
bool IsSettled(const CheckStanding& check) {
  return check.settled &&
         std::ranges::all_of(check.children, [](const auto* child) { return child->settled; });
}

}  // namespace

bool StillWaits(const GroupStanding& group) {
  if (!IsSettled(*group.tiers.front().check)) return true;
  return std::ranges::any_of(group.tiers, [](const TierStanding& tier) {
    return tier.check != nullptr && tier.check->by_first_result && !tier.check->settled;
  });
}

bool IsTier(const GroupStanding& group, Choice choice) {
  return static_cast<size_t>(choice) < group.tiers.size();
}

bool IsAnswer(const GroupStanding& group, Choice choice) {
  if (choice == AllOf(group.tiers.size())) return group.policy.all_down == AllDown::kAll;
  return IsTier(group, choice) || contract::IsPolicy(choice);
}

bool GroupStanding::overridden() const {
  return forced.has_value() || std::ranges::any_of(tiers, [](const TierStanding& tier) {
           return tier.drained.has_value();
         });
}

std::string_view WordOf(const GroupStanding& group, Choice choice) {
  if (IsTier(group, choice)) return group.tiers[static_cast<size_t>(choice)].name;
  if (choice == AllOf(group.tiers.size())) return "all";
  return contract::WordOf(choice);
}

std::vector<std::string> SidesOf(const GroupStanding& group) {
  std::vector<std::string> sides;
  sides.reserve(group.tiers.size());
  for (const TierStanding& tier : group.tiers) sides.push_back(tier.name);
  return sides;
}

std::optional<uint8_t> TierOf(const GroupStanding& group, std::string_view name) {
  const auto found = std::ranges::find(group.tiers, name, &TierStanding::name);
  if (found == group.tiers.end()) return std::nullopt;
  return static_cast<uint8_t>(found - group.tiers.begin());
}

GroupHealth HealthOf(const GroupStanding& group) {
  GroupHealth health;
  for (const TierStanding& tier : group.tiers) {
    TierHealth& one = health.emplace_back();
    one.drained = tier.drained.has_value();
    if (tier.check == nullptr) continue;
    one.healthy = tier.check->healthy;
    one.healthy_since = tier.check->changed_at;
  }
  return health;
}

Decision DecideGroupNow(const GroupStanding& group, const GroupHealth& health, absl::Time steady) {
  std::optional<Override> forced = group.forced;
  if (forced) forced->until = absl::InfiniteFuture();
  Decision decision = control::Decide(group.state, health, group.policy, forced, steady);
  if (!group.waiting) return decision;
  decision.state = group.state;
  decision.by_health = group.decision.by_health;
  decision.decide_again = absl::InfiniteFuture();
  if (group.forced) return decision;
  decision.choice = decision.by_health;
  decision.cause = decision.choice == Choice::kPrimary ? Cause::kPrimaryHealthy
                   : IsTier(group, decision.choice)    ? Cause::kPrimaryUnhealthy
                                                       : Cause::kAllDown;
  return decision;
}

}  // namespace understudy::control
