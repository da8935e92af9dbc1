// One record set of a failover group: its name, type, TTL, and its values on each side.
//
// Used by: groups.cc.
#ifndef UNDERSTUDY_CONTROL_CONFIG_GROUP_RECORD_H_
#define UNDERSTUDY_CONTROL_CONFIG_GROUP_RECORD_H_

#include <optional>
#include <string>

#include "control/config/desired_state.h"
#include "control/config/document.h"
#include "control/config/findings.h"

namespace understudy::control {

// Of `group` the sides and the policy are used. Nothing when its name or its type is not usable.
// Every value is converted, so whatever is wrong with one is told.
std::optional<GroupRecord> ReadGroupRecord(const YamlValue& value, const std::string& path,
                                           const FailoverGroup& group, Findings* findings);

// The values of all sides together, each once, with the lowest TTL: for all_down: all.
contract::Side AllSidesOf(const GroupRecord& record);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_GROUP_RECORD_H_
