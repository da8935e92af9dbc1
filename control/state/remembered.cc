#include "control/state/remembered.h"

#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace understudy::control {
namespace {

// Lengths before texts and lists, so that no two definitions run together to the same fingerprint.
void Add(std::string& to, const std::string& value) {
  absl::StrAppend(&to, value.size(), ":", value, " ");
}
void Add(std::string& to, int64_t value) { absl::StrAppend(&to, value, " "); }
void Add(std::string& to, absl::Duration value) { Add(to, absl::ToInt64Nanoseconds(value)); }
void Add(std::string& to, const HttpHeader& header) {
  Add(to, header.name);
  Add(to, header.value);
}
void Add(std::string& to, const StatusRange& range) {
  Add(to, int64_t{range.first});
  Add(to, int64_t{range.last});
}
template <typename Value>
void Add(std::string& to, const std::vector<Value>& values) {
  Add(to, static_cast<int64_t>(values.size()));
  for (const Value& value : values) Add(to, value);
}
template <typename Enum>
requires std::is_enum_v<Enum>
void Add(std::string& to, Enum value) { Add(to, static_cast<int64_t>(value)); }

template <typename... Values>
std::string Joined(const Values&... values) {
  std::string joined;
  (Add(joined, values), ...);
  return joined;
}

}  // namespace

std::string FingerprintOf(const HealthCheck& check) {
  const HttpExpectation& http = check.http;
  const DnsExpectation& dns = check.dns;
  return Joined(check.type, check.address, int64_t{check.port}, check.host, check.resolve,
                int64_t{check.allow_private_addresses}, check.path, check.search_string,
                int64_t{check.enable_sni}, http.method, http.headers, http.statuses,
                int64_t{http.verify_certificate}, http.certificate_warning, dns.name,
                int64_t{dns.type}, int64_t{dns.rcode}, dns.answers, int64_t{dns.over_tcp},
                int64_t{dns.recursion_desired}, check.command, check.children,
                int64_t{check.health_threshold}, check.expiry, check.on_expiry, check.interval,
                check.connect_timeout, check.response_timeout, int64_t{check.failure_threshold},
                int64_t{check.success_threshold}, check.counting, int64_t{check.clear_threshold},
                check.initial, int64_t{check.disabled}, int64_t{check.inverted});
}

}  // namespace understudy::control
