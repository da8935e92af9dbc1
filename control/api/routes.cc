#include "control/api/routes.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/explain.h"
#include "control/api/views.h"
#include "control/engine/because.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kDurableTimeout = std::chrono::seconds(5);
constexpr auto kReloadTimeout = std::chrono::seconds(300);

Reply ErrorReply(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return control::ErrorReply(404, "not_found", message);
    case absl::StatusCode::kFailedPrecondition:
      return control::ErrorReply(409, "conflict", message);
    case absl::StatusCode::kInvalidArgument:
      return control::ErrorReply(400, "invalid_argument", message);
    default:
      return control::ErrorReply(503, "unavailable", message);
  }
}

// Waits until somebody calls what it gave to `start`, on the same loop. Nothing: not within
// `timeout`.
template <typename Value>
asio::awaitable<std::optional<Value>> WaitFor(
    std::function<void(std::function<void(const Value&)>)> start,
    std::chrono::steady_clock::duration timeout) {
  struct Pending {
    explicit Pending(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<Value> value;
  };
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  pending->timer.expires_after(timeout);
  start([pending](const Value& value) {
    pending->value = value;
    pending->timer.cancel();
  });
  // The call may have come already; then nobody would cancel the timer.
  if (!pending->value) co_await pending->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return pending->value;
}

bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

// The body as an object of texts. Unknown fields are errors: a misspelt "for" must not become
// forever.
absl::StatusOr<std::map<std::string, std::string>> Fields(const Request& request,
                                                          std::vector<std::string_view> known) {
  std::map<std::string, std::string> fields;
  if (request.body.empty()) return fields;
  json::error_code error;
  const json::value body = json::parse(json::string_view(request.body), error);
  if (error || !body.is_object()) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  for (const auto& [key, value] : body.get_object()) {
    const std::string name(key);
    if (std::ranges::find(known, name) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat("unknown field '", name, "'"));
    }
    if (!value.is_string()) {
      return absl::InvalidArgumentError(absl::StrCat("field '", name, "' is not a string"));
    }
    fields[name] = value.get_string().c_str();
  }
  return fields;
}

absl::StatusOr<absl::Duration> ForcedFor(const std::string& text) {
  if (text == "forever") return absl::InfiniteDuration();
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::Seconds(1) ||
      duration > kMaxForce) {
    return absl::InvalidArgumentError(absl::StrCat(
        "for: '", text, "' is no duration; give one from 1s to 8784h, like 30m, or forever"));
  }
  return duration;
}

// What the client says of its user, and the kernel's word beside it.
absl::StatusOr<std::string> AuthorOf(const std::string& claimed, const Peer& peer) {
  if (claimed.size() > kMaxAuthor || !IsPrintable(claimed)) {
    return absl::InvalidArgumentError(
        absl::StrCat("author: give up to ", kMaxAuthor, " printable characters"));
  }
  const std::string uid = absl::StrCat("uid ", peer.uid);
  return claimed.empty() ? uid : absl::StrCat(claimed, " (", uid, ")");
}

absl::StatusOr<std::string> ReasonOf(const std::string& reason, bool mandatory) {
  if ((mandatory && reason.empty()) || reason.size() > kMaxReason || !IsPrintable(reason)) {
    return absl::InvalidArgumentError(absl::StrCat("reason: give 1 to ", kMaxReason,
                                                   " printable characters; they are what the "
                                                   "next person on call will read"));
  }
  return reason;
}

Reply DurableReply(const Engine& engine, const std::string& group,
                   const std::optional<absl::Status>& durable) {
  const auto& groups = engine.standing().groups();
  const auto found = groups.find(group);
  if (found == groups.end()) {
    return control::ErrorReply(409, "conflict", "the group was removed by a reload meanwhile");
  }
  json::object view;
  view["group"] = GroupView(engine, found->second);
  view["selection"] = SelectionView(engine);
  view["durable"] = durable.has_value() && durable->ok();
  if (!durable) {
    view["warning"] = "in effect, but the disk has not taken it yet: a restart may forget it";
  } else if (!durable->ok()) {
    view["warning"] = absl::StrCat("in effect, but a restart will forget it: state not durable: ",
                                   std::string(durable->message()));
  }
  return {200, std::move(view)};
}

