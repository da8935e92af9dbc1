#include "tools/understudyctl/completion.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/understudyctl/commands.h"

namespace understudy::ctl {
namespace {

using Words = std::vector<std::string>;

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() : tree_(options_) { AddAllCommands(tree_); }

  Completion Of(const Words& words) { return Complete(tree_.app(), words); }
  Words Candidates(const Words& words) {
    Words found;
    for (const Candidate& candidate : Of(words).candidates) found.push_back(candidate.word);
    return found;
  }

  CommonOptions options_;
  CommandTree tree_;
};

TEST_F(CompletionTest, CommandsComeFromTheTree) {
  EXPECT_EQ(Candidates({"time"}), Words({"time-to-failover"}));
  EXPECT_EQ(Candidates({"--json", "st"}), Words({"status"}));
  EXPECT_EQ(Candidates({"--socket", "status", "his"}), Words({"history"}))
      << "a value is not a command";
  EXPECT_EQ(Candidates({"nonsense"}), Words());
  EXPECT_GT(Candidates({""}).size(), 10u);
}

TEST_F(CompletionTest, OptionsAreThoseOfTheCommandAndThoseOfAll) {
  EXPECT_EQ(Candidates({"top", "--ba"}), Words({"--batch"}));
  EXPECT_EQ(Candidates({"top", "--to"}), Words({"--token-file"}));
  EXPECT_EQ(Candidates({"status", "--ba"}), Words());
}

TEST_F(CompletionTest, SetsOfWordsAreOffered) {
  EXPECT_EQ(Candidates({"completion", ""}), Words({"bash", "zsh", "fish"}));
  EXPECT_EQ(Candidates({"completion", "z"}), Words({"zsh"}));
  EXPECT_EQ(Candidates({"force", "app", "s"}), Words({"secondary"}));
  EXPECT_EQ(Candidates({"completion", "zsh", ""}), Words()) << "it takes one word alone";
}

TEST_F(CompletionTest, NamesOfGroupsAndChecksAreWantedWhereTheyStand) {
  EXPECT_EQ(Of({"time-to-failover", "a"}).wanted, Wanted::kGroup);
  EXPECT_EQ(Of({"time-to-failover", "a"}).prefix, "a");
  EXPECT_EQ(Of({"history", "--since", "1h", "a"}).wanted, Wanted::kGroupOrCheck);
  EXPECT_EQ(Of({"history", "app", "a"}).wanted, Wanted::kNothing);
  EXPECT_EQ(Of({"history", "--since", ""}).wanted, Wanted::kNothing);
  EXPECT_EQ(Of({"show", "a"}).wanted, Wanted::kNothing);
  EXPECT_EQ(Of({"--instance", "e"}).wanted, Wanted::kInstance);
  EXPECT_EQ(Of({"status", "--token-file", "/"}).wanted, Wanted::kFile);
}

TEST_F(CompletionTest, TheWordsBeforeSayHowControlIsReached) {
  const CommonOptions options =
      Of({"--socket", "/s", "--shm-dir=/d", "history", "--url", "=", "https://h:1", ""}).options;
  EXPECT_EQ(options.socket, "/s");
  EXPECT_EQ(options.shm_dir, "/d");
  EXPECT_EQ(options.url, "https://h:1");
}

TEST_F(CompletionTest, AnEqualsSignStartsTheValue) {
  EXPECT_EQ(Of({"status", "--ca", "="}).wanted, Wanted::kFile);
  EXPECT_EQ(Of({"status", "--ca", "=", "/etc"}).prefix, "/etc");
  EXPECT_EQ(Of({"status", "--ca=/etc"}).prefix, "/etc");
}

TEST_F(CompletionTest, EveryShellHasItsScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(CompletionScript(shell).find(" complete "), std::string::npos) << shell;
  }
  EXPECT_EQ(CompletionScript("tcsh"), "");
}

}  // namespace
}  // namespace understudy::ctl
