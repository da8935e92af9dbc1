// Whether the records of the groups can stand where they are named: inside a zone, not below a
// delegation, and beside what else has their name.
//
// Used by: config.cc, once all sections are read.
#ifndef UNDERSTUDY_CONTROL_CONFIG_PLACEMENT_H_
#define UNDERSTUDY_CONTROL_CONFIG_PLACEMENT_H_

#include "control/config/findings.h"
#include "control/config/groups.h"
#include "control/config/zones.h"

namespace understudy::control {

void CheckPlacement(const Zones& zones, const Groups& groups, Findings* findings);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_PLACEMENT_H_
