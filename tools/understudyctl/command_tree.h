// The tree of commands. A command is a name, a sentence of help and a function; its options are
// CLI11's. A file of commands looks like this, and commands.h lists it:
//
//   void AddGreetingCommands(CommandTree& tree) {
//     auto whom = std::make_shared<std::string>();
//     CLI::App* greet = tree.Add("greet", "Says hello to a group", [whom](Session& session) {
//       return session.Print("/v1/groups/" + Encode(*whom), GreetingText);
//     });
//     greet->add_option("GROUP", *whom, "Failover group")->required();
//     greet->footer("Example:\n  understudyctl greet app");
//   }
//
// Used by: the files of commands, main.
// Invariant: exactly one command is chosen by a command line that parses.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMAND_TREE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMAND_TREE_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/understudyctl/exit_code.h"
#include "tools/understudyctl/session.h"

namespace understudy::ctl {

class CommandTree {
 public:
  using Run = std::function<ExitCode(Session&)>;

  // With the options every command understands, which are parsed into `options`.
  explicit CommandTree(CommonOptions& options);
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  // The returned command belongs to the tree; add its options and positionals to it.
  CLI::App* Add(const std::string& name, const std::string& help, Run run);

  // One that takes the words behind its name as they are, whatever they look like. Not in the help.
  void AddUnparsed(const std::string& name,
                   std::function<ExitCode(const std::vector<std::string>& words)> run);

  // Parses, and runs what was chosen. Help and usage errors are told here.
  ExitCode Main(int argc, char** argv, Session& session);

  CLI::App& app() { return app_; }

 private:
  CommonOptions& options_;
  CLI::App app_;
  Run chosen_;
  std::string UnknownCommand() const;
  std::vector<std::string> Names() const;

  std::map<std::string, std::function<ExitCode(const std::vector<std::string>&)>> unparsed_;
};

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_COMMAND_TREE_H_
