#include "control/api/orders.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/api/lists.h"
#include "control/api/order_fields.h"
#include "control/api/override_in_pieces.h"
#include "control/api/views.h"
#include "control/api/wait_for.h"
#include "control/engine/overrides.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kDurableTimeout = std::chrono::seconds(5);
// Of very many groups, behind others of that kind.
constexpr auto kOrderTimeout = std::chrono::seconds(60);
constexpr std::array<std::string_view, 4> kGroupOrders = {"force", "drain", "release", "failback"};

absl::StatusOr<absl::Duration> DurationOf(const std::string& text) {
  if (text == "forever") return absl::InfiniteDuration();
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::Seconds(1) ||
      duration > kMaxForce) {
    return absl::InvalidArgumentError(absl::StrCat(
        "for: '", text, "' is no duration from 1s to 8784h, like 30m, nor the word forever"));
  }
  return duration;
}

absl::StatusOr<Engine::Order> OrderOf(const OrderFields& fields, const Peer& peer,
                                      bool needs_reason) {
  Engine::Order order;
  order.reason = fields.Text("reason");
  if ((needs_reason && order.reason.empty()) || order.reason.size() > kMaxReason ||
      !IsPrintable(order.reason)) {
    return absl::InvalidArgumentError(absl::StrCat("reason: give 1 to ", kMaxReason,
                                                   " printable characters; they are what the "
                                                   "next person on call will read"));
  }
  absl::StatusOr<std::string> author = AuthorOf(fields.Text("author"), peer);
  if (!author.ok()) return author.status();
  order.author = *std::move(author);
  return order;
}

void AddDurability(const std::optional<absl::Status>& durable, json::object& view) {
  view["durable"] = durable.has_value() && durable->ok();
  if (!durable) {
    view["warning"] = "in effect, but the disk has not taken it yet: a restart may forget it";
  } else if (!durable->ok()) {
    view["warning"] = absl::StrCat("in effect, but a restart will forget it: state not durable: ",
                                   std::string(durable->message()));
  }
}

// How the groups stand now, after the order: in pieces, as lists are.
asio::awaitable<void> AddGroups(const Engine& engine, const std::vector<std::string>& names,
                                std::string& text) {
  text += "[";
  bool begun = false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0 && i % kListPiece == 0) {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    const auto found = engine.standing().groups().find(names[i]);
    if (found == engine.standing().groups().end()) continue;
    absl::StrAppend(&text, begun ? "," : "", json::serialize(GroupView(engine, found->second)));
    begun = true;
  }
  text += "]";
}

Reply TextReply(std::string bytes) {
  Reply reply;
  reply.text = Reply::Text{.type = "application/json", .bytes = std::move(bytes)};
  return reply;
}

// Does `act`, and tells how it went. `act` calls what it is given when the order is in effect or
// refused, and outcome.SetDurable when the disk has it.
asio::awaitable<Reply> Do(Engine& engine, std::shared_ptr<OrderOutcome> outcome,
                          std::function<void(Engine::InEffect)> act) {
  const auto in_effect = co_await WaitFor<absl::Status>(act, kOrderTimeout);
  if (!in_effect) co_return ErrorReply(504, "timeout", "the order goes on; see events for its end");
  if (!in_effect->ok()) co_return ErrorReply(*in_effect);
  const auto durable = co_await WaitFor<absl::Status>(
      [&](const Engine::Durable& done) {
        outcome->on_durable = done;
        if (outcome->durable) done(*outcome->durable);
      },
      kDurableTimeout);
  std::string text = std::move(outcome->text);
  text += ",\"groups\":";
  co_await AddGroups(engine, outcome->names, text);
  json::object rest{{"selection", SelectionView(engine)}};
  AddDurability(durable, rest);
  absl::StrAppend(&text, ",", json::serialize(rest).substr(1), "\n");
  co_return TextReply(std::move(text));
}

// The same for what is done at once.
asio::awaitable<Reply> DoNow(Engine& engine, std::function<absl::Status(Engine::Durable)> act) {
  auto outcome = std::make_shared<OrderOutcome>();
  return Do(engine, outcome, [outcome, act = std::move(act)](const Engine::InEffect& in_effect) {
    in_effect(act([outcome](const absl::Status& status) { outcome->SetDurable(status); }));
  });
}

Selector SelectorOf(const Request& request, const OrderFields& fields) {
  return {.pattern = request.path[2], .label = fields.Text("label"), .side = fields.Text("side")};
}

asio::awaitable<Reply> ForceOrDrain(Engine& engine, const Request& request, OverrideKind kind) {
  const auto fields = OrderFields::Of(request, {"side", "label", "for", "reason", "author"},
                                      {"dry_run", "allow_unusable"});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  Engine::OverrideOrder order;
  order.kind = kind;
  const absl::StatusOr<absl::Duration> duration = DurationOf(fields->Text("for"));
  if (!duration.ok()) co_return ErrorReply(duration.status());
  order.duration = *duration;
  absl::StatusOr<Engine::Order> said = OrderOf(*fields, request.peer, true);
  if (!said.ok()) co_return ErrorReply(said.status());
  static_cast<Engine::Order&>(order) = *std::move(said);
  const bool dry_run = fields->Flag("dry_run");
  auto outcome = std::make_shared<OrderOutcome>();
  auto pieces =
      std::make_shared<OverrideInPieces>(engine, std::move(order), SelectorOf(request, *fields),
                                         dry_run, fields->Flag("allow_unusable"), outcome);
  const std::function<void(Engine::InEffect)> act = [&engine, pieces](Engine::InEffect in_effect) {
    engine.work().Do(
        [pieces, in_effect = std::move(in_effect)] { return pieces->Piece(in_effect); });
  };
  if (!dry_run) co_return co_await Do(engine, outcome, act);
  const auto looked = co_await WaitFor<absl::Status>(act, kOrderTimeout);
  if (!looked) co_return ErrorReply(504, "timeout", "too many orders are under way, try again");
  if (!looked->ok()) co_return ErrorReply(*looked);
  outcome->text += ",\"dry_run\":true}\n";
  co_return TextReply(std::move(outcome->text));
}

