#include "control/health/verdict.h"

namespace understudy::control {
namespace {

// A result that agrees with the verdict; it may clear what was counted against it.
void Agree(Verdict& verdict, const HealthCheck& check) {
  const bool cumulative = check.counting == Counting::kCumulative && verdict.healthy;
  if (cumulative && verdict.contrary > 0 && ++verdict.agreeing < check.clear_threshold) return;
  verdict.contrary = 0;
  verdict.agreeing = 0;
}

}  // namespace

Verdict InitialVerdict(const HealthCheck& check) {
  return {.healthy = check.initial != InitialHealth::kDown};
}

Verdict Judge(Verdict verdict, const ProbeResult& result, const HealthCheck& check) {
  verdict.last = result;
  if (!result.conclusive) return verdict;
  ++(result.success ? verdict.successes : verdict.failures);
  if (result.success == verdict.healthy) {
    Agree(verdict, check);
    return verdict;
  }
  verdict.agreeing = 0;
  const uint32_t threshold = verdict.healthy ? check.failure_threshold : check.success_threshold;
  // `contrary` may exceed a threshold that a reload has lowered; then this result decides.
  if (++verdict.contrary < threshold) return verdict;
  verdict.healthy = !verdict.healthy;
  verdict.contrary = 0;
  verdict.changed_at = result.started + result.took;
  return verdict;
}

}  // namespace understudy::control
