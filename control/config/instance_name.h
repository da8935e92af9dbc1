// Which instance a configuration is of, without reading the rest of it.
//
// Used by: main, which has to find the state of the instance before it knows whether this file will
// be served at all.
#ifndef UNDERSTUDY_CONTROL_CONFIG_INSTANCE_NAME_H_
#define UNDERSTUDY_CONTROL_CONFIG_INSTANCE_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace understudy::control {

// The value of the key `instance` at the top of the YAML `text`. Nothing when there is none, or
// when the text is broken before it; errors behind it are not seen.
std::optional<std::string> InstanceNamedIn(std::string_view text);
// The same of a file; nothing when it cannot be read.
std::optional<std::string> InstanceNamedInFile(const std::string& path);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_INSTANCE_NAME_H_
