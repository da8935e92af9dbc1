#include "control/config/zones.h"

#include <map>
#include <optional>
#include <utility>

#include "control/config/section.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// Errors of the file as a whole that come from not having it are told where it is named.
Zone LoadZone(const std::string& file, FileSource& files, const std::string& apex, Section* section,
              Findings* findings) {
  const std::string path = files.PlaceOf(file);
  std::string text;
  if (const std::string wrong = files.Read(file, kMaxZoneFileOctets, &text); !wrong.empty()) {
    section->Error("file", path + " " + wrong);
    return {apex, path, {}};
  }
  ZoneFileResult result = ReadZoneText(text, path, apex);
  for (ZoneFileError& error : result.errors) {
    findings->ErrorIn(path, error.line, std::move(error.message));
  }
  for (ZoneFileError& warning : result.warnings) {
    findings->WarnIn(path, warning.line, std::move(warning.message));
  }
  return std::move(result.zone);
}

}  // namespace

Zones ReadZones(const YamlValue& value, FileSource& files, Findings* findings) {
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
    read.zones.push_back(LoadZone(*file, files, *apex, &section, findings));
  }
  return read;
}

}  // namespace understudy::control
