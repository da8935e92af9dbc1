// Completion: what may stand where the cursor is, from the tree of commands itself.
//
// Used by: the commands completion (prints a shell's script) and complete (answers that script).
// The scripts know nothing but how to ask; so they never lag behind the commands.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMPLETION_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMPLETION_H_

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "tools/understudyctl/session.h"

namespace understudy::ctl {

// What a word stands for, where the tree does not list the words.
enum class Wanted { kNothing, kFile, kGroup, kCheck, kGroupOrCheck, kInstance };

struct Candidate {
  std::string word;
  std::string help;
};

struct Completion {
  std::vector<Candidate> candidates;  // out of the tree, those that begin as the last word does
  Wanted wanted = Wanted::kNothing;   // and what else fits
  std::string prefix;                 // what was typed of it
  CommonOptions options;              // how control is reached, by the words before
};

// `words`: after the name of the program; the last one is being typed, and may be empty.
Completion Complete(CLI::App& app, const std::vector<std::string>& words);

// A script for bash, zsh or fish to read. Nothing for another shell.
std::string CompletionScript(const std::string& shell);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMPLETION_H_
