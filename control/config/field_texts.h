// The fields of checks, groups and record sets as texts, under their names in the YAML, so that two
// definitions can be compared by people.
//
// Used by: difference.cc, record_difference.cc.
#ifndef UNDERSTUDY_CONTROL_CONFIG_FIELD_TEXTS_H_
#define UNDERSTUDY_CONTROL_CONFIG_FIELD_TEXTS_H_

#include <string>
#include <vector>

#include "control/config/desired_state.h"

namespace understudy::control {

struct FieldText {
  std::string name;
  std::string text;  // empty: as if the field were not there
  bool operator==(const FieldText&) const = default;
};
// Each name once. Two values of a type may have different fields: sides have names of their own.
using FieldTexts = std::vector<FieldText>;

FieldTexts FieldsOf(const HealthCheck& check);
// Without its records, which are record sets of their own.
FieldTexts FieldsOf(const FailoverGroup& group);
// What stands at the top of a configuration and can change.
FieldTexts SettingsOf(const DesiredState& state);

// A record set: of a zone file, or of `group`.
FieldTexts FieldsOf(const ZoneRecord& record);
FieldTexts FieldsOf(const FailoverGroup& group, const GroupRecord& record);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_FIELD_TEXTS_H_
