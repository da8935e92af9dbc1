// reload: the configuration of the running control, from its file.
#include <memory>

#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/configuration_text.h"

namespace understudy::ctl {

void AddConfigurationCommands(CommandTree& tree) {
  auto from_file = std::make_shared<bool>(false);
  CLI::App* reload = tree.Add(
      "reload", "Read the configuration again; all or nothing", [from_file](Session& session) {
        if (!*from_file) return session.Write("/v1/reload", {}, Session::kLong, ReloadText);
        return session.Write("/v1/configuration/forget", {}, Session::kLong, AppliedText);
      });
  reload->add_flag("--from-file", *from_file,
                   "Forget the applied configuration and serve the file again");
}

}  // namespace understudy::ctl
