// The configuration file: YAML and the master files it names, to DesiredState or to every error in
// them.
//
// Used by: control's main and its reload, engine/application, `understudy-control --check`, the
// fuzz target.
#ifndef UNDERSTUDY_CONTROL_CONFIG_CONFIG_H_
#define UNDERSTUDY_CONTROL_CONFIG_CONFIG_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/configuration.h"
#include "control/config/desired_state.h"
#include "control/config/file_source.h"

namespace understudy::control {

struct ConfigError {
  std::string file;
  int line = 0;         // 1-based; 0 when the file as a whole is meant
  std::string field;    // "health_checks.eu.interval"; empty for syntax errors
  std::string message;  // what is wrong, and the allowed values

  std::string Text() const;  // "file:line: field: message"
};

struct ConfigResult {
  std::unique_ptr<const DesiredState> state;  // null when there is any error
  std::vector<ConfigError> errors;            // all of them, in the order of the files
  std::vector<ConfigError> warnings;          // worth telling, but served all the same
};

// Reads `path` and the master files named in it (relative to its folder), and keeps their texts in
// the state's `configuration`.
ConfigResult LoadConfig(const std::string& path);
// The same over texts in memory; `path` is what the YAML is called. `texts`, if set, is called when
// all is read and good, and gives the state's `configuration`.
using TextsOf = std::function<std::shared_ptr<const Configuration>()>;
ConfigResult ParseConfig(std::string_view text, const std::string& path, FileSource& files,
                         const TextsOf& texts = nullptr);
// With zone files below `folder`. For tests and fuzzing.
ConfigResult ParseConfig(std::string_view text, const std::string& path, const std::string& folder);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_CONFIG_H_
