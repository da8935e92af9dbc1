#include "control/health/same_probe.h"

#include "absl/hash/hash.h"

namespace understudy::control {

// What is not named here decides the probe, so that a field that is new separates too much rather
// than too little.
bool IsSameProbe(const HealthCheck& a, const HealthCheck& b) {
  if (a.type != b.type || a.port != b.port || a.interval != b.interval || a.address != b.address ||
      a.host != b.host || a.path != b.path) {
    return false;  // most pairs: without a copy
  }
  HealthCheck same = b;
  if (a.type != CheckType::kExec) same.name = a.name;
  same.failure_threshold = a.failure_threshold;
  same.success_threshold = a.success_threshold;
  same.counting = a.counting;
  same.clear_threshold = a.clear_threshold;
  same.initial = a.initial;
  same.disabled = a.disabled;
  same.inverted = a.inverted;
  return same == a;
}

size_t HashOfProbe(const HealthCheck& check) {
  return absl::HashOf(check.type, check.address, check.port, check.host, check.path,
                      check.search_string, check.dns.name, check.command, check.interval);
}

}  // namespace understudy::control
