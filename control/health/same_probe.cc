#include "control/health/same_probe.h"

#include <string_view>

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
  size_t headers = 0;
  for (const HttpHeader& header : check.http.headers) {
    headers = absl::HashOf(headers, header.name, header.value);
  }
  const std::string_view name = check.type == CheckType::kExec ? check.name : std::string_view();
  return absl::HashOf(check.type, name, check.address, check.port, check.host, check.path,
                      check.search_string, headers, check.http.method, check.dns.name,
                      check.dns.type, check.command, check.interval, check.connect_timeout,
                      check.response_timeout);
}

}  // namespace understudy::control
