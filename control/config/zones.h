// The section zones: the zones this node serves, each from a master file.
//
// Used by: config.cc.
#ifndef UNDERSTUDY_CONTROL_CONFIG_ZONES_H_
#define UNDERSTUDY_CONTROL_CONFIG_ZONES_H_

#include <string>
#include <vector>

#include "control/config/desired_state.h"
#include "control/config/document.h"
#include "control/config/file_source.h"
#include "control/config/findings.h"

namespace understudy::control {

struct Zones {
  std::vector<Zone> zones;
  bool complete = true;  // false when an entry had no usable name
};

Zones ReadZones(const YamlValue& value, FileSource& files, Findings* findings);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_ZONES_H_
