#include "control/publication/table_contents.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/config/group_record.h"

namespace understudy::control {
namespace {

// The longest suffix of `name` (whole labels) that is an apex; empty when there is none.
std::string_view ZoneOf(std::string_view name, const std::unordered_set<std::string_view>& apexes) {
  for (;;) {
    if (apexes.contains(name)) return name;
    const size_t step = name.empty() ? 1 : static_cast<uint8_t>(name[0]) + size_t{1};
    if (step == 1 || step >= name.size()) return {};
    name.remove_prefix(step);
  }
}

absl::Status Refused(std::string_view where, const std::string& error) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(where), ": the table does not take it: ", error));
}

// Most names of large zones have one record set each.
size_t RecordSetsOf(const DesiredState& state) {
  size_t sets = 0;
  for (const Zone& zone : state.zones) sets += zone.records.size();
  for (const FailoverGroup& group : state.groups) sets += group.records.size();
  return sets;
}

absl::Status AddZones(const DesiredState& state, contract::TableWriter& writer) {
  for (const Zone& zone : state.zones) {
    if (!writer.AddZone(zone.apex)) return Refused(zone.file, "the zone is given twice");
  }
  for (const Zone& zone : state.zones) {
    for (const ZoneRecord& record : zone.records) {
      std::string error = writer.Add(
          zone.apex, {.owner = record.owner, .type = record.type, .sides = {record.value}});
      if (!error.empty()) return Refused(zone.file, error);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddContents(const DesiredState& state, contract::TableWriter& writer) {
  writer.Reserve(RecordSetsOf(state));
  if (absl::Status status = AddZones(state, writer); !status.ok()) return status;
  std::unordered_set<std::string_view> apexes;
  for (const Zone& zone : state.zones) apexes.insert(zone.apex);
  for (const FailoverGroup& group : state.groups) {
    const bool with_all = group.policy.all_down == AllDown::kAll;
    const size_t sides = group.tiers.size() + (with_all ? 1 : 0);
    const uint32_t index = writer.AddGroup(group.name, static_cast<uint8_t>(sides));
    for (const GroupRecord& record : group.records) {
      std::vector<contract::Side> values = record.sides;
      if (with_all) values.push_back(AllSidesOf(record));
      std::string error = writer.Add(
          ZoneOf(record.owner, apexes),
          {.owner = record.owner, .type = record.type, .group = index, .sides = std::move(values)});
      if (!error.empty()) return Refused(absl::StrCat("failover_groups.", group.name), error);
    }
  }
  return absl::OkStatus();
}

}  // namespace understudy::control
