#include "control/state/remembered.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace understudy::control {
namespace {

// Lengths before texts, so that no two definitions run together to the same fingerprint.
std::string Text(const std::string& value) { return absl::StrCat(value.size(), ":", value); }

}  // namespace

std::string FingerprintOf(const HealthCheck& check) {
  return absl::StrCat(static_cast<int>(check.type), " ", Text(check.address), " ", check.port, " ",
                      Text(check.host), " ", Text(check.path), " ", Text(check.search_string), " ",
                      check.enable_sni ? 1 : 0, " ",
                      absl::StrJoin({absl::ToInt64Nanoseconds(check.interval),
                                     absl::ToInt64Nanoseconds(check.connect_timeout),
                                     absl::ToInt64Nanoseconds(check.response_timeout),
                                     static_cast<int64_t>(check.failure_threshold),
                                     static_cast<int64_t>(check.success_threshold)},
                                    " "));
}

}  // namespace understudy::control
