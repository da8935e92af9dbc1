// Collects what is wrong in a configuration, so that one run tells all of it.
//
// Used by: the readers of this folder.
#ifndef UNDERSTUDY_CONTROL_CONFIG_FINDINGS_H_
#define UNDERSTUDY_CONTROL_CONFIG_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "control/config/config.h"

namespace understudy::control {

class Findings {
 public:
  explicit Findings(std::string file) : file_(std::move(file)) {}

  // Of the configuration file itself.
  void Error(int line, std::string field, std::string message);
  void Warn(int line, std::string field, std::string message);
  // Of a file it names; told after its own.
  void ErrorIn(const std::string& file, int line, std::string message);
  void WarnIn(const std::string& file, int line, std::string message);

  // Everything, the configuration file's own first and by line.
  std::vector<ConfigError> TakeErrors() { return errors_.Take(); }
  std::vector<ConfigError> TakeWarnings() { return warnings_.Take(); }

 private:
  // The first thousand of the configuration are enough for anybody to see what is wrong with it.
  // Each master file has that many at most too; all of them together ten thousand.
  struct List {
    void Add(ConfigError finding);
    void AddOther(ConfigError finding);
    std::vector<ConfigError> Take();
    std::vector<ConfigError> own;  // by line
    std::vector<ConfigError> others;
    size_t left_out = 0;
    size_t others_left_out = 0;
  };

  std::string file_;
  List errors_;
  List warnings_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_FINDINGS_H_
