// understudyctl: the operators' command line. README.md lists commands and exit codes.
#include <exception>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/commands.h"

namespace understudy::ctl {
namespace {

int Main(int argc, char** argv) {
  CommonOptions options;
  CommandTree tree(options);
  tree.app().set_version_flag("--version", UNDERSTUDY_VERSION);
  AddAllCommands(tree);
  Session session(options);
  try {
    return tree.Main(argc, argv, session);
  } catch (const std::exception& error) {
    // An answer whose fields are of other kinds than ours: a control of another version.
    return Session::Tell(absl::StrCat("cannot show the answer: ", error.what()), kUnreachable);
  }
}

}  // namespace
}  // namespace understudy::ctl

int main(int argc, char** argv) { return understudy::ctl::Main(argc, argv); }
