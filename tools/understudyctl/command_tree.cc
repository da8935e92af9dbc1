#include "tools/understudyctl/command_tree.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace understudy::ctl {

CommandTree::CommandTree(CommonOptions& options)
    : options_(options),
      app_("Drives and shows the control plane of Understudy.", "understudyctl") {
  CLI::Option* instance =
      app_.add_option("--instance", options.instance, "Instance; may be omitted when there is one");
  CLI::Option* socket = app_.add_option(
      "--socket", options.socket, "Control's socket (default: /run/understudy/INSTANCE.sock)");
  app_.add_option("--shm-dir", options.shm_dir, "Where instances have their shared memory")
      ->capture_default_str();
  app_.add_option("--url", options.url, "Control of another machine: https://HOST:PORT")
      ->excludes(instance)
      ->excludes(socket);
  app_.add_option("--token-file", options.token_file, "The token control knows us by, for --url");
  app_.add_option("--ca", options.ca_file,
                  "Who signed control's certificate (default: the system's roots)");
  app_.add_flag("--json", options.as_json, "Print JSON");
  app_.require_subcommand(1);
  app_.footer(
      "Exit codes: 0 done; 1 control refused; 2 wrong command line; 3 control cannot be reached;\n"
      "4 done, but something is wrong (status, inspect). `understudyctl COMMAND --help` says "
      "more.");
}

CLI::App* CommandTree::Add(const std::string& name, const std::string& help, Run run) {
  CLI::App* command = app_.add_subcommand(name, help);
  command->callback([this, run = std::move(run)] { chosen_ = run; });
  command->fallthrough();  // --json and --instance are understood behind the command too
  return command;
}

void CommandTree::AddUnparsed(const std::string& name,
                              std::function<ExitCode(const std::vector<std::string>&)> run) {
  unparsed_[name] = std::move(run);
}

// The word in a command's place that is none; empty when there is a command, or no word at all.
std::string CommandTree::UnknownCommand() const {
  if (!app_.get_subcommands().empty()) return "";
  for (const std::string& word : app_.remaining()) {
    if (!word.starts_with('-')) return word;
  }
  return "";
}

std::vector<std::string> CommandTree::Names() const {
  std::vector<std::string> names;
  for (const CLI::App* command : app_.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

ExitCode CommandTree::Main(int argc, char** argv, Session& session) {
  if (const auto found = unparsed_.find(argc > 1 ? argv[1] : ""); found != unparsed_.end()) {
    return found->second({argv + 2, argv + argc});
  }
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string unknown = UnknownCommand(); !unknown.empty()) {
      return Session::Tell(absl::StrCat("there is no command '", unknown,
                                        "'; there are: ", absl::StrJoin(Names(), ", ")),
                           kUsage);
    }
    return app_.exit(error) == 0 ? kOk : kUsage;
  }
  options_.TakeEnvironment();
  return chosen_(session);
}

}  // namespace understudy::ctl
