// A folder of its own for a test, with master files in it, and configurations read there.
//
// Used by: the tests of this folder.
#ifndef UNDERSTUDY_TESTS_CONTROL_CONFIG_CONFIG_FOLDER_H_
#define UNDERSTUDY_TESTS_CONTROL_CONFIG_CONFIG_FOLDER_H_

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "control/config/config.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {

class ConfigFolder : public testing::Test {
 protected:
  using List = std::vector<std::string>;

  ConfigFolder() { WriteZone("example.com.zone", ""); }

  void Write(const std::string& file, const std::string& text) const {
    std::ofstream(folder_ + "/" + file, std::ios::binary) << text;
  }
  // A master file with what every zone needs on lines 1 to 3, then `text`.
  void WriteZone(const std::string& file, const std::string& text) const {
    Write(file, "$TTL 300\n@ SOA a.invalid. b.invalid. 1 2 3 4 5\n@ NS a.invalid.\n" + text);
  }

  ConfigResult Parse(const std::string& text) const { return ParseConfig(text, "u.yaml", folder_); }
  // What is said, without the folder's own path.
  List Texts(const std::vector<ConfigError>& findings) const {
    List texts;
    for (const ConfigError& finding : findings) {
      std::string text = finding.Text();
      for (size_t at; (at = text.find(folder_ + "/")) != std::string::npos;) {
        text.erase(at, folder_.size() + 1);
      }
      texts.push_back(text);
    }
    return texts;
  }
  List ErrorsOf(const std::string& text) const {
    const ConfigResult result = Parse(text);
    EXPECT_EQ(result.state == nullptr, !result.errors.empty());
    return Texts(result.errors);
  }
  List WarningsOf(const std::string& text) const {
    const ConfigResult result = Parse(text);
    EXPECT_EQ(Texts(result.errors), List{});
    return Texts(result.warnings);
  }

  ScratchDirectory scratch_;
  const std::string folder_ = scratch_.path();
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_CONFIG_CONFIG_FOLDER_H_