absl::StatusOr<Engine::ForceOrder> OrderFrom(const Request& request) {
  auto fields = Fields(request, {"side", "for", "reason", "author"});
  if (!fields.ok()) return fields.status();
  Engine::ForceOrder order;
  order.group = request.path[2];
  const std::string& side = (*fields)["side"];
  if (side != "primary" && side != "secondary") {
    return absl::InvalidArgumentError(
        absl::StrCat("side: '", side, "' is neither primary nor secondary"));
  }
  order.side = side == "primary" ? Choice::kPrimary : Choice::kSecondary;
  const absl::StatusOr<absl::Duration> duration = ForcedFor((*fields)["for"]);
  if (!duration.ok()) return duration.status();
  order.duration = *duration;
  absl::StatusOr<std::string> reason = ReasonOf((*fields)["reason"], true);
  if (!reason.ok()) return reason.status();
  order.reason = *std::move(reason);
  absl::StatusOr<std::string> author = AuthorOf((*fields)["author"], request.peer);
  if (!author.ok()) return author.status();
  order.author = *std::move(author);
  return order;
}

asio::awaitable<Reply> Force(Engine& engine, const Request& request) {
  const absl::StatusOr<Engine::ForceOrder> order = OrderFrom(request);
  if (!order.ok()) co_return ErrorReply(order.status());
  absl::Status status;
  const auto durable = co_await WaitFor<absl::Status>(
      [&](const Engine::Durable& done) {
        status = engine.Force(*order, done);
        if (!status.ok()) done(status);
      },
      kDurableTimeout);
  if (!status.ok()) co_return ErrorReply(status);
  co_return DurableReply(engine, order->group, durable);
}

asio::awaitable<Reply> Release(Engine& engine, const Request& request) {
  auto fields = Fields(request, {"reason", "author"});
  if (!fields.ok()) co_return ErrorReply(fields.status());
  const absl::StatusOr<std::string> author = AuthorOf((*fields)["author"], request.peer);
  if (!author.ok()) co_return ErrorReply(author.status());
  const absl::StatusOr<std::string> reason = ReasonOf((*fields)["reason"], false);
  if (!reason.ok()) co_return ErrorReply(reason.status());
  absl::Status status;
  const auto durable = co_await WaitFor<absl::Status>(
      [&](const Engine::Durable& done) {
        status = engine.Release(request.path[2], *author, *reason, done);
        if (!status.ok()) done(status);
      },
      kDurableTimeout);
  if (!status.ok()) co_return ErrorReply(status);
  co_return DurableReply(engine, request.path[2], durable);
}

asio::awaitable<Reply> Reload(Engine& engine) {
  const auto result = co_await WaitFor<ReloadResult>(
      [&](Engine::Reloaded done) { engine.Reload(std::move(done)); }, kReloadTimeout);
  if (!result) {
    co_return control::ErrorReply(504, "timeout", "the reload goes on; see events for its end");
  }
  json::array warnings;
  for (const std::string& warning : result->warnings) warnings.emplace_back(warning);
  if (result->errors.empty()) {
    co_return Reply{200, json::object{{"table", result->table_generation},
                                      {"took_s", absl::ToDoubleSeconds(result->took)},
                                      {"warnings", std::move(warnings)}}};
  }
  Reply reply = control::ErrorReply(422, "invalid_configuration",
                                    "nothing was changed: the configuration has errors");
  json::array errors;
  for (const std::string& error : result->errors) errors.emplace_back(error);
  reply.body.as_object()["error"].as_object()["errors"] = std::move(errors);
  reply.body.as_object()["error"].as_object()["warnings"] = std::move(warnings);
  co_return reply;
}

std::string QueryValue(const Request& request, const std::string& key) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? std::string() : found->second;
}

Reply ShowOrExplain(const Engine& engine, const Request& request) {
  const absl::StatusOr<std::string> name = NameToWire(QueryValue(request, "name"));
  if (QueryValue(request, "name").empty() || !name.ok()) {
    return control::ErrorReply(
        400, "invalid_argument",
        absl::StrCat("name: ", name.ok() ? "is missing" : name.status().message()));
  }
  absl::StatusOr<json::object> view;
  if (request.path[1] == "show") {
    view = Show(engine, *name);
  } else {
    const std::string type_text = QueryValue(request, "type");
    const absl::StatusOr<uint16_t> type = TypeFromText(type_text.empty() ? "A" : type_text);
    if (!type.ok()) {
      return control::ErrorReply(400, "invalid_argument",
                                 absl::StrCat("type: ", type.status().message()));
    }
    view = Explain(engine, *name, *type);
  }
  if (!view.ok()) return ErrorReply(view.status());
  return {200, *std::move(view)};
}