// Carries out a release or a failback of the groups that are meant now.
void UndoNow(Engine& engine, const Selector& selector, const Engine::Order& order, bool release,
             const std::shared_ptr<OrderOutcome>& outcome, const Engine::InEffect& in_effect) {
  auto groups = SelectGroups(engine.standing(), selector);
  if (!groups.ok()) return in_effect(groups.status());
  if (!selector.side.empty()) {  // a side that none of them has is a mistake, not nothing to do
    const auto targets = SelectTargets(engine.standing(), selector);
    if (!targets.ok()) return in_effect(targets.status());
  }
  for (const GroupStanding* group : *groups) outcome->names.push_back(group->name);
  auto durable = [outcome](const absl::Status& status) { outcome->SetDurable(status); };
  if (!release) return engine.FailBack(*std::move(groups), order, in_effect, durable);
  engine.Release(*std::move(groups), selector.side, order, in_effect, durable);
}

// Release and failback.
asio::awaitable<Reply> Undo(Engine& engine, const Request& request, bool release) {
  const auto fields = OrderFields::Of(request, {"side", "label", "reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, false);
  if (!order.ok()) co_return ErrorReply(order.status());
  auto outcome = std::make_shared<OrderOutcome>();
  const std::function<void(Engine::InEffect)> act =
      [&engine, selector = SelectorOf(request, *fields), order = *order, release,
       outcome](Engine::InEffect in_effect) {
        engine.work().Do(
            [&engine, selector, order, release, outcome, in_effect = std::move(in_effect)] {
              UndoNow(engine, selector, order, release, outcome, in_effect);
              return false;
            });
      };
  co_return co_await Do(engine, outcome, act);
}

asio::awaitable<Reply> FreezeOrThaw(Engine& engine, const Request& request, bool freeze) {
  const auto fields = freeze ? OrderFields::Of(request, {"for", "reason", "author"}, {})
                             : OrderFields::Of(request, {"reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, freeze);
  if (!order.ok()) co_return ErrorReply(order.status());
  const absl::StatusOr<absl::Duration> duration =
      freeze ? DurationOf(fields->Text("for")) : absl::ZeroDuration();
  if (!duration.ok()) co_return ErrorReply(duration.status());
  co_return co_await DoNow(engine, [&](Engine::Durable durable) {
    if (!freeze) return engine.Thaw(*order, std::move(durable));
    engine.SetFreeze(*duration, *order, std::move(durable));
    return absl::OkStatus();
  });
}

asio::awaitable<Reply> Push(Engine& engine, const Request& request) {
  const auto fields = OrderFields::Of(request, {"state", "reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, false);
  if (!order.ok()) co_return ErrorReply(order.status());
  const std::string state = fields->Text("state");
  if (state != "healthy" && state != "unhealthy") {
    co_return ErrorReply(absl::InvalidArgumentError(
        absl::StrCat("state: '", state, "' is neither healthy nor unhealthy")));
  }
  co_return co_await DoNow(engine, [&](Engine::Durable durable) {
    return engine.Push(request.path[2], state == "healthy", *order, std::move(durable));
  });
}

}  // namespace

absl::StatusOr<std::string> AuthorOf(const std::string& claimed, const Peer& peer) {
  if (claimed.size() > kMaxAuthor || !IsPrintable(claimed)) {
    return absl::InvalidArgumentError(
        absl::StrCat("author: give up to ", kMaxAuthor, " printable characters"));
  }
  const std::string known = TextOf(peer);
  return claimed.empty() ? known : absl::StrCat(claimed, " (", known, ")");
}

bool IsOrder(const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (path.empty() || path[0] != "v1") return false;
  if (path.size() == 2) return path[1] == "freeze" || path[1] == "thaw";
  if (path.size() != 4) return false;
  if (path[1] == "checks") return path[3] == "push";
  return path[1] == "groups" && std::ranges::find(kGroupOrders, path[3]) != kGroupOrders.end();
}

asio::awaitable<Reply> Obey(Engine& engine, Request request) {
  const std::string& verb = request.path.back();
  if (verb == "freeze" || verb == "thaw") {
    co_return co_await FreezeOrThaw(engine, request, verb == "freeze");
  }
  if (verb == "push") co_return co_await Push(engine, request);
  if (verb == "force") co_return co_await ForceOrDrain(engine, request, OverrideKind::kForce);
  if (verb == "drain") co_return co_await ForceOrDrain(engine, request, OverrideKind::kDrain);
  co_return co_await Undo(engine, request, verb == "release");
}

}  // namespace understudy::control
