// What an edge node shall serve, after parsing and checking: the noun every other part of control
// works on. Plain values; two of them can be compared, so a reload touches only what changed.
//
// Used by: config (makes it), engine (applies it), publication (writes the table from it), api
// (shows it). Names are in canonical wire form (lower case, uncompressed); record data in
// uncompressed wire form.
#ifndef UNDERSTUDY_CONTROL_CONFIG_DESIRED_STATE_H_
#define UNDERSTUDY_CONTROL_CONFIG_DESIRED_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::control {

// What is asked of whom. The first five are Route 53's endpoint checks, calculated is its own too;
// the others are ours.
enum class CheckType : uint8_t {
  kTcp,
  kHttp,
  kHttps,
  kHttpStrMatch,
  kHttpsStrMatch,
  kDns,         // a query, and the rcode and records of its answer
  kExec,        // a program of the operator, and its exit status
  kPush,        // an outside system says it through the API
  kCalculated,  // so many of other checks are healthy
};

// In the order of CheckType.
inline constexpr std::string_view kCheckTypeWords[] = {
    "tcp", "http", "https", "http_str_match", "https_str_match",
    "dns", "exec", "push",  "calculated"};
constexpr std::string_view WordOf(CheckType type) {
  return kCheckTypeWords[static_cast<size_t>(type)];
}

// What a check is until its first results.
enum class InitialHealth : uint8_t {
  kUp,     // Route 53
  kDown,   // nothing is sent to an endpoint nobody has seen working
  kProbe,  // unknown: groups keep what they answer; the first result alone decides
};

// Which failures count towards failure_threshold.
enum class Counting : uint8_t {
  kConsecutive,  // Route 53: one success in between starts anew
  kCumulative,   // gdnsd: only clear_threshold successes in a row start anew
};

// A push check that nobody has spoken for within `expiry`. Route 53's InsufficientDataHealthStatus.
enum class OnExpiry : uint8_t { kUnhealthy, kHealthy, kLastKnown };

// Of `host`, when it is resolved. Route 53 knows IPv4 alone.
enum class ResolveFamily : uint8_t { kIpv4, kIpv6, kAny };

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

struct StatusRange {
  uint16_t first = 200;
  uint16_t last = 399;
  bool operator==(const StatusRange&) const = default;
};

// What http, https and their *_str_match ask and expect beyond Route 53's fields.
struct HttpExpectation {
  std::string method = "GET";
  std::vector<HttpHeader> headers;  // beside Host and Connection; may replace the others of ours
  std::vector<StatusRange> statuses = {StatusRange{}};
  bool verify_certificate = false;     // against the system's roots and `host`
  absl::Duration certificate_warning;  // warns this long before its end; 0: never

  bool operator==(const HttpExpectation&) const = default;
};

struct DnsExpectation {
  std::string name;  // asked for, canonical wire form
  uint16_t type = 1;
  uint8_t rcode = 0;
  // Record data in canonical wire form; each must be in the answer. Empty: any answer will do.
  std::vector<std::string> answers;
  bool over_tcp = false;
  bool recursion_desired = false;

  bool operator==(const DnsExpectation&) const = default;
};

// One health check. Ranges and defaults: control/config/README.md; the reference is Route 53's
// HealthCheckConfig.
struct HealthCheck {
  std::string name;
  CheckType type = CheckType::kTcp;

  // Endpoint: tcp, http*, dns.
  std::string address;  // IPv4 or IPv6 literal that is probed; empty: `host` is resolved each time
  uint16_t port = 0;
  std::string host;  // Host header, SNI name, name to resolve; empty: the address, no SNI
  ResolveFamily resolve = ResolveFamily::kIpv4;
  bool allow_private_addresses = true;  // the configuration's; also of what `host` resolves to
  std::string path = "/";
  std::string search_string;  // *_str_match
  bool enable_sni = false;
  HttpExpectation http;
  DnsExpectation dns;
  std::vector<std::string> command;  // exec: program and arguments, no shell

  std::vector<std::string> children;  // calculated: names of checks, none of them calculated
  uint32_t health_threshold = 0;      // healthy when so many children are; 0: always

  absl::Duration expiry;  // push: how long a word counts
  OnExpiry on_expiry = OnExpiry::kUnhealthy;

