#include "control/config/self_doubt.h"

#include <optional>
#include <string>

#include "control/config/section.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr absl::Duration kMinWindow = absl::Seconds(1);
constexpr absl::Duration kMaxWindow = absl::Minutes(10);
constexpr absl::Duration kMaxRelease = absl::Hours(24);
constexpr int64_t kMaxChecks = 1'000'000;

}  // namespace

SelfDoubt ReadSelfDoubt(const YamlValue& value, const HealthChecks& checks, Findings* findings) {
  SelfDoubt read;
  Section section(value, "self_doubt", findings);
  if (const YamlValue* canaries = section.Take("canaries")) {
    for (const YamlValue* element : ElementsOf(*canaries, "self_doubt.canaries", findings)) {
      if (checks.checks.contains(element->text)) {
        read.canaries.push_back(element->text);
      } else {
        findings->Error(element->line, "self_doubt.canaries",
                        Quoted(element->text) + " is no health check of this file");
      }
    }
  }
  read.mass_failure_percent =
      static_cast<uint32_t>(section.Number("mass_failure_percent", 1, 99).value_or(0));
  read.window = section.Duration("window", kMinWindow, kMaxWindow).value_or(read.window);
  read.at_least = static_cast<uint32_t>(
      section.Number("at_least", 1, kMaxChecks).value_or(int64_t{read.at_least}));
  read.release_after =
      section.Duration("release_after", kMinWindow, kMaxRelease).value_or(read.release_after);
  if (section.IsMap() && read.canaries.empty() && !section.Has("canaries") &&
      !section.Has("mass_failure_percent")) {
    findings->Error(value.line, "self_doubt",
                    "says neither canaries nor mass_failure_percent: nothing would be doubted");
  }
  section.RefuseUnknown();
  return read;
}

}  // namespace understudy::control
