// force, release: an operator's word above that of the health checks.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"

namespace understudy::ctl {
namespace {

struct Order {
  std::string group;
  std::string side;
  std::string duration = "1h";
  std::string reason;
};

ExitCode Force(Session& session, const Order& order) {
  return session.Write(absl::StrCat("/v1/groups/", Encode(order.group), "/force"),
                       {{"side", order.side},
                        {"for", order.duration},
                        {"reason", order.reason},
                        {"author", UserName()}},
                       Session::kShort, OverrideText);
}

ExitCode Release(Session& session, const Order& order) {
  return session.Write(absl::StrCat("/v1/groups/", Encode(order.group), "/release"),
                       {{"reason", order.reason}, {"author", UserName()}}, Session::kShort,
                       OverrideText);
}

}  // namespace

void AddOverrideCommands(CommandTree& tree) {
  auto order = std::make_shared<Order>();
  CLI::App* force = tree.Add("force", "Answer one side, whatever health says",
                             [order](Session& session) { return Force(session, *order); });
  force->add_option("GROUP", order->group, "Failover group")->required();
  force->add_option("SIDE", order->side, "primary or secondary")
      ->required()
      ->check(CLI::IsMember({"primary", "secondary"}));
  force->add_option("--for", order->duration, "How long (30m, 12h), or forever")
      ->capture_default_str();
  force->add_option("--reason", order->reason, "Why, for the next person on call")->required();
  CLI::App* release = tree.Add("release", "End a force: health decides again",
                               [order](Session& session) { return Release(session, *order); });
  release->add_option("GROUP", order->group, "Failover group")->required();
  release->add_option("--reason", order->reason, "Why");
}

}  // namespace understudy::ctl
