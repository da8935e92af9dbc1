// Decision: from health, overrides and time to the side a group answers. Pure, over injected time.
//
//   primary    secondary          choice                       (Route 53's table, route53.md 1.3)
//   healthy    any                primary
//   unhealthy  healthy / no check secondary
//   unhealthy  unhealthy          primary   (all-down policy)
//
//                    primary unhealthy and secondary healthy
//        PRIMARY ----------------------------------------------> SECONDARY
//           ^  <----- both unhealthy (all_down)                      |
//           |                                                       | primary healthy again
//           +---- healthy for hold_down ---- HOLDING <--------------+
//                                               | primary unhealthy again: SECONDARY
//                                               | secondary unhealthy: PRIMARY at once
//   FORCED lies over all of them until released or expired; the state below goes on meanwhile.
//
// Used by: engine (acts on it), api (explain says `because`), property tests.
#ifndef UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_
#define UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "dataplane/contract/table_format.h"

namespace understudy::control {

using contract::Choice;

// What is answered for one group.
struct GroupChoice {
  std::string_view group;
  Choice choice = Choice::kPrimary;
};
using GroupChoices = std::vector<GroupChoice>;

struct Override {
  Choice side = Choice::kPrimary;
  absl::Time since;
  absl::Time until = absl::InfiniteFuture();
  std::string reason;
  std::string author;
};

enum class Cause : uint8_t {
  kPrimaryHealthy,    // the normal state
  kPrimaryUnhealthy,  // the secondary stands in
  kAllDown,           // both unhealthy: the all-down policy
  kHoldDown,          // primary is back, but not yet for hold_down
  kForced,            // an operator said so
};
std::string_view WordOf(Cause cause);

struct GroupHealth {
  bool primary = true;
  bool secondary = true;  // true as well when it has no check
  bool secondary_has_check = false;
};

// What a group remembers between decisions.
struct GroupState {
  Choice by_health = Choice::kPrimary;              // what health alone says, under any override
  std::optional<absl::Time> primary_healthy_since;  // set while holding down
};

struct Decision {
  Choice choice = Choice::kPrimary;
  Cause cause = Cause::kPrimaryHealthy;
  GroupState state;                                  // to remember
  absl::Time decide_again = absl::InfiniteFuture();  // hold-down or override ends then
};

Decision Decide(const GroupState& state, const GroupHealth& health, absl::Duration hold_down,
                const std::optional<Override>& forced, absl::Time now);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_FAILOVER_DECISION_H_
