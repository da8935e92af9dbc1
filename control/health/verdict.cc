#include "control/health/verdict.h"

namespace understudy::control {

Verdict Judge(Verdict verdict, const ProbeResult& result, const HealthCheck& check) {
  verdict.last = result;
  if (!result.conclusive) return verdict;
  ++(result.success ? verdict.successes : verdict.failures);
  if (result.success == verdict.healthy) {
    verdict.contrary = 0;
    return verdict;
  }
  const uint32_t threshold = verdict.healthy ? check.failure_threshold : check.success_threshold;
  // `contrary` may exceed a threshold that a reload has lowered; then this result decides.
  if (++verdict.contrary < threshold) return verdict;
  verdict.healthy = !verdict.healthy;
  verdict.contrary = 0;
  verdict.changed_at = result.started + result.took;
  return verdict;
}

}  // namespace understudy::control
