#include "control/api/orders.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/views.h"
#include "control/api/wait_for.h"
#include "control/engine/overrides.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kDurableTimeout = std::chrono::seconds(5);
constexpr std::array<std::string_view, 4> kGroupOrders = {"force", "drain", "release", "failback"};

bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

// The fields of an order's body. Unknown ones are errors: a misspelt "for" must not become forever.
class Fields {
 public:
  static absl::StatusOr<Fields> Of(const Request& request,
                                   const std::vector<std::string_view>& texts,
                                   const std::vector<std::string_view>& flags) {
    Fields fields;
    if (request.body.empty()) return fields;
    json::error_code error;
    json::value body = json::parse(json::string_view(request.body), error);
    if (error || !body.is_object()) {
      return absl::InvalidArgumentError("the body is not a JSON object");
    }
    for (const auto& [key, value] : body.get_object()) {
      const std::string name(key);
      const bool is_text = std::ranges::find(texts, name) != texts.end();
      if (!is_text && std::ranges::find(flags, name) == flags.end()) {
        return absl::InvalidArgumentError(absl::StrCat("unknown field '", name, "'"));
      }
      if (is_text ? !value.is_string() : !value.is_bool()) {
        return absl::InvalidArgumentError(
            absl::StrCat("field '", name, "' is not ", is_text ? "a string" : "true or false"));
      }
      if (is_text) {
        const json::string& text = value.get_string();
        fields.texts_[name] = std::string(text.data(), text.size());
      } else {
        fields.flags_[name] = value.get_bool();
      }
    }
    return fields;
  }

  std::string Text(const std::string& name) const {
    const auto found = texts_.find(name);
    return found == texts_.end() ? std::string() : found->second;
  }
  bool Flag(const std::string& name) const {
    const auto found = flags_.find(name);
    return found != flags_.end() && found->second;
  }

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, bool> flags_;
};

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

absl::StatusOr<Engine::Order> OrderOf(const Fields& fields, const Peer& peer, bool needs_reason) {
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

// The groups that were meant, by name: a reload may take them away while the disk is waited for.
using Names = std::vector<std::string>;

Names NamesOf(const std::vector<const GroupStanding*>& meant) {
  Names names;
  for (const GroupStanding* group : meant) names.push_back(group->name);
  return names;
}
Names NamesOf(const std::vector<Effect>& effects) {
  Names names;
  for (const Effect& effect : effects) names.push_back(effect.group->name);
  return names;
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

// How the groups stand now, after the order.
void AddGroups(const Engine& engine, const Names& names, json::object& view) {
  json::array groups;
  for (const std::string& name : names) {
    const auto found = engine.standing().groups().find(name);
    if (found != engine.standing().groups().end()) {
      groups.emplace_back(GroupView(engine, found->second));
    }
  }
  view["groups"] = std::move(groups);
  view["selection"] = SelectionView(engine);
}

json::array EffectsView(const std::vector<Effect>& effects) {
  json::array view;
  for (const Effect& effect : effects) {
    view.push_back(json::object{{"group", effect.group->name},
                                {"from", TextView(WordOf(*effect.group, effect.from))},
                                {"to", TextView(WordOf(*effect.group, effect.to))},
                                {"unusable", effect.unusable}});
  }
  return view;
}

// Does `act`, which is given what it shall call when the disk has it, and tells how it went.
asio::awaitable<Reply> Do(Engine& engine, Names names, json::array effects,
                          std::function<absl::Status(Engine::Durable)> act) {
  absl::Status status;
  const auto durable = co_await WaitFor<absl::Status>(
      [&](const Engine::Durable& done) {
        status = act(done);
        if (!status.ok()) done(status);
      },
      kDurableTimeout);
  if (!status.ok()) co_return ErrorReply(status);
  json::object view;
  view["effects"] = std::move(effects);
  AddGroups(engine, names, view);
  AddDurability(durable, view);
  co_return Reply{200, std::move(view)};
}

Selector SelectorOf(const Request& request, const Fields& fields) {
  return {.pattern = request.path[2], .label = fields.Text("label"), .side = fields.Text("side")};
}

asio::awaitable<Reply> ForceOrDrain(Engine& engine, const Request& request, OverrideKind kind) {
  const auto fields = Fields::Of(request, {"side", "label", "for", "reason", "author"},
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
  absl::StatusOr<std::vector<OverrideTarget>> targets =
      SelectTargets(engine.standing(), SelectorOf(request, *fields));
  if (!targets.ok()) co_return ErrorReply(targets.status());
  order.targets = *std::move(targets);
  const std::vector<Effect> effects = EffectsOf(order.targets, kind, engine.now());
  if (fields->Flag("dry_run")) {
    co_return Reply{200, json::object{{"dry_run", true}, {"effects", EffectsView(effects)}}};
  }
  if (!fields->Flag("allow_unusable")) {
    const absl::Status usable = RefuseUnusable(effects);
    if (!usable.ok()) co_return ErrorReply(usable);
  }
  co_return co_await Do(engine, NamesOf(effects), EffectsView(effects),
                        [&](Engine::Durable durable) {
                          engine.SetOverride(order, std::move(durable));
                          return absl::OkStatus();
                        });
}

// Release and failback.
asio::awaitable<Reply> Undo(Engine& engine, const Request& request, bool release) {
  const auto fields = Fields::Of(request, {"side", "label", "reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, false);
  if (!order.ok()) co_return ErrorReply(order.status());
  const Selector selector = SelectorOf(request, *fields);
  const auto groups = SelectGroups(engine.standing(), selector);
  if (!groups.ok()) co_return ErrorReply(groups.status());
  if (!selector.side.empty()) {  // a side that none of them has is a mistake, not nothing to do
    const auto targets = SelectTargets(engine.standing(), selector);
    if (!targets.ok()) co_return ErrorReply(targets.status());
  }
  co_return co_await Do(engine, NamesOf(*groups), {}, [&](Engine::Durable durable) {
    if (!release) return engine.FailBack(*groups, *order, std::move(durable));
    return engine.Release(*groups, selector.side, *order, std::move(durable));
  });
}

asio::awaitable<Reply> FreezeOrThaw(Engine& engine, const Request& request, bool freeze) {
  const auto fields = freeze ? Fields::Of(request, {"for", "reason", "author"}, {})
                             : Fields::Of(request, {"reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, freeze);
  if (!order.ok()) co_return ErrorReply(order.status());
  const absl::StatusOr<absl::Duration> duration =
      freeze ? DurationOf(fields->Text("for")) : absl::ZeroDuration();
  if (!duration.ok()) co_return ErrorReply(duration.status());
  co_return co_await Do(engine, {}, {}, [&](Engine::Durable durable) {
    if (!freeze) return engine.Thaw(*order, std::move(durable));
    engine.SetFreeze(*duration, *order, std::move(durable));
    return absl::OkStatus();
  });
}

asio::awaitable<Reply> Push(Engine& engine, const Request& request) {
  const auto fields = Fields::Of(request, {"state", "reason", "author"}, {});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<Engine::Order> order = OrderOf(*fields, request.peer, false);
  if (!order.ok()) co_return ErrorReply(order.status());
  const std::string state = fields->Text("state");
  if (state != "healthy" && state != "unhealthy") {
    co_return ErrorReply(absl::InvalidArgumentError(
        absl::StrCat("state: '", state, "' is neither healthy nor unhealthy")));
  }
  co_return co_await Do(engine, {}, {}, [&](Engine::Durable durable) {
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
