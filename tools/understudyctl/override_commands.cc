// force, drain, release, failback, freeze, thaw, push: an operator's word, above that of the health
// checks or in place of one.
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/answers_text.h"
#include "tools/understudyctl/commands.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

struct Order {
  std::string target;  // group, pattern or check
  std::string side;
  std::string label;
  std::string duration = "1h";
  std::string reason;
  std::string state;
  bool dry_run = false;
  bool allow_unusable = false;
};
using OrderPointer = std::shared_ptr<Order>;

ExitCode Send(Session& session, const std::string& path, json::object body,
              const Session::Text& text = OverrideText) {
  body["author"] = UserName();
  return session.Write(path, body, Session::kShort, text);
}

// Of an order that is not about groups: what was done, as control's answer does not repeat it.
Session::Text Done(const std::string& what) {
  return [what](const json::object& body) { return absl::StrCat(what, "\n", OverrideText(body)); };
}

std::string PathOf(const Order& order, const char* verb) {
  const std::string pattern = order.target.empty() ? "*" : order.target;
  return absl::StrCat("/v1/groups/", Encode(pattern), "/", verb);
}

bool SaysWhich(const Order& order) { return !order.target.empty() || !order.label.empty(); }
ExitCode TellWhich() { return Session::Tell("say which GROUP, or give --label", kUsage); }

ExitCode Override(Session& session, const Order& order, const char* verb) {
  if (!SaysWhich(order)) return TellWhich();
  json::object body{{"for", order.duration},
                    {"reason", order.reason},
                    {"dry_run", order.dry_run},
                    {"allow_unusable", order.allow_unusable}};
  if (!order.side.empty()) body["side"] = order.side;
  if (!order.label.empty()) body["label"] = order.label;
  return Send(session, PathOf(order, verb), std::move(body));
}

ExitCode Undo(Session& session, const Order& order, const char* verb) {
  if (!SaysWhich(order)) return TellWhich();
  json::object body{{"reason", order.reason}};
  if (!order.side.empty()) body["side"] = order.side;
  if (!order.label.empty()) body["label"] = order.label;
  return Send(session, PathOf(order, verb), std::move(body));
}

constexpr char kSelecting[] =
    "GROUP is a name or a pattern like 'app-*'. With --label only groups are meant that have the\n"
    "label, or one of whose sides has it; without SIDE it is every side that has it.\n";

// GROUP, SIDE and --label, which select alike in all of them.
void AddSelection(CLI::App* command, const OrderPointer& order, const char* side) {
  command->add_option("GROUP", order->target, "Failover group, or a pattern");
  if (side != nullptr) command->add_option("SIDE", order->side, side);
  command->add_option("--label", order->label, "Groups or sides with KEY=VALUE");
}

void AddOverride(CommandTree& tree, const char* verb, const char* help, const char* example) {
  auto order = std::make_shared<Order>();
  CLI::App* command = tree.Add(
      verb, help, [order, verb](Session& session) { return Override(session, *order, verb); });
  AddSelection(command, order, "primary, secondary, or the name of a further side");
  command->add_option("--for", order->duration, "How long (30m, 12h), or forever")
      ->capture_default_str();
  command->add_option("--reason", order->reason, "Why, for the next person on call")->required();
  command->add_flag("--dry-run", order->dry_run, "List what would change, and change nothing");
  command->add_flag("--allow-unusable", order->allow_unusable,
                    "Even if a group is left without a usable side");
  command->footer(absl::StrCat(kSelecting, example));
}

void AddUndo(CommandTree& tree, const char* verb, const char* help, const char* side) {
  auto order = std::make_shared<Order>();
  CLI::App* command =
      tree.Add(verb, help, [order, verb](Session& session) { return Undo(session, *order, verb); });
  AddSelection(command, order, side);
  command->add_option("--reason", order->reason, "Why");
  command->footer(kSelecting);
}

void AddFreeze(CommandTree& tree) {
  auto order = std::make_shared<Order>();
  CLI::App* freeze =
      tree.Add("freeze", "Follow no health: every group stays as it is", [order](Session& session) {
        return Send(session, "/v1/freeze", {{"for", order->duration}, {"reason", order->reason}},
                    Done(absl::StrCat("health is frozen as it is, ",
                                      order->duration == "forever" ? "" : "for ", order->duration,
                                      "; `understudyctl thaw` ends it")));
      });
  freeze->add_option("--for", order->duration, "How long (30m, 12h), or forever")
      ->capture_default_str();
  freeze->add_option("--reason", order->reason, "Why, for the next person on call")->required();
  CLI::App* thaw =
      tree.Add("thaw", "Follow health again, also after self-doubt", [order](Session& session) {
        return Send(session, "/v1/thaw", {{"reason", order->reason}},
                    Done("health is followed again"));
      });
  thaw->add_option("--reason", order->reason, "Why");
}

void AddPush(CommandTree& tree) {
  auto order = std::make_shared<Order>();
  CLI::App* push =
      tree.Add("push", "Say for an outside system whether a push check is healthy",
               [order](Session& session) {
                 return Send(session, absl::StrCat("/v1/checks/", Encode(order->target), "/push"),
                             {{"state", order->state}, {"reason", order->reason}},
                             Done(absl::StrCat("check ", order->target, " was told ", order->state,
                                               "; say so again before its expiry")));
               });
  push->add_option("CHECK", order->target, "Health check of type push")->required();
  push->add_option("STATE", order->state, "healthy or unhealthy")
      ->required()
      ->check(CLI::IsMember({"healthy", "unhealthy"}));
  push->add_option("--reason", order->reason, "Why");
}

}  // namespace

void AddOverrideCommands(CommandTree& tree) {
  AddOverride(tree, "force", "Answer one side, whatever health says",
              "Example:\n  understudyctl force app secondary --for 30m --reason 'ticket 4711'");
  AddOverride(tree, "drain", "Leave a side while another one is healthy",
              "Example:\n  understudyctl drain --label site=fra --reason 'works' --dry-run");
  AddUndo(tree, "release", "End forces and drains: health decides again",
          "Only what is on this side");
  AddUndo(tree, "failback", "Go back to the best available side now", nullptr);
  AddFreeze(tree);
  AddPush(tree);
}

}  // namespace understudy::ctl
