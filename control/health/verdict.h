// Verdict: from single probe results to healthy or unhealthy, by thresholds both ways.
//
//              `failure_threshold` failures (in a row)
//      healthy ------------------------------------> unhealthy
//              <------------------------------------
//              `success_threshold` successes in a row
//   Consecutive counting: a result that agrees with the verdict resets the count (route53.md 2.6).
//   Cumulative counting (gdnsd's): of a healthy check only `clear_threshold` successes in a row do,
//   so that an endpoint that fails every second probe is found out too.
//   A new check starts as its `initial` says; a check that control knew before starts as it was.
//   An inconclusive result (ours was the fault, not the endpoint's) is shown and changes nothing.
//
// Used by: checker (feeds results), state (stores it), api (shows it). Pure: no clock, no I/O.
#ifndef UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_
#define UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "control/config/desired_state.h"

namespace understudy::control {

// How far a probe came before it failed. An exec check has an answer alone.
enum class ProbeStage : uint8_t { kResolve, kConnect, kHandshake, kAnswer };
inline constexpr std::string_view kProbeStageWords[] = {"resolve", "connect", "handshake",
                                                        "answer"};

// One attempt and how it went.
struct ProbeResult {
  bool success = false;
  std::string reason;   // "HTTP 200", "connect 192.0.2.10:80: connection refused"
  std::string warning;  // changes no verdict: "certificate ends 2026-12-01T10:00:00Z (in 36h)"
  absl::Time started = absl::InfinitePast();
  absl::Duration took;
  // When the first of the certificates that the endpoint showed ends; infinite: it showed none.
  absl::Time certificate_ends = absl::InfiniteFuture();
  ProbeStage stage = ProbeStage::kAnswer;
  // False: this host lacked something (descriptors, ports, the processor), so the attempt says
  // nothing about the endpoint. Without this, a shortage here would look like every backend dying
  // at once.
  bool conclusive = true;
};

struct Verdict {
  bool healthy = true;
  uint32_t contrary = 0;   // results that contradict `healthy`, counted towards the threshold
  uint32_t agreeing = 0;   // in a row since the last contrary one; cumulative counting alone
  uint64_t successes = 0;  // since the check was first configured
  uint64_t failures = 0;
  absl::Time changed_at = absl::InfinitePast();  // when `healthy` last changed
  ProbeResult last;                              // last.started is InfinitePast before the first
};

// Of a check that nobody knows yet. Route 53: healthy.
Verdict InitialVerdict(const HealthCheck& check);

// The verdict after `result`.
Verdict Judge(Verdict verdict, const ProbeResult& result, const HealthCheck& check);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_VERDICT_H_
