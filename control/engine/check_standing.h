// Where one health check stands: its verdict, what groups go by, and what it waits for. What is
// here looks at one check alone; health_board keeps them all, and knows what follows for others.
//
// Used by: health_board, group_standing, what_if, because, api, metrics.
#ifndef UNDERSTUDY_CONTROL_ENGINE_CHECK_STANDING_H_
#define UNDERSTUDY_CONTROL_ENGINE_CHECK_STANDING_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/engine/moment.h"
#include "control/health/verdict.h"
#include "control/state/remembered.h"

namespace understudy::control {

struct GroupStanding;

struct CheckStanding {
  std::shared_ptr<const HealthCheck> definition;  // the checker has it too; never null
  Verdict verdict;
  bool healthy = true;                                // what groups go by
  absl::Time changed_at = absl::InfinitePast();       // steady: when `healthy` last changed
  absl::Time failing_since = absl::InfiniteFuture();  // steady; for self-doubt
  absl::Time expires = absl::InfiniteFuture();        // push: steady
  // As it was last seen; infinite: never. The wall clock's.
  absl::Time certificate_ends = absl::InfiniteFuture();

  // False: known only by hearsay, or not at all. A full threshold in a row settles it; the first
  // result alone where `initial` is probe.
  bool settled = true;
  bool by_first_result = false;
  uint32_t alike = 0;       // conclusive results in a row that agree, while not settled
  uint32_t conclusive = 0;  // and all of them

  std::vector<GroupStanding*> groups;          // by name
  std::vector<CheckStanding*> parents;         // calculated checks that count this one
  std::vector<const CheckStanding*> children;  // of a calculated one
  bool pending = false;                        // in the row for Settle
  bool unsaved = false;
};

// No conclusive result is known of it.
bool IsUnprobed(const CheckStanding& check);
// The verdict with `disabled` and `inverted` laid over it.
bool IsHealthyByNow(const CheckStanding& check);
// Whether self-doubt counts it: only what we see ourselves says something about our own network.
bool IsCounted(const HealthCheck& definition);

// As it begins: from what is remembered of a check of its name, where anything is. A verdict that
// was reached by another definition keeps its health and counts anew.
CheckStanding BeginningOf(const HealthCheck& definition, const RememberedCheck* before,
                          const Moment& now);
RememberedCheck ToRemember(const CheckStanding& check, const Moment& now);
// The verdict of a check whose definition changed.
Verdict OnlyHealthOf(const Verdict& verdict);

// After `result`, which the verdict has judged already. True: that settled it.
bool SettleBy(CheckStanding& check, const ProbeResult& result);
// Nobody said anything for as long as a push check waits. True: its verdict is another one now.
bool Expire(CheckStanding& check, const Moment& now);
// A calculated check is healthy when enough children are (route53.md 2.6); it has no thresholds of
// its own.
void Recount(CheckStanding& parent, const Moment& now);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_CHECK_STANDING_H_
