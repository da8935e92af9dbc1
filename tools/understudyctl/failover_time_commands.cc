// time-to-failover: how long it may take, at worst.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/commands.h"
#include "tools/understudyctl/failover_time_text.h"

namespace understudy::ctl {

void AddFailoverTimeCommands(CommandTree& tree) {
  auto group = std::make_shared<std::string>();
  CLI::App* time = tree.Add(
      "time-to-failover", "The longest a failover of a group may take, term by term",
      [group](Session& session) {
        return session.Print(absl::StrCat("/v1/groups/", Encode(*group), "/time-to-failover"),
                             FailoverTimeText);
      });
  time->add_option("GROUP", *group, "Failover group")->required();
  time->footer(
      "From the settings of its checks, the measured time of publications, and the TTL of its\n"
      "records: until no resolver that keeps to TTLs gives the old answer any more.\n"
      "Example:\n  understudyctl time-to-failover app");
}

}  // namespace understudy::ctl
