#include "control/config/instance_name.h"

#include <exception>

#include "control/config/document.h"
#include "control/config/yaml_events.h"
#include "control/zone/text_file.h"

namespace understudy::control {
namespace {

// Whether `event` begins a value, or is one.
bool IsValue(const yaml_event_t& event) {
  return event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
         event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
}

// What `event` does to the depth of those that follow.
int StepOf(const yaml_event_t& event) {
  if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT) return 1;
  if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) return -1;
  return 0;
}

std::string Find(YamlEvents& events) {
  std::string key;
  bool is_key = true;  // at depth 1 every other value is one
  int depth = 0;
  for (const yaml_event_t* event = events.Next();
       event != nullptr && event->type != YAML_DOCUMENT_END_EVENT &&
       event->type != YAML_STREAM_END_EVENT;
       event = events.Next()) {
    if (depth == 1 && IsValue(*event)) {
      const std::string_view scalar = event->type == YAML_SCALAR_EVENT ? TextOf(*event) : "";
      if (!is_key && key == "instance") return std::string(scalar);
      if (is_key) key = scalar;
      is_key = !is_key;
    }
    depth += StepOf(*event);
  }
  return "";  // also when it is broken before it: whoever reads all of it tells how
}

}  // namespace

std::optional<std::string> InstanceNamedIn(std::string_view text) {
  try {
    YamlEvents events(text);
    std::string name = Find(events);
    if (name.empty() && events.readable().size() < text.size()) {
      YamlEvents before(events.readable());
      name = Find(before);
    }
    return name.empty() ? std::nullopt : std::optional(std::move(name));
  } catch (const std::exception&) {  // there is no memory
    return std::nullopt;
  }
}

std::optional<std::string> InstanceNamedInFile(const std::string& path) {
  std::string text;
  if (!ReadTextFile(path, kMaxConfigOctets, &text).empty()) return std::nullopt;
  return InstanceNamedIn(text);
}

}  // namespace understudy::control