bool ParseNumber(const std::string& text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

Reply Events(const Engine& engine, const Request& request) {
  EventLog::Filter filter;
  const std::string since = QueryValue(request, "since");
  absl::Duration ago;
  std::string error;
  if (absl::ParseDuration(since, &ago) && ago >= absl::ZeroDuration()) {
    filter.since = engine.now().wall - ago;
  } else if (!since.empty() && !absl::ParseTime(absl::RFC3339_full, since, &filter.since, &error)) {
    return control::ErrorReply(400, "invalid_argument",
                               absl::StrCat("since: '", since,
                                            "' is neither a duration like 10m "
                                            "nor a time like 2026-01-31T12:00:00Z"));
  }
  uint64_t limit = filter.limit;
  const std::string limit_text = QueryValue(request, "limit");
  if (!limit_text.empty() &&
      (!ParseNumber(limit_text, &limit) || limit == 0 || limit > kKeptEvents)) {
    return control::ErrorReply(400, "invalid_argument",
                               absl::StrCat("limit: give 1 to ", kKeptEvents));
  }
  filter.limit = limit;
  const std::string after = QueryValue(request, "after");
  if (!after.empty() && !ParseNumber(after, &filter.after_id)) {
    return control::ErrorReply(400, "invalid_argument", "after: give the id of an event");
  }
  json::array events;
  for (const Event& event : engine.events().Find(filter)) events.emplace_back(EventView(event));
  return {200, json::object{{"events", std::move(events)}}};
}

Reply Group(const Engine& engine, const std::string& name) {
  const auto& groups = engine.standing().groups();
  const auto found = groups.find(name);
  if (found == groups.end()) {
    return control::ErrorReply(404, "not_found",
                               absl::StrCat("there is no failover group '", name, "'"));
  }
  return {200, json::object{{"group", GroupView(engine, found->second)}}};
}

std::optional<Reply> Read(const Engine& engine, const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (path.size() == 3 && path[1] == "groups") return Group(engine, path[2]);
  if (path.size() != 2) return std::nullopt;
  if (path[1] == "status") return Reply{200, StatusView(engine)};
  if (path[1] == "version") {
    return Reply{200, json::object{{"version", UNDERSTUDY_VERSION}, {"api", 1}}};
  }
  if (path[1] == "groups") return Reply{200, json::object{{"groups", GroupsView(engine)}}};
  if (path[1] == "checks") return Reply{200, json::object{{"checks", ChecksView(engine)}}};
  if (path[1] == "events") return Events(engine, request);
  if (path[1] == "show" || path[1] == "explain") return ShowOrExplain(engine, request);
  return std::nullopt;
}

// The method a path wants; empty for no path of ours.
std::string_view MethodOf(const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (path.size() == 2 && path[0] == "v1" && path[1] == "reload") return "POST";
  if (path.size() == 4 && path[0] == "v1" && path[1] == "groups") {
    return path[3] == "force" || path[3] == "release" ? "POST" : "";
  }
  return !path.empty() && path[0] == "v1" ? "GET" : "";
}

}  // namespace

asio::awaitable<Reply> Answer(Engine& engine, Request request) {
  const std::string_view method = MethodOf(request);
  if (!method.empty() && request.method != method) {
    co_return control::ErrorReply(405, "method_not_allowed",
                                  absl::StrCat("this path takes ", std::string(method)));
  }
  if (method == "POST") {
    if (request.path[1] == "reload") co_return co_await Reload(engine);
    if (request.path[3] == "force") co_return co_await Force(engine, request);
    co_return co_await Release(engine, request);
  }
  if (method == "GET") {
    if (std::optional<Reply> reply = Read(engine, request)) co_return *std::move(reply);
  }
  co_return control::ErrorReply(404, "not_found", "no such path; see control/api/README.md");
}

}  // namespace understudy::control
