// WarnOfFeedback of health_checks.h.
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "control/config/health_checks.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// Owner in wire form to the group that has a record there.
using Owners = absl::flat_hash_map<std::string, std::string>;

constexpr std::string_view kWildcard{"\1*", 2};

// Parent by parent: a wildcard may answer the name when there is none closer, and what zone files
// have is not looked at here.
Owners::const_iterator OwnerOf(const Owners& owners, std::string_view name) {
  auto found = owners.find(std::string(name));
  while (found == owners.end() && name.size() > 1) {
    name.remove_prefix(size_t{1} + static_cast<unsigned char>(name[0]));
    found = owners.find(std::string(kWildcard) + std::string(name));
  }
  return found;
}

}  // namespace

void WarnOfFeedback(const HealthChecks& checks, const std::vector<FailoverGroup>& groups,
                    Findings* findings) {
  Owners owners;
  for (const FailoverGroup& group : groups) {
    for (const GroupRecord& record : group.records) owners.emplace(record.owner, group.name);
  }
  for (const auto& [name, check] : checks.checks) {
    if (!check.address.empty() || check.host.empty()) continue;
    const absl::StatusOr<std::string> host = NameToWire(check.host);
    if (!host.ok()) continue;
    const auto found = OwnerOf(owners, *host);
    if (found == owners.end()) continue;
    const auto line = checks.lines.find(name);
    findings->Warn(line == checks.lines.end() ? 0 : line->second, "health_checks." + name + ".host",
                   "resolves to what failover group " + found->second +
                       " answers for it: the check would follow its own answer, and not watch one "
                       "endpoint; give it an address");
  }
}

}  // namespace understudy::control
