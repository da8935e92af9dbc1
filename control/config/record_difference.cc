#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/config/difference.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// A record set wherever it stands: of a zone, or of a group.
struct RecordSet {
  std::string_view owner;
  uint16_t type = 0;
  const ZoneRecord* of_zone = nullptr;
  const FailoverGroup* group = nullptr;
  const GroupRecord* of_group = nullptr;

  FieldTexts Fields() const { return of_zone ? FieldsOf(*of_zone) : FieldsOf(*group, *of_group); }
  std::string Name() const { return absl::StrCat(NameToText(owner), " ", TypeToText(type)); }
};

bool IsBefore(const RecordSet& a, const RecordSet& b) {
  return std::tie(a.owner, a.type) < std::tie(b.owner, b.type);
}

// A configuration has each name and type once (placement.h), so this is an order without ties.
std::vector<RecordSet> Sorted(const DesiredState& state) {
  std::vector<RecordSet> sets;
  for (const Zone& zone : state.zones) {
    for (const ZoneRecord& record : zone.records) {
      sets.push_back({.owner = record.owner, .type = record.type, .of_zone = &record});
    }
  }
  for (const FailoverGroup& group : state.groups) {
    for (const GroupRecord& record : group.records) {
      sets.push_back(
          {.owner = record.owner, .type = record.type, .group = &group, .of_group = &record});
    }
  }
  std::sort(sets.begin(), sets.end(), IsBefore);
  return sets;
}

bool Differ(const RecordSet& a, const RecordSet& b) {
  if (a.of_zone != nullptr && b.of_zone != nullptr) {
    // The many: without making texts of them.
    return a.of_zone->value.ttl_s != b.of_zone->value.ttl_s ||
           a.of_zone->value.rdata != b.of_zone->value.rdata;
  }
  return a.Fields() != b.Fields();
}

}  // namespace

Changes CompareRecordSets(const DesiredState& from, const DesiredState& to) {
  const std::vector<RecordSet> before = Sorted(from);
  const std::vector<RecordSet> after = Sorted(to);
  Changes changes;
  changes.before = before.size();
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && IsBefore(*old, *now))) {
      changes.Add(ChangeKind::kRemoved, old->Name(), old->Fields(), {});
      ++old;
    } else if (old == before.end() || IsBefore(*now, *old)) {
      changes.Add(ChangeKind::kAdded, now->Name(), {}, now->Fields());
      ++now;
    } else {
      if (Differ(*old, *now)) {
        changes.Add(ChangeKind::kChanged, now->Name(), old->Fields(), now->Fields());
      }
      ++old;
      ++now;
    }
  }
  return changes;
}

}  // namespace understudy::control
