#include "control/config/health_checks.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/config/check_section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxCommandParts = 64;
constexpr size_t kMaxCommandText = 4096;
constexpr size_t kMaxHintNames = 1000;
constexpr size_t kMaxChildren = 256;          // Route 53: 255 by quota, 256 by its model
constexpr int64_t kMaxHealthThreshold = 256;  // Route 53
constexpr absl::Duration kMinExpiry = absl::Seconds(1);
constexpr absl::Duration kMaxExpiry = absl::Hours(24 * 7);

// Where a calculated check names a child: checked when all checks are read.
struct ChildPlace {
  std::string parent;
  std::string child;
  int line = 0;
};

// One health check, from its section to its value.
class CheckReader {
 public:
  CheckReader(const MapEntry& entry, bool allow_private_addresses, Findings* findings)
      : section_(*entry.value, "health_checks." + std::string(entry.key), findings, entry.line),
        findings_(findings) {
    check_.name = entry.key;
    check_.allow_private_addresses = allow_private_addresses;
  }

  HealthCheck Read(std::vector<ChildPlace>* places) {
    ReadType();
    ReadEndpoint(&section_, &check_);
    ReadHttpExpectation(&section_, &check_, findings_);
    ReadDnsExpectation(&section_, &check_, findings_);
    ReadCommand();
    ReadPush();
    ReadChildren(places);
    ReadCheckRhythm(&section_, &check_);
    section_.RefuseUnknown();
    return std::move(check_);
  }

 private:
  void ReadType() {
    static const std::vector<std::string_view> kWords(std::begin(kCheckTypeWords),
                                                      std::end(kCheckTypeWords));
    if (!section_.Has("type")) {
      std::string all;
      for (const std::string_view word : kWords) {
        all += (all.empty() ? "one of " : ", ") + std::string(word);
      }
      section_.Require("type", all);
    }
    const std::optional<size_t> choice = section_.Choice("type", kWords);
    if (!choice) return;
    check_.type = static_cast<CheckType>(*choice);
    section_.SetType(check_.type);
  }

  // The texts of the list under `key`; each that is none, or not sound, is told.
  std::vector<std::pair<std::string, int>> TextsOf(std::string_view key) {
    const std::string path = section_.PathOf(key);
    std::vector<std::pair<std::string, int>> texts;
    for (const YamlValue* element : ElementsOf(*section_.Take(key), path, findings_)) {
      if (element->kind == YamlValue::Kind::kText) {
        texts.emplace_back(element->text, element->line);
      } else {
        findings_->Error(element->line, path,
                         "must be single values, and has " + std::string(KindText(*element)));
      }
    }
    return texts;
  }

  void ReadCommand() {
    if (section_.Is(kExecKind)) section_.Require("command", "the program that is run, as a list");
    if (!section_.Reads("command", kExecKind)) return;
    for (auto& [text, line] : TextsOf("command")) {
      if (text.size() > kMaxCommandText || text.find('\0') != std::string::npos) {
        findings_->Error(line, section_.PathOf("command"),
                         Quoted(text) + " is longer than 4096 octets, or has a zero octet");
      }
      check_.command.push_back(std::move(text));
    }
    if (section_.Take("command")->kind != YamlValue::Kind::kList) return;
    if (check_.command.empty() || check_.command.size() > kMaxCommandParts) {
      section_.Error("command", "must have 1 to 64 elements: a program and its arguments");
    } else if (check_.command[0].substr(0, 1) != "/") {
      section_.Error("command", Quoted(check_.command[0]) +
                                    " is not the absolute path of a program; no shell and no PATH "
                                    "are used");
    }
  }

