#include "control/api/routes.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/configuration.h"
#include "control/api/explain.h"
#include "control/api/orders.h"
#include "control/api/views.h"
#include "control/api/wait_for.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kReloadTimeout = std::chrono::seconds(300);

asio::awaitable<Reply> Reload(Engine& engine, const Peer& peer) {
  const std::shared_ptr<const Configuration> live = engine.served().configuration;
  if (live && live->origin == Origin::kApplied) {
    co_return ErrorReply(409, "conflict", absl::StrCat(live->file, " ", AppliedText(*live)));
  }
  Event asked = EventOf(EventKind::kReloadAsked);
  asked.author = TextOf(peer);
  engine.Note(std::move(asked));
  const auto result = co_await WaitFor<ReloadResult>(
      [&](Engine::Reloaded done) { engine.Reload(std::move(done)); }, kReloadTimeout);
  if (!result) {
    co_return ErrorReply(504, "timeout", "the reload goes on; see events for its end");
  }
  json::array warnings;
  for (const std::string& warning : result->warnings) warnings.emplace_back(warning);
  if (result->errors.empty()) {
    co_return Reply{200, json::object{{"table", result->table_generation},
                                      {"took_s", absl::ToDoubleSeconds(result->took)},
                                      {"warnings", std::move(warnings)}}};
  }
  Reply reply =
      ErrorReply(422, "invalid_configuration", "nothing was changed: the configuration has errors");
  json::array errors;
  for (const std::string& error : result->errors) errors.emplace_back(error);
  reply.body.as_object()["error"].as_object()["errors"] = std::move(errors);
  reply.body.as_object()["error"].as_object()["warnings"] = std::move(warnings);
  co_return reply;
}

Reply ShowOrExplain(const Engine& engine, const Request& request) {
  const absl::StatusOr<std::string> name = NameToWire(QueryValue(request, "name"));
  if (QueryValue(request, "name").empty() || !name.ok()) {
    return ErrorReply(400, "invalid_argument",
                      absl::StrCat("name: ", name.ok() ? "is missing" : name.status().message()));
  }
  absl::StatusOr<json::object> view;
  if (request.path[1] == "show") {
    view = Show(engine, *name);
  } else {
    const std::string type_text = QueryValue(request, "type");
    const absl::StatusOr<uint16_t> type = TypeFromText(type_text.empty() ? "A" : type_text);
    if (!type.ok()) {
      return ErrorReply(400, "invalid_argument", absl::StrCat("type: ", type.status().message()));
    }
    view = Explain(engine, *name, *type, QueryValue(request, "if"));
  }
  if (!view.ok()) return ErrorReply(view.status());
  return {200, *std::move(view)};
}

Reply Group(const Engine& engine, const std::string& name) {
  const auto& groups = engine.standing().groups();
  const auto found = groups.find(name);
  if (found == groups.end()) {
    return ErrorReply(404, "not_found", absl::StrCat("there is no failover group '", name, "'"));
  }
  return {200, json::object{{"group", GroupView(engine, found->second)}}};
}

std::optional<Reply> Read(const Engine& engine, const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (path.size() == 3 && path[1] == "groups") return Group(engine, path[2]);
  if (path.size() != 2) return std::nullopt;
  if (path[1] == "version") {
    return Reply{200, json::object{{"version", UNDERSTUDY_VERSION}, {"api", 1}}};
  }
  if (path[1] == "show" || path[1] == "explain") return ShowOrExplain(engine, request);
  return std::nullopt;
}

// The method a path wants; empty for no path of ours.
std::string_view MethodOf(const Request& request) {
  const std::vector<std::string>& path = request.path;
  if (path.size() == 2 && path[0] == "v1" && path[1] == "reload") return "POST";
  if (IsOrder(request)) return "POST";
  return !path.empty() && path[0] == "v1" ? "GET" : "";
}

}  // namespace

size_t BodyLimitOf(const Request& request) {
  return HandsInConfiguration(request) ? kMaxConfigurationBody : kMaxMessage;
}

asio::awaitable<Reply> Answer(Engine& engine, Request request) {
  const std::string_view method = MethodOf(request);
  if (!method.empty() && request.method != method) {
    co_return ErrorReply(405, "method_not_allowed",
                         absl::StrCat("this path takes ", std::string(method)));
  }
  if (method == "POST") {
    if (request.path[1] == "reload") co_return co_await Reload(engine, request.peer);
    co_return co_await Obey(engine, std::move(request));
  }
  if (method == "GET") {
    if (std::optional<Reply> reply = Read(engine, request)) co_return *std::move(reply);
  }
  co_return ErrorReply(404, "not_found", "no such path; see control/api/README.md");
}

}  // namespace understudy::control
