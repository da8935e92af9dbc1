#include "control/config/groups.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "control/config/group_record.h"
#include "control/config/section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr absl::Duration kMaxHoldDown = absl::Hours(24);
constexpr absl::Duration kMaxHalfLife = absl::Hours(24);
constexpr size_t kMaxLabels = 64;

// In the order of AllDown.
const std::vector<std::string_view> kAllDownWords = {"primary",  "secondary", "last_good", "all",
                                                     "servfail", "refused",   "nodata"};

// Choices that are no sides, and keys of a record.
constexpr std::array<std::string_view, 11> kReservedNames = {
    "primary", "secondary", "all", "servfail", "refused",  "nodata",
    "name",    "type",      "ttl", "group",    "last_good"};

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
    ReadFurther();
    ReadFailback();
    if (const std::optional<size_t> all_down = section_.Choice("all_down", kAllDownWords)) {
      group_.policy.all_down = static_cast<AllDown>(*all_down);
    }
    group_.labels = ReadLabels(section_, path_ + ".labels");
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
    Tier& tier = group_.tiers.emplace_back();
    tier.name = "primary";
    tier.check = "";
    const YamlValue* value = section_.Take("primary");
    if (value == nullptr) {
      section_.Require("primary", kWhy);
      return;
    }
    Section primary(*value, path_ + ".primary", findings_);
    primary.Require("health_check", kWhy);
    ReadTier(primary, path_ + ".primary", tier);
    if (!tier.check) tier.check = "";  // told; a primary always has one
  }

  void ReadSecondary() {
    Tier& tier = group_.tiers.emplace_back();
    tier.name = "secondary";
    const YamlValue* value = section_.Take("secondary");
    if (value == nullptr) return;
    Section secondary(*value, path_ + ".secondary", findings_);
    ReadTier(secondary, path_ + ".secondary", tier);
    if (tier.check && tier.check == group_.tiers.front().check) {
      secondary.Warn("health_check",
                     "is the primary's own: when the primary fails so does the secondary, and with "
                     "both down the primary is answered. The secondary never will be");
    }
  }

  void ReadFurther() {
    const YamlValue* value = section_.Take("further");
    if (value == nullptr) return;
    const std::vector<const YamlValue*> elements =
        ElementsOf(*value, path_ + ".further", findings_);
    if (group_.tiers.size() + elements.size() > kMaxTiers) {
      section_.Error("further", "has more than " + std::to_string(kMaxTiers - 2) + " sides");
      return;
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      const std::string path = path_ + ".further[" + std::to_string(i) + "]";
      Section further(*elements[i], path, findings_);
      Tier tier;
      further.Require("name", "records name their values by it");
      tier.name = further.Text("name").value_or("");
      RefuseName(further, tier.name);
      ReadTier(further, path, tier);
      group_.tiers.push_back(std::move(tier));
    }
  }

  // Names of sides are keys of records and words of the CLI.
  void RefuseName(Section& section, const std::string& name) {
    if (!section.Has("name")) return;
    const bool sound = !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
      return absl::ascii_islower(static_cast<unsigned char>(c)) ||
             absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    });
    if (!sound) {
      section.Error("name", Quoted(name) + " is not 1 to 32 of a-z, 0-9, '_', '-'");
    } else if (std::ranges::find(kReservedNames, name) != kReservedNames.end()) {
      section.Error("name", Quoted(name) + " has a meaning of its own; choose another name");
    } else if (std::ranges::find(group_.tiers, name, &Tier::name) != group_.tiers.end()) {
      section.Error("name", Quoted(name) + " is there twice");
    }
  }

  void ReadTier(Section& section, const std::string& path, Tier& tier) {
    tier.check = ReadCheck(&section);
    tier.labels = ReadLabels(section, path + ".labels");
    section.RefuseUnknown();
  }

  Labels ReadLabels(Section& section, const std::string& path) {
    Labels labels;
    const YamlValue* value = section.Take("labels");
    if (value == nullptr) return labels;
    for (const MapEntry& entry : NamedEntriesOf(*value, path, findings_)) {
      const std::string& text = entry.value->text;
      if (entry.value->kind != YamlValue::Kind::kText || text.empty() || text.size() > 64) {
        findings_->Error(entry.line, path + "." + std::string(entry.key),
                         "must be a text of 1 to 64 octets");
      }
      labels.emplace(entry.key, text);
    }
    if (labels.size() > kMaxLabels) section.Error("labels", "are more than 64");
    return labels;
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
    Failback& read = group_.policy.failback;
    Section failback(*value, path_ + ".failback", findings_);
    if (failback.Choice("mode", {"automatic", "manual"}) == 1) read.mode = FailbackMode::kManual;
    read.hold_down = failback.Duration("hold_down", absl::ZeroDuration(), kMaxHoldDown)
                         .value_or(absl::ZeroDuration());
    if (read.mode == FailbackMode::kManual && failback.Has("hold_down")) {
      failback.Warn("hold_down", "has no meaning while failback is manual");
    }
    ReadDamping(failback, read.damping);
    failback.RefuseUnknown();
  }

  void ReadDamping(Section& failback, Damping& damping) {
    const YamlValue* value = failback.Take("damping");
    if (value == nullptr) return;
    Section section(*value, path_ + ".failback.damping", findings_);
    damping.start =
        section.Duration("start", absl::Milliseconds(100), kMaxHoldDown).value_or(damping.start);
    damping.max = section.Duration("max", absl::ZeroDuration(), kMaxHoldDown).value_or(damping.max);
    damping.half_life =
        section.Duration("half_life", absl::Seconds(1), kMaxHalfLife).value_or(damping.half_life);
    if (damping.max != absl::ZeroDuration() && damping.max < damping.start) {
      section.Error("max", "is below start; 0s turns damping off");
    }
    section.RefuseUnknown();
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
      std::optional<GroupRecord> record = ReadGroupRecord(*elements[i], path, group_, findings_);
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
