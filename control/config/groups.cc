#include "control/config/groups.h"

#include <optional>
#include <string_view>
#include <utility>

#include "control/config/group_record.h"
#include "control/config/section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr absl::Duration kMaxHoldDown = absl::Hours(24);

class GroupReader {
 public:
  GroupReader(const MapEntry& entry, const std::map<std::string, int>& checks, Findings* findings)
      : path_("failover_groups." + std::string(entry.key)),
        section_(*entry.value, path_, findings, entry.line),
        checks_(checks),
        findings_(findings) {
    group_.name = entry.key;
  }

  void Read(Groups* groups) {
    ReadPrimary();
    ReadSecondary();
    ReadFailback();
    // One word today; `allowed` in its error says so.
    section_.Choice("all_down", {"primary"});
    ReadRecords();
    section_.RefuseUnknown();
    groups->groups.push_back(std::move(group_));
    groups->places.push_back(std::move(places_));
  }

 private:
  void ReadPrimary() {
    constexpr std::string_view kWhy =
        "the primary of a group needs a health check: without one nothing would ever say that it "
        "failed, and the secondary would never be answered";
    const YamlValue* value = section_.Take("primary");
    if (value == nullptr) {
      section_.Require("primary", kWhy);
      return;
    }
    Section primary(*value, path_ + ".primary", findings_);
    primary.Require("health_check", kWhy);
    group_.primary_check = ReadCheck(&primary).value_or("");
    primary.RefuseUnknown();
  }

  void ReadSecondary() {
    const YamlValue* value = section_.Take("secondary");
    if (value == nullptr) return;
    Section secondary(*value, path_ + ".secondary", findings_);
    group_.secondary_check = ReadCheck(&secondary);
    secondary.RefuseUnknown();
    if (group_.secondary_check && *group_.secondary_check == group_.primary_check) {
      secondary.Warn("health_check",
                     "is the primary's own: when the primary fails so does the secondary, and with "
                     "both down the primary is answered. The secondary never will be");
    }
  }

  std::optional<std::string> ReadCheck(Section* side) {
    std::optional<std::string> name = side->Text("health_check");
    if (!name || checks_.find(*name) != checks_.end()) return name;
    std::vector<std::string_view> known;
    for (const auto& [check, line] : checks_) known.push_back(check);
    std::string message = Quoted(*name) + " is no health check of this file";
    if (known.empty()) message += ": it has none";
    side->Error("health_check", message + DidYouMean(*name, known));
    return name;
  }

  void ReadFailback() {
    const YamlValue* value = section_.Take("failback");
    if (value == nullptr) return;
    Section failback(*value, path_ + ".failback", findings_);
    failback.Choice("mode", {"automatic"});
    group_.hold_down = failback.Duration("hold_down", absl::ZeroDuration(), kMaxHoldDown)
                           .value_or(absl::ZeroDuration());
    failback.RefuseUnknown();
  }

  void ReadRecords() {
    const YamlValue* value = section_.Take("records");
    if (value == nullptr) {
      section_.Require("records", "a group is the records that fail over together");
      return;
    }
    const std::vector<const YamlValue*> elements =
        ElementsOf(*value, path_ + ".records", findings_);
    if (value->kind == YamlValue::Kind::kList && elements.empty()) {
      section_.Error("records", "is empty: a group is the records that fail over together");
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      std::string path = path_ + ".records[" + std::to_string(i) + "]";
      std::optional<GroupRecord> record =
          ReadGroupRecord(*elements[i], path, group_.name, findings_);
      if (!record) continue;
      group_.records.push_back(*std::move(record));
      places_.push_back({elements[i]->line, std::move(path)});
    }
  }

  std::string path_;
  Section section_;
  const std::map<std::string, int>& checks_;
  Findings* findings_;
  FailoverGroup group_;
  std::vector<RecordPlace> places_;
};

}  // namespace

Groups ReadGroups(const YamlValue& value, const std::map<std::string, int>& check_lines,
                  Findings* findings) {
  Groups groups;
  for (const MapEntry& entry : NamedEntriesOf(value, "failover_groups", findings)) {
    GroupReader(entry, check_lines, findings).Read(&groups);
  }
  return groups;
}

}  // namespace understudy::control
