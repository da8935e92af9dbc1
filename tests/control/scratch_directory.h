// A directory that is gone with the test.
#ifndef UNDERSTUDY_TESTS_CONTROL_SCRATCH_DIRECTORY_H_
#define UNDERSTUDY_TESTS_CONTROL_SCRATCH_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace understudy {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "understudy-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace understudy

#endif  // UNDERSTUDY_TESTS_CONTROL_SCRATCH_DIRECTORY_H_
