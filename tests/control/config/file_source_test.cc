#include "control/config/file_source.h"

#include <sys/stat.h>

#include "tests/control/config/config_folder.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxOctets = 1000;

class FileSourceTest : public ConfigFolder {
 protected:
  std::string text_;
};

TEST_F(FileSourceTest, TheFolderOfAConfigurationIsWhatItsPathHasBeforeTheFile) {
  EXPECT_EQ(FolderOf("u.yaml"), "");
  EXPECT_EQ(FolderOf("etc/u.yaml"), "etc/");
  EXPECT_EQ(FolderOf("/etc/understudy/u.yaml"), "/etc/understudy/");
  EXPECT_EQ(FolderOf("/u.yaml"), "/");
}

TEST_F(FileSourceTest, RelativeFilesAreBesideTheConfigurationAndAbsoluteOnesWhereTheySay) {
  for (const char* folder : {"/etc/understudy", "/etc/understudy/"}) {
    const DiskFiles files(folder);
    EXPECT_EQ(files.PlaceOf("a.zone"), "/etc/understudy/a.zone");
    EXPECT_EQ(files.PlaceOf("zones/a.zone"), "/etc/understudy/zones/a.zone");
    EXPECT_EQ(files.PlaceOf("/srv/a.zone"), "/srv/a.zone");
  }
  EXPECT_EQ(DiskFiles("").PlaceOf("a.zone"), "a.zone");
}

TEST_F(FileSourceTest, GivenFilesHaveTheSamePlacesAsThoseOnDisk) {
  const ConfigTexts texts{.file = "/etc/understudy/u.yaml", .yaml = "", .zones = {}};
  const GivenFiles given(texts);
  const DiskFiles disk(FolderOf(texts.file));
  for (const char* file : {"a.zone", "../a.zone", "/srv/a.zone"}) {
    EXPECT_EQ(given.PlaceOf(file), disk.PlaceOf(file));
  }
}

TEST_F(FileSourceTest, WhatIsReadFromDiskIsPackedUnderThePathThatIsWritten) {
  Write("a.zone", "one");
  TextsPacker packer;
  packer.AddYaml("y");
  DiskFiles files(folder_, &packer);
  EXPECT_EQ(files.Read("a.zone", kMaxOctets, &text_), "");
  EXPECT_EQ(text_, "one");
  EXPECT_NE(files.Read("missing.zone", kMaxOctets, &text_), "");
  const Configuration configuration = packer.Take();
  EXPECT_EQ(configuration.id,
            PackTexts({.file = "", .yaml = "y", .zones = {{"a.zone", "one"}}}).id);
  EXPECT_EQ(configuration.zones.size(), 1u) << "what was not read is not kept";
}

TEST_F(FileSourceTest, AFileAsLargeAsTheLimitIsReadAndALargerOneIsNot) {
  const std::string text(kMaxOctets, 'x');
  const ConfigTexts texts{
      .file = "u.yaml", .yaml = "", .zones = {{"full.zone", text}, {"over.zone", text + "x"}}};
  GivenFiles given(texts);
  DiskFiles disk(folder_);
  Write("full.zone", text);
  Write("over.zone", text + "x");
  for (FileSource* files : {static_cast<FileSource*>(&given), static_cast<FileSource*>(&disk)}) {
    EXPECT_EQ(files->Read("full.zone", kMaxOctets, &text_), "");
    EXPECT_EQ(text_, text);
    EXPECT_EQ(files->Read("over.zone", kMaxOctets, &text_), "is larger than 1000 octets");
  }
  EXPECT_EQ(given.used(), (std::set<std::string>{"full.zone"}));
  EXPECT_TRUE(given.missing().empty());
}

TEST_F(FileSourceTest, APipeAndAFolderAreRefusedAndNeverWaitedFor) {
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  DiskFiles files(folder_);
  EXPECT_EQ(files.Read("pipe", kMaxOctets, &text_), "is not a regular file");
  EXPECT_EQ(files.Read(".", kMaxOctets, &text_), "is not a regular file");
}

}  // namespace
}  // namespace understudy::control
