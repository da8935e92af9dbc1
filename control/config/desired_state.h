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
#include <vector>

#include "absl/time/time.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/table_writer.h"

namespace understudy::control {

enum class CheckType : uint8_t { kTcp, kHttp, kHttps, kHttpStrMatch, kHttpsStrMatch };

// One health check. Ranges and defaults: control/config/README.md; the reference is Route 53's
// HealthCheckConfig.
struct HealthCheck {
  std::string name;
  CheckType type = CheckType::kTcp;
  std::string address;  // IPv4 or IPv6 literal that is probed
  uint16_t port = 0;
  std::string host;  // Host header and SNI name; empty: the address, no SNI
  std::string path = "/";
  std::string search_string;  // *_str_match
  bool enable_sni = false;
  // From the end of one probe to the start of the next.
  absl::Duration interval = absl::Seconds(10);
  absl::Duration connect_timeout;
  absl::Duration response_timeout;
  uint32_t failure_threshold = 3;
  uint32_t success_threshold = 3;

  bool operator==(const HealthCheck&) const = default;
};

enum class AllDown : uint8_t { kPrimary };  // what is answered when no side is healthy

// A record set of a group, its value on each side.
struct GroupRecord {
  std::string owner;
  uint16_t type = 0;
  contract::Side primary;
  contract::Side secondary;
};

struct FailoverGroup {
  std::string name;
  std::string primary_check;                   // mandatory
  std::optional<std::string> secondary_check;  // without one the secondary counts as healthy
  absl::Duration hold_down;                    // failback waits until primary was healthy this long
  AllDown all_down = AllDown::kPrimary;
  std::vector<GroupRecord> records;
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

struct DesiredState {
  std::string instance;
  std::string config_file;
  contract::StalePolicy stale_policy = contract::StalePolicy::kFrozen;
  std::vector<Zone> zones;
  std::map<std::string, HealthCheck> health_checks;
  std::vector<FailoverGroup> groups;  // in the order of the file; table group index = position + 1
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_DESIRED_STATE_H_
