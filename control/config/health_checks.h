// The section health_checks: what is probed, told or derived, how often, and when it counts as
// failed.
//
// Used by: config.cc. Keys, ranges and defaults: README.md; what is refused together follows
// Route 53's HealthCheckConfig.
#ifndef UNDERSTUDY_CONTROL_CONFIG_HEALTH_CHECKS_H_
#define UNDERSTUDY_CONTROL_CONFIG_HEALTH_CHECKS_H_

#include <map>
#include <string>
#include <vector>

#include "control/config/desired_state.h"
#include "control/config/document.h"
#include "control/config/findings.h"

namespace understudy::control {

struct HealthChecks {
  std::map<std::string, HealthCheck> checks;  // those with errors too: groups may name them
  std::map<std::string, int> lines;
};

HealthChecks ReadHealthChecks(const YamlValue& value, bool allow_private_addresses,
                              Findings* findings);

// Warns of checks that resolve a name which this node itself answers by their verdict: each would
// follow its own answer (route53.md 2.4).
void WarnOfFeedback(const HealthChecks& checks, const std::vector<FailoverGroup>& groups,
                    Findings* findings);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_HEALTH_CHECKS_H_
