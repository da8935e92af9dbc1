// reload: the configuration of the running control.
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"

namespace understudy::ctl {

void AddConfigurationCommands(CommandTree& tree) {
  tree.Add("reload", "Read the configuration again; all or nothing", [](Session& session) {
    return session.Write("/v1/reload", {}, Session::kLong, ReloadText);
  });
}

}  // namespace understudy::ctl
