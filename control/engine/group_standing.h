// Where one failover group stands: its sides with the checks behind them, what was decided last,
// and what lies over it. Plain values; standing keeps them, and what_if copies them.
//
// Used by: standing, overrides, what_if, because, api.
#ifndef UNDERSTUDY_CONTROL_ENGINE_GROUP_STANDING_H_
#define UNDERSTUDY_CONTROL_ENGINE_GROUP_STANDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "control/config/record_ttls.h"
#include "control/engine/check_standing.h"
#include "control/failover/decision.h"

namespace understudy::control {

struct TierStanding {
  std::string name;
  const CheckStanding* check = nullptr;  // null: none, which counts as healthy
  Labels labels;
  std::optional<Override> drained;
};

struct GroupStanding {
  std::string name;
  uint32_t place = 0;               // in the order of names, among all groups
  std::vector<TierStanding> tiers;  // the primary first; its check is never null once applied
  FailoverPolicy policy;
  Labels labels;
  size_t records = 0;
  std::vector<RecordTtl> ttls;
  GroupState state;
  std::optional<Override> forced;
  Decision decision;
  absl::Time changed_at = absl::InfinitePast();  // when the choice last changed
  bool waiting = false;                          // for a check to settle

  bool overridden() const;
};

// "primary", "secondary", the name of a further tier, "all", or the word of a policy.
std::string_view WordOf(const GroupStanding& group, Choice choice);
// The names of its tiers, in order.
std::vector<std::string> SidesOf(const GroupStanding& group);
// The tier of that name.
std::optional<uint8_t> TierOf(const GroupStanding& group, std::string_view name);
GroupHealth HealthOf(const GroupStanding& group);
bool IsTier(const GroupStanding& group, Choice choice);
// Whether the group's records have such an answer: a tier, all of them, or the word of a policy.
bool IsAnswer(const GroupStanding& group, Choice choice);
// Whether a check has to settle yet: the primary's, and any that nobody has probed yet and whose
// first result decides.
bool StillWaits(const GroupStanding& group);

// What a group would decide now: Standing's rules for waiting and overrides over Decide's. Of the
// overrides' end it knows nothing, that is by another clock.
Decision DecideGroupNow(const GroupStanding& group, const GroupHealth& health, absl::Time steady);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_GROUP_STANDING_H_
