#include "control/config/difference.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

std::string TextOf(const FieldTexts& fields, const std::string& name) {
  const auto found = std::ranges::find(fields, name, &FieldText::name);
  return found == fields.end() ? "" : found->text;
}

std::vector<FieldChange> Differing(const FieldTexts& from, const FieldTexts& to) {
  std::vector<FieldChange> changes;
  for (const FieldText& field : to) {
    std::string before = TextOf(from, field.name);
    if (before != field.text) changes.push_back({field.name, std::move(before), field.text});
  }
  for (const FieldText& field : from) {
    const bool is_gone = std::ranges::find(to, field.name, &FieldText::name) == to.end();
    if (is_gone && !field.text.empty()) changes.push_back({field.name, field.text, ""});
  }
  return changes;
}

// Two maps by name, walked side by side. `differ(a, b)`, `fields(a)`; `none` are the fields of a
// value that says nothing.
template <typename Map, typename Differ, typename Fields>
Changes CompareMaps(const Map& from, const Map& to, Differ differ, Fields fields,
                    const FieldTexts& none) {
  Changes changes;
  changes.before = from.size();
  auto old = from.begin();
  auto now = to.begin();
  while (old != from.end() || now != to.end()) {
    if (now == to.end() || (old != from.end() && old->first < now->first)) {
      changes.Add(ChangeKind::kRemoved, old->first, fields(old->second), none);
      ++old;
    } else if (old == from.end() || now->first < old->first) {
      changes.Add(ChangeKind::kAdded, now->first, none, fields(now->second));
      ++now;
    } else {
      if (differ(old->second, now->second)) {
        changes.Add(ChangeKind::kChanged, now->first, fields(old->second), fields(now->second));
      }
      ++old;
      ++now;
    }
  }
  return changes;
}

// allow_private_addresses is a setting, and told as one.
bool Differ(const HealthCheck& a, const HealthCheck& b) {
  if (a.allow_private_addresses == b.allow_private_addresses) return a != b;
  HealthCheck same = b;
  same.allow_private_addresses = a.allow_private_addresses;
  return a != same;
}

// What a check is told against that was added or removed: the defaults, but for its type, which is
// what a reader asks first.
FieldTexts NoCheck() {
  FieldTexts fields = FieldsOf(HealthCheck{});
  for (FieldText& field : fields) {
    if (field.name == "type") field.text.clear();
  }
  return fields;
}

std::map<std::string, const FailoverGroup*> GroupsByName(const DesiredState& state) {
  std::map<std::string, const FailoverGroup*> groups;
  for (const FailoverGroup& group : state.groups) groups.emplace(group.name, &group);
  return groups;
}

std::map<std::string, const Zone*> ZonesByName(const DesiredState& state) {
  std::map<std::string, const Zone*> zones;
  for (const Zone& zone : state.zones) zones.emplace(NameToText(zone.apex), &zone);
  return zones;
}

}  // namespace

void Changes::Add(ChangeKind kind, std::string name, const FieldTexts& from, const FieldTexts& to) {
  ++(kind == ChangeKind::kAdded ? added : kind == ChangeKind::kChanged ? changed : removed);
  if (shown.size() < kMaxShownChanges) {
    shown.push_back({kind, std::move(name), Differing(from, to)});
  }
}

Difference Compare(const DesiredState& from, const DesiredState& to) {
  Difference difference;
  difference.settings = Differing(SettingsOf(from), SettingsOf(to));
  difference.zones = CompareMaps(
      ZonesByName(from), ZonesByName(to), [](const Zone*, const Zone*) { return false; },
      [](const Zone*) { return FieldTexts{}; }, {});
  difference.health_checks = CompareMaps(
      from.health_checks, to.health_checks, Differ,
      [](const HealthCheck& check) { return FieldsOf(check); }, NoCheck());
  const auto group_fields = [](const FailoverGroup* group) { return FieldsOf(*group); };
  difference.groups = CompareMaps(
      GroupsByName(from), GroupsByName(to),
      [&](const FailoverGroup* a, const FailoverGroup* b) {
        return group_fields(a) != group_fields(b);
      },
      group_fields, FieldsOf(FailoverGroup{}));
  difference.record_sets = CompareRecordSets(from, to);
  return difference;
}

std::string RemovesTooMuch(const Difference& difference, uint32_t max_percent) {
  std::string text;
  const auto look = [&](const Changes& changes, std::string_view noun) {
    if (changes.removed <= kAlwaysRemovable ||
        changes.removed * 100 <= changes.before * size_t{max_percent}) {
      return;
    }
    absl::StrAppend(&text, text.empty() ? "" : ", ", changes.removed, " of ", changes.before, " ",
                    std::string(noun));
  };
  look(difference.groups, "failover groups");
  look(difference.health_checks, "health checks");
  look(difference.record_sets, "record sets");
  if (text.empty()) return text;
  return absl::StrCat("this removes ", text, ", and ", max_percent, "% is the most allowed");
}

}  // namespace understudy::control
