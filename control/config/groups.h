// The section failover_groups: what fails over together, by which health checks, and the records of
// each side.
//
// Used by: config.cc.
#ifndef UNDERSTUDY_CONTROL_CONFIG_GROUPS_H_
#define UNDERSTUDY_CONTROL_CONFIG_GROUPS_H_

#include <map>
#include <string>
#include <vector>

#include "control/config/desired_state.h"
#include "control/config/document.h"
#include "control/config/findings.h"

namespace understudy::control {

// Where a record of a group is written, for what is found later.
struct RecordPlace {
  int line = 0;
  std::string field;  // "failover_groups.app.records[0]"
};

struct Groups {
  std::vector<FailoverGroup> groups;
  std::vector<std::vector<RecordPlace>> places;  // of groups[i].records[j]
};

// `check_lines`: the health checks there are.
Groups ReadGroups(const YamlValue& value, const std::map<std::string, int>& check_lines,
                  Findings* findings);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_GROUPS_H_
