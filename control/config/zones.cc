#include "control/config/zones.h"

#include <map>
#include <optional>
#include <utility>

#include "control/config/section.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

std::string Below(const std::string& folder, const std::string& file) {
  if (folder.empty() || file.substr(0, 1) == "/") return file;
  return folder.back() == '/' ? folder + file : folder + "/" + file;
}

// Errors of the file as a whole that come from not having it are told where it is named.
Zone LoadZone(const std::string& path, const std::string& apex, Section* section,
              Findings* findings) {
  ZoneFileResult result = ReadZoneFile(path, apex);
  if (result.unreadable) {
    section->Error("file", path + " " + result.errors[0].message);
    return std::move(result.zone);
  }
  for (ZoneFileError& error : result.errors) {
    findings->ErrorIn(path, error.line, std::move(error.message));
  }
  for (ZoneFileError& warning : result.warnings) {
    findings->WarnIn(path, warning.line, std::move(warning.message));
  }
  return std::move(result.zone);
}

}  // namespace

Zones ReadZones(const YamlValue& value, const std::string& folder, Findings* findings) {
  Zones read;
  std::map<std::string, int> lines;  // by apex
  size_t index = 0;
  for (const YamlValue* element : ElementsOf(value, "zones", findings)) {
    Section section(*element, "zones[" + std::to_string(index++) + "]", findings);
    section.Require("name");
    section.Require("file", "the master file of the zone");
    const std::optional<std::string> name = section.Text("name");
    const std::optional<std::string> file = section.Text("file");
    section.RefuseUnknown();
    const absl::StatusOr<std::string> apex =
        name ? NameToWire(*name) : absl::InvalidArgumentError("");
    if (!apex.ok()) {
      read.complete = false;
      if (name) section.Error("name", std::string(apex.status().message()));
      continue;
    }
    const auto [first, is_new] = lines.emplace(*apex, element->line);
    if (!is_new) {
      section.Error("name", NameToText(*apex) + " is there twice, first on line " +
                                std::to_string(first->second));
      continue;
    }
    if (file && file->empty()) section.Error("file", "is empty");
    if (!file || file->empty()) {
      read.zones.push_back({*apex, "", {}});
      continue;
    }
    read.zones.push_back(LoadZone(Below(folder, *file), *apex, &section, findings));
  }
  return read;
}

}  // namespace understudy::control