  // From the end of one probe to the start of the next.
  absl::Duration interval = absl::Seconds(10);
  absl::Duration connect_timeout;
  absl::Duration response_timeout;  // exec: of the whole run
  uint32_t failure_threshold = 3;
  uint32_t success_threshold = 3;
  Counting counting = Counting::kConsecutive;
  uint32_t clear_threshold = 3;  // cumulative only
  InitialHealth initial = InitialHealth::kUp;
  // Laid over the verdict, in this order: a disabled check is not probed and counts as healthy;
  // inverted turns that around (route53.md 2.6).
  bool disabled = false;
  bool inverted = false;

  bool operator==(const HealthCheck&) const = default;
};

// Probed by us, as against told (push) or derived (calculated).
constexpr bool IsProbed(CheckType type) {
  return type != CheckType::kPush && type != CheckType::kCalculated;
}

// What is answered when no tier of a group is available.
enum class AllDown : uint8_t {
  kPrimary,  // Route 53
  kSecondary,
  kLastGood,  // the tier that was answered last
  kAll,       // the values of all tiers
  kServfail,  // the client's resolver tries another server
  kRefused,
  kNoData,
};

enum class FailbackMode : uint8_t {
  kAutomatic,  // when the better tier was healthy for the hold-down
  kManual,     // when an operator says so, or the tier that stands fails
};

// How the hold-down grows when a group keeps failing over (failover/decision.h, HoldDownOf).
struct Damping {
  absl::Duration start = absl::Seconds(2);
  absl::Duration max = absl::Minutes(5);  // 0: it does not grow
  absl::Duration half_life = absl::Minutes(5);

  bool operator==(const Damping&) const = default;
};

struct Failback {
  FailbackMode mode = FailbackMode::kAutomatic;
  absl::Duration hold_down;  // failback waits until the better tier was healthy this long
  Damping damping;

  bool operator==(const Failback&) const = default;
};

struct FailoverPolicy {
  AllDown all_down = AllDown::kPrimary;
  Failback failback;

  bool operator==(const FailoverPolicy&) const = default;
};

using Labels = std::map<std::string, std::string>;

// One of a group's ordered values. The first two are called primary and secondary.
struct Tier {
  std::string name;
  std::optional<std::string> check;  // mandatory on the primary; without one it counts as healthy
  Labels labels;

  bool operator==(const Tier&) const = default;
};
inline constexpr size_t kMaxTiers = contract::kMaxSides - 1;  // one side is kept for "all"

// A record set of a group, its value on each tier.
struct GroupRecord {
  std::string owner;
  uint16_t type = 0;
  std::vector<contract::Side> sides;  // by tier; without data: NODATA while that tier is answered
};

struct FailoverGroup {
  std::string name;
  std::vector<Tier> tiers;  // two at least
  FailoverPolicy policy;
  Labels labels;
  std::vector<GroupRecord> records;
};

// When it is more likely that this node is cut off than that everybody else is dead, health is
// frozen as it was (engine/self_doubt.h).
struct SelfDoubt {
  std::vector<std::string> canaries;  // checks of what this node needs itself
  uint32_t mass_failure_percent = 0;  // of all checks began to fail within `window`; 0: off
  absl::Duration window = absl::Seconds(10);
  uint32_t at_least = 5;                            // checks, or the share says nothing
  absl::Duration release_after = absl::Minutes(5);  // believed after all

  bool operator==(const SelfDoubt&) const = default;
};

struct ZoneRecord {
  std::string owner;
  uint16_t type = 0;
  int line = 0;  // of the master file, where its first record stands
  contract::Side value;
};

struct Zone {
  std::string apex;
  std::string file;  // as it was opened
  std::vector<ZoneRecord> records;
};

struct Configuration;

struct DesiredState {
  std::string instance;
  std::string config_file;
  std::shared_ptr<const Configuration> configuration;  // the texts of all this; may be null
  contract::StalePolicy stale_policy = contract::StalePolicy::kFrozen;
  bool allow_private_addresses = true;  // each check has it too
  std::vector<Zone> zones;
  std::map<std::string, HealthCheck> health_checks;
  SelfDoubt self_doubt;
  std::vector<FailoverGroup> groups;  // in the order of the file; table group index = position + 1
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_DESIRED_STATE_H_
