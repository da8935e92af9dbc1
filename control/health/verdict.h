// Verdict: from single probe results to healthy or unhealthy, by consecutive thresholds both ways.
//
//              `failure_threshold` failures in a row
//      healthy ------------------------------------> unhealthy
//              <------------------------------------
//              `success_threshold` successes in a row
//   A result that agrees with the verdict resets the count (route53.md 2.6). A new check starts
//   healthy (Route 53) with no results; a check that control knew before starts as it was.
//
// Used by: checker (feeds results), state (stores it), api (shows it). Pure: no clock, no I/O.
#ifndef UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_
#define UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "control/config/desired_state.h"

namespace understudy::control {

// One attempt and how it went.
struct ProbeResult {
  bool success = false;
  std::string reason;  // "HTTP 200", "connect: connection refused", "no answer within 500ms"
  absl::Time started;
  absl::Duration took;
};

struct Verdict {
  bool healthy = true;
  uint32_t contrary = 0;  // results in a row that contradict `healthy`; below the threshold
  uint64_t successes = 0;  // since the check was first configured
  uint64_t failures = 0;
  absl::Time changed_at = absl::InfinitePast();  // when `healthy` last changed
  ProbeResult last;                              // last.started is InfinitePast before the first
};

// The verdict after `result`.
Verdict Judge(Verdict verdict, const ProbeResult& result, const HealthCheck& check);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_
