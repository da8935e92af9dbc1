#include "control/config/config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "control/config/document.h"
#include "control/config/findings.h"
#include "control/config/groups.h"
#include "control/config/health_checks.h"
#include "control/config/placement.h"
#include "control/config/section.h"
#include "control/config/self_doubt.h"
#include "control/config/zones.h"
#include "control/zone/name.h"
#include "control/zone/text_file.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxInstanceName = 64;

// The rule of contract::PathsOf: the name becomes a folder.
bool IsInstanceName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxInstanceName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

void ReadInstance(Section* top, DesiredState* state) {
  top->Require("instance", "it names the shared memory of this node");
  const std::optional<std::string> name = top->Text("instance");
  if (!name) return;
  state->instance = *name;
  if (!IsInstanceName(*name)) {
    top->Error("instance", Quoted(*name) + " is not 1 to 64 of a-z, 0-9 and '-'");
  }
}

void ReadStalePolicy(Section* top, DesiredState* state) {
  using contract::StalePolicy;
  constexpr std::array kPolicies{StalePolicy::kFrozen, StalePolicy::kPrimary,
                                 StalePolicy::kServfail};
  const std::optional<size_t> choice =
      top->Choice("stale_policy", {"frozen", "primary", "servfail"});
  if (choice) state->stale_policy = kPolicies[*choice];
}

void WarnOfUnused(const HealthChecks& checks, const std::vector<FailoverGroup>& groups,
                  const SelfDoubt& self_doubt, Findings* findings) {
  std::set<std::string> used(self_doubt.canaries.begin(), self_doubt.canaries.end());
  for (const auto& [name, check] : checks.checks) {
    used.insert(check.children.begin(), check.children.end());
  }
  for (const FailoverGroup& group : groups) {
    for (const Tier& tier : group.tiers) {
      if (tier.check) used.insert(*tier.check);
    }
  }
  for (const auto& [name, line] : checks.lines) {
    if (used.contains(name)) continue;
    findings->Warn(line, "health_checks." + name, "is used by no failover group");
  }
}

void ReadTop(const YamlValue& root, FileSource& files, DesiredState* state, Findings* findings) {
  Section top(root, "", findings);
  ReadInstance(&top, state);
  ReadStalePolicy(&top, state);
  top.Require("zones", "what this node serves");
  Zones zones;
  zones.complete = top.Has("zones");
  HealthChecks checks;
  Groups groups;
  if (const YamlValue* value = top.Take("zones")) {
    zones = ReadZones(*value, files, findings);
    if (value->kind == YamlValue::Kind::kList && value->children.empty()) {
      top.Error("zones", "is empty: this node would serve nothing");
    }
  }
  state->allow_private_addresses = top.YesNo("allow_private_addresses").value_or(true);
  if (const YamlValue* value = top.Take("health_checks")) {
    checks = ReadHealthChecks(*value, state->allow_private_addresses, findings);
  }
  if (const YamlValue* value = top.Take("failover_groups")) {
    groups = ReadGroups(*value, checks.lines, findings);
  }
  if (const YamlValue* value = top.Take("self_doubt")) {
    state->self_doubt = ReadSelfDoubt(*value, checks, findings);
  }
  top.RefuseUnknown();
  CheckPlacement(zones, groups, findings);
  WarnOfUnused(checks, groups.groups, state->self_doubt, findings);
  WarnOfFeedback(checks, groups.groups, findings);
  state->zones = std::move(zones.zones);
  state->health_checks = std::move(checks.checks);
  state->groups = std::move(groups.groups);
}

}  // namespace

std::string ConfigError::Text() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (!field.empty()) text += ": " + field;
  return text + ": " + message;
}

ConfigResult ParseConfig(std::string_view text, const std::string& path, FileSource& files,
                         const TextsOf& texts) {
  Findings findings(path);
  auto state = std::make_unique<DesiredState>();
  state->config_file = path;
  const YamlDocument document = ParseYaml(text);
  if (document.root == nullptr) {
    findings.Error(document.error_line, "", document.error);
  } else {
    ReadTop(*document.root, files, state.get(), &findings);
  }
  ConfigResult result;
  result.errors = findings.TakeErrors();
  result.warnings = findings.TakeWarnings();
  if (!result.errors.empty()) return result;
  if (texts) state->configuration = texts();
  result.state = std::move(state);
  return result;
}

ConfigResult ParseConfig(std::string_view text, const std::string& path,
                         const std::string& folder) {
  DiskFiles files(folder);
  return ParseConfig(text, path, files);
}

ConfigResult LoadConfig(const std::string& path) {
  std::string text;
  if (std::string wrong = ReadTextFile(path, kMaxConfigOctets, &text); !wrong.empty()) {
    ConfigResult result;
    result.errors.push_back({path, 0, "", std::move(wrong)});
    return result;
  }
  TextsPacker packer;
  packer.AddYaml(text);
  DiskFiles files(FolderOf(path), &packer);
  return ParseConfig(text, path, files, [&] {
    Configuration configuration = packer.Take();
    configuration.file = path;
    configuration.at = absl::Now();
    return std::make_shared<const Configuration>(std::move(configuration));
  });
}

}  // namespace understudy::control