  void ReadPush() {
    if (section_.Is(kPushKind)) {
      section_.Require("expiry", "how long a reported state counts when nothing follows");
    }
    if (section_.Reads("expiry", kPushKind)) {
      check_.expiry =
          section_.Duration("expiry", kMinExpiry, kMaxExpiry).value_or(absl::ZeroDuration());
    }
    if (section_.Reads("on_expiry", kPushKind)) {
      // In the order of OnExpiry.
      const std::optional<size_t> choice =
          section_.Choice("on_expiry", {"unhealthy", "healthy", "last_known"});
      if (choice) check_.on_expiry = static_cast<OnExpiry>(*choice);
    }
  }

  void ReadChildren(std::vector<ChildPlace>* places) {
    if (section_.Is(kCalculatedKind)) {
      section_.Require("children", "the checks whose health is counted");
      section_.Require("health_threshold", "how many children must be healthy");
    }
    std::optional<int64_t> threshold;
    if (section_.Reads("health_threshold", kCalculatedKind,
                       "only calculated health checks can have a health threshold specified")) {
      threshold = section_.Number("health_threshold", 0, kMaxHealthThreshold);
      check_.health_threshold = static_cast<uint32_t>(threshold.value_or(0));
    }
    if (!section_.Reads("children", kCalculatedKind,
                        "only calculated health checks can have child health checks specified")) {
      return;
    }
    for (auto& [text, line] : TextsOf("children")) {
      if (std::find(check_.children.begin(), check_.children.end(), text) !=
          check_.children.end()) {
        findings_->Error(line, section_.PathOf("children"), Quoted(text) + " is there twice");
        continue;
      }
      if (section_.type().has_value()) places->push_back({check_.name, text, line});
      check_.children.push_back(std::move(text));
    }
    if (section_.Take("children")->kind != YamlValue::Kind::kList) return;
    CheckCount(threshold);
  }

  void CheckCount(std::optional<int64_t> threshold) {
    const size_t count = check_.children.size();
    if (count == 0 || count > kMaxChildren) {
      section_.Error("children", "has " + std::to_string(count) + "; 1 to 256 are allowed");
    } else if (threshold && static_cast<size_t>(*threshold) > count) {
      section_.Warn("health_threshold", "is more than there are children (" +
                                            std::to_string(count) +
                                            "): the check is always unhealthy");
    } else if (threshold && *threshold == 0) {
      section_.Warn("health_threshold", "is 0: the check is always healthy");
    }
  }

  CheckSection section_;
  Findings* findings_;
  HealthCheck check_;
};

// Looking through a hundred thousand names for each of many errors would take minutes.
std::string HintFor(const std::string& child, const HealthChecks& read) {
  if (read.checks.size() > kMaxHintNames) return {};
  std::vector<std::string_view> known;
  for (const auto& [name, check] : read.checks) known.push_back(name);
  return DidYouMean(child, known);
}

// Route 53 says the same of a child that is not there and of one that is calculated.
void CheckChildren(const std::vector<ChildPlace>& places, const HealthChecks& read,
                   Findings* findings) {
  for (const ChildPlace& place : places) {
    const std::string path = "health_checks." + place.parent + ".children";
    const auto found = read.checks.find(place.child);
    if (found == read.checks.end()) {
      findings->Error(
          place.line, path,
          Quoted(place.child) + " is no health check of this file" + HintFor(place.child, read));
    } else if (found->second.type == CheckType::kCalculated) {
      findings->Error(place.line, path,
                      Quoted(place.child) + " is a calculated check itself: a child must not be");
    }
  }
}

}  // namespace

HealthChecks ReadHealthChecks(const YamlValue& value, bool allow_private_addresses,
                              Findings* findings) {
  HealthChecks read;
  std::vector<ChildPlace> places;
  for (const MapEntry& entry : NamedEntriesOf(value, "health_checks", findings)) {
    HealthCheck check = CheckReader(entry, allow_private_addresses, findings).Read(&places);
    read.lines[check.name] = entry.line;
    read.checks.emplace(check.name, std::move(check));
  }
  CheckChildren(places, read, findings);
  return read;
}

}  // namespace understudy::control
