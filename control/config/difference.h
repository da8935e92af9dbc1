// What serving one configuration instead of another changes: which zones, record sets, checks and
// groups are added, changed (which field, from what, to what) and removed.
//
// Used by: engine/application (shows it before it applies, refuses to remove too much), api.
// Invariants
//  1. Pure. Compare(a, a) is empty, and Compare(b, a) is Compare(a, b) turned around.
//  2. A record set that moves between a zone file and a group, or between groups, is changed, not
//     removed: its name goes on being answered.
//  3. Counts are exact; of the changes themselves at most kMaxShownChanges of a noun are listed.
#ifndef UNDERSTUDY_CONTROL_CONFIG_DIFFERENCE_H_
#define UNDERSTUDY_CONTROL_CONFIG_DIFFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "control/config/desired_state.h"
#include "control/config/field_texts.h"

namespace understudy::control {

inline constexpr size_t kMaxShownChanges = 1000;
inline constexpr uint32_t kDefaultMaxRemovedPercent = 25;
// So few may always be removed: of four groups one is a quarter already.
inline constexpr size_t kAlwaysRemovable = 3;

enum class ChangeKind : uint8_t { kAdded, kChanged, kRemoved };

struct FieldChange {
  std::string field;
  std::string from;  // empty: it had no value
  std::string to;
};

struct Change {
  ChangeKind kind = ChangeKind::kAdded;
  std::string name;
  // Of what was added or removed only what says more than its default, and the type of a check.
  std::vector<FieldChange> fields;
};

// Of one noun.
struct Changes {
  size_t before = 0;  // how many there were
  size_t added = 0;
  size_t changed = 0;
  size_t removed = 0;
  std::vector<Change> shown;  // the first by name

  bool empty() const { return added + changed + removed == 0; }
  void Add(ChangeKind kind, std::string name, const FieldTexts& from, const FieldTexts& to);
};

struct Difference {
  std::vector<FieldChange> settings;
  Changes zones;
  Changes health_checks;
  Changes groups;
  Changes record_sets;

  bool empty() const {
    return settings.empty() && zones.empty() && health_checks.empty() && groups.empty() &&
           record_sets.empty();
  }
};

Difference Compare(const DesiredState& from, const DesiredState& to);

// Why `difference` removes more than it should; empty when it does not. More than `max_percent` of
// the groups, the checks or the record sets are too many, unless they are three or fewer.
std::string RemovesTooMuch(const Difference& difference, uint32_t max_percent);

// record_difference.cc: those of zones and groups together.
Changes CompareRecordSets(const DesiredState& from, const DesiredState& to);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_DIFFERENCE_H_
