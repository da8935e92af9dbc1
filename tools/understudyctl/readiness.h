// Readiness: whether this node should have the service addresses announced to it. Read out of
// shared memory in well under a millisecond; control is not asked and need not live.
//
// Used by: understudyctl ready.
//
// Invariants
//  1. Ready means: a dataplane lives, every worker of it moves, and it answers from a table.
//  2. A dead control changes nothing by itself: answers go on from the last table. Only what the
//     operator wants of stale answers does: `max_stale`, and the policy `servfail`.
//  3. Nor does a dataplane of another version: it is taken at its lock's word.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_READINESS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_READINESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "dataplane/contract/root.h"

namespace understudy::ctl {

struct ReadinessLimits {
  // How long dataplane and workers may be silent: longer than a busy machine keeps a thread
  // waiting, because a withdrawal is dear. One that died is seen at once, by its lock and its
  // process.
  absl::Duration max_age = absl::Seconds(2);
  // How long control may be silent. Default: for ever.
  absl::Duration max_stale = absl::InfiniteDuration();
};

struct Readiness {
  bool ready = false;
  std::string reason;                            // why not
  std::string remark;                            // ready all the same, but somebody should look
  uint64_t table = 0;                            // answered from; 0: none
  std::optional<absl::Duration> control_silent;  // nothing: never heard of
};

Readiness AssessReadiness(const contract::InstancePaths& paths, const ReadinessLimits& limits,
                          uint64_t now_ns);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_READINESS_H_
