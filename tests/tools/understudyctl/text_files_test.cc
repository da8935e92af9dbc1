#include "tools/understudyctl/text_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/control/scratch_directory.h"

namespace understudy::ctl {
namespace {

class TextFilesTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return scratch_.path() + "/" + name; }
  size_t Files() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch_.path())) {
      files += entry.is_regular_file() ? 1 : 0;
    }
    return files;
  }

  ScratchDirectory scratch_;
  std::string text_;
};

TEST_F(TextFilesTest, WhatIsWrittenIsReadOctetForOctetAndItsFoldersAreMade) {
  std::string octets(200'000, '\0');
  for (size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(i * 7);
  EXPECT_EQ(WriteText(Path("a/b/zone"), octets), "");
  EXPECT_EQ(ReadText(Path("a/b/zone"), octets.size(), &text_), "");
  EXPECT_EQ(text_, octets);
  EXPECT_EQ(WriteText(Path("a/b/zone"), "new"), "");
  EXPECT_EQ(ReadText(Path("a/b/zone"), 3, &text_), "");
  EXPECT_EQ(text_, "new");
  EXPECT_EQ(Files(), 1u) << "nothing unfinished is left";
}

TEST_F(TextFilesTest, WhatIsTooLargeOrNoFileIsSaidToBeSo) {
  ASSERT_EQ(WriteText(Path("zone"), "1234"), "");
  EXPECT_EQ(ReadText(Path("zone"), 3, &text_), "is larger than 3 octets");
  EXPECT_EQ(ReadText(scratch_.path(), 3, &text_), "is a folder");
  EXPECT_EQ(ReadText(Path("none"), 3, &text_), "cannot be opened: No such file or directory");
}

TEST_F(TextFilesTest, AFileThatCannotBeReplacedStaysAndNothingUnfinishedIsLeft) {
  ASSERT_EQ(WriteText(Path("folder/inside"), "kept"), "");
  EXPECT_TRUE(WriteText(Path("folder"), "new").starts_with("cannot be written: "));
  EXPECT_TRUE(WriteText(Path("folder/inside/below"), "new").starts_with("cannot be written: "));
  EXPECT_EQ(ReadText(Path("folder/inside"), 4, &text_), "");
  EXPECT_EQ(text_, "kept");
  EXPECT_EQ(Files(), 1u);
}

}  // namespace
}  // namespace understudy::ctl
