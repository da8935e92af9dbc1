// Decision: from health, policy, overrides and time to what a group answers. Pure, over injected
// time.
//
// A group has ordered tiers; the first two are its primary and its secondary. A tier is available
// when it is healthy (or has no check) and not drained; where every healthy tier is drained, drains
// do not count. With two tiers, no drains and the default
// policy this is Route 53's table (route53.md 1.3):
//
//   primary    secondary          choice
//   healthy    any                primary
//   unhealthy  healthy / no check secondary
//   unhealthy  unhealthy          primary   (all-down policy)
//
// The state is the tier that stands for the group, `t`; `best` is the first available tier.
//
//                       t not available: best, at once
//        +-----------------------------------------------------------+
//        v                                                           |
//     STANDING t == best <--- a better tier available: --------- STANDING t > best
//        |                    automatic: healthy for hold-down
//        |                    manual: FailBack, or t lost
//        | none available
//        v
//     ALL DOWN: the policy's answer; whichever tier comes first ends it, without hold-down
//
//   Each move to a worse tier, unless a drain made it, adds 1 to the penalty, which decays; the
//   hold-down that follows grows with it (HoldDownOf): an endpoint that flaps is answered again
//   later and later.
//   FORCED lies over all of them until released or expired; the state below goes on meanwhile.
//
// Used by: standing (acts on it), api (explain says `because`, what-if), property tests.
#ifndef UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_
#define UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "dataplane/contract/table_format.h"

namespace understudy::control {

using contract::Choice;

// What is answered for one group.
struct GroupChoice {
  std::string_view group;
  Choice choice = Choice::kPrimary;
};
using GroupChoices = std::vector<GroupChoice>;

// An operator's word over health. A forced tier is answered whatever its health; a drained one is
// not answered as long as another is available.
struct Override {
  Choice side = Choice::kPrimary;  // the tier
  absl::Time since;
  absl::Time until = absl::InfiniteFuture();
  std::string reason;
  std::string author;
};

enum class Cause : uint8_t {
  kPrimaryHealthy,    // the normal state
  kPrimaryUnhealthy,  // another tier stands in
  kAllDown,           // no tier is available: the all-down policy
  kHoldDown,          // a better tier is back, but not yet for hold_down
  kForced,            // an operator said so
  kDrained,           // a better tier is healthy, but an operator drained it
  kDamped,            // as kHoldDown, and the hold-down has grown because the group flapped
  kManualFailback,    // a better tier is back, and an operator has to say so
};
std::string_view WordOf(Cause cause);

struct TierHealth {
  bool healthy = true;  // true as well when it has no check
  bool drained = false;
  absl::Time healthy_since = absl::InfinitePast();  // while healthy

  bool available() const { return healthy && !drained; }
};
using GroupHealth = absl::InlinedVector<TierHealth, 2>;  // by tier; never empty

// What a group remembers between decisions.
struct GroupState {
  uint8_t tier = 0;    // that stands for the group by health alone; under "all down" the last one
  double penalty = 0;  // as of penalty_at
  absl::Time penalty_at = absl::InfinitePast();

  bool operator==(const GroupState&) const = default;
};

struct Decision {
  Choice choice = Choice::kPrimary;
  Cause cause = Cause::kPrimaryHealthy;
  Choice by_health = Choice::kPrimary;               // what health alone says, under any override
  GroupState state;                                  // to remember
  absl::Time decide_again = absl::InfiniteFuture();  // a hold-down or the override ends then
};

// The choice that answers the values of all tiers: a side of its own behind them in the table.
constexpr Choice AllOf(size_t tiers) { return static_cast<Choice>(tiers); }
constexpr Choice ChoiceOf(size_t tier) { return static_cast<Choice>(tier); }

// `now` and the times of `health` and `state` are of one clock, those of `forced` too.
Decision Decide(const GroupState& state, const GroupHealth& health, const FailoverPolicy& policy,
                const std::optional<Override>& forced, absl::Time now);

// How long a better tier must have been healthy, after the last move to a worse one.
absl::Duration HoldDownOf(const Failback& failback, double penalty);

// After an operator's word: the first available tier stands at once. False: there is none better.
bool FailBack(GroupState& state, const GroupHealth& health);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_
