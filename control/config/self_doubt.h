// The section self_doubt: when this node shall rather distrust itself.
//
// Used by: config.cc.
#ifndef UNDERSTUDY_CONTROL_CONFIG_SELF_DOUBT_H_
#define UNDERSTUDY_CONTROL_CONFIG_SELF_DOUBT_H_

#include "control/config/desired_state.h"
#include "control/config/document.h"
#include "control/config/findings.h"
#include "control/config/health_checks.h"

namespace understudy::control {

SelfDoubt ReadSelfDoubt(const YamlValue& value, const HealthChecks& checks, Findings* findings);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_SELF_DOUBT_H_
