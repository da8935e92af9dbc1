#include "control/api/tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

// Of "secret" and of "other".
constexpr char kSecret[] = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
constexpr char kOther[] = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";

TEST(TokensTest, ATokenIsFoundByItsHashAndHasANameAndARole) {
  const auto tokens =
      Tokens::Parse(absl::StrCat("# who may\n\nci\tsha256:", kSecret,
                                 " write # the build\nprometheus  sha256:", kOther, "  read\r\n"));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 2u);
  ASSERT_NE(tokens->Find("secret"), nullptr);
  EXPECT_EQ(tokens->Find("secret")->name, "ci");
  EXPECT_EQ(tokens->Find("secret")->role, Role::kWrite);
  EXPECT_EQ(tokens->Find("other")->role, Role::kRead);
  EXPECT_EQ(tokens->Find("Secret"), nullptr);
  EXPECT_EQ(tokens->Find(""), nullptr);
  EXPECT_EQ(tokens->Find(kSecret), nullptr) << "the hash is not the token";
}

TEST(TokensTest, EveryOctetOfTheHashCounts) {
  for (size_t i = 0; i < 64; ++i) {
    std::string hash = kSecret;
    hash[i] = hash[i] == '0' ? '1' : '0';
    const auto tokens = Tokens::Parse(absl::StrCat("ci sha256:", hash, " write\n"));
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    EXPECT_EQ(tokens->Find("secret"), nullptr) << i;
  }
}

TEST(TokensTest, ALineThatIsNotUnderstoodIsNamedAndItsSecretIsNotRepeated) {
  const std::string good = absl::StrCat("ci sha256:", kSecret, " write\n");
  const std::pair<std::string, std::string> cases[] = {
      {"", "no token"},
      {"# nothing\n", "no token"},
      {good + "ci2 my-own-secret write\n", "line 2"},
      {"ci my-own-secret write\n", "sha256sum"},
      {absl::StrCat("ci ", kSecret, " write\n"), "sha256:"},
      {absl::StrCat("ci sha256:", kSecret, "00 write\n"), "64 hex"},
      {absl::StrCat("ci sha256:", std::string(64, 'x'), " write\n"), "64 hex"},
      {absl::StrCat("ci sha256:", kSecret, "\n"), "three words"},
      {absl::StrCat("ci sha256:", kSecret, " admin\n"), "'admin'"},
      {absl::StrCat("a,b sha256:", kSecret, " read\n"), "a,b"},
      {absl::StrCat(std::string(65, 'a'), " sha256:", kSecret, " read\n"), "1 to 64"},
      {good + absl::StrCat("ci sha256:", kOther, " read\n"), "ci again"},
      {good + absl::StrCat("cd sha256:", kSecret, " read\n"), "the token of ci"},
  };
  for (const auto& [text, named] : cases) {
    const auto tokens = Tokens::Parse(text);
    ASSERT_FALSE(tokens.ok()) << text;
    EXPECT_TRUE(absl::StrContains(tokens.status().message(), named)) << tokens.status();
    EXPECT_FALSE(absl::StrContains(tokens.status().message(), "my-own-secret")) << tokens.status();
  }
}

TEST(TokensTest, AFileThatOthersMayReadOrChangeIsRefused) {
  ScratchDirectory scratch;
  const std::string path = scratch.path() + "/tokens";
  std::ofstream(path) << "ci sha256:" << kSecret << " write\n";
  for (const mode_t good : {0600u, 0640u, 0400u, 0440u}) {
    ASSERT_EQ(chmod(path.c_str(), good), 0);
    EXPECT_TRUE(Tokens::Load(path).ok()) << good << Tokens::Load(path).status();
  }
  for (const mode_t bad : {0644u, 0604u, 0602u, 0660u, 0601u}) {
    ASSERT_EQ(chmod(path.c_str(), bad), 0);
    EXPECT_TRUE(absl::StrContains(Tokens::Load(path).status().message(), "chmod")) << bad;
  }
  EXPECT_FALSE(Tokens::Load(scratch.path()).ok()) << "a directory";
  EXPECT_FALSE(Tokens::Load(scratch.path() + "/none").ok());
  const std::string pipe = scratch.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(Tokens::Load(pipe).ok()) << "and it must not hang";
}

TEST(TokensTest, AFileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ScratchDirectory scratch;
  const std::string path = scratch.path() + "/tokens";
  std::ofstream(path) << "ci sha256:" << kSecret << " write\n";
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  ASSERT_EQ(chown(path.c_str(), 12345, 12345), 0);
  EXPECT_TRUE(absl::StrContains(Tokens::Load(path).status().message(), "12345"));
}

}  // namespace
}  // namespace understudy::control
