#include "control/api/api.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/api/configuration.h"
#include "control/api/events.h"
#include "control/api/inquiries.h"
#include "control/api/lists.h"
#include "control/api/routes.h"
#include "control/api/status.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;

bool IsForEvents(const Request& request) {
  return request.method == "GET" && request.path.size() == 2 && request.path[0] == "v1" &&
         request.path[1] == "events";
}

// The path with its names left out; what is no path of ours is one route, whatever clients make up.
std::string RouteOf(const std::vector<std::string>& path, unsigned status) {
  if (status == 404 || status == 405 || path.empty() || path.size() > 4) return "other";
  std::string route;
  for (size_t i = 0; i < path.size(); ++i)
    absl::StrAppend(&route, "/", i == 2 ? "{name}" : path[i]);
  return route;
}

bool IsForMetrics(const Request& request) {
  return request.method == "GET" && request.path == std::vector<std::string>{"metrics"};
}

bool IsReload(const Request& request) {
  return request.method == "POST" && request.path == std::vector<std::string>{"v1", "reload"};
}

}  // namespace

asio::awaitable<Reply> Api::Answer(Request request) {
  const std::string method = request.method;
  const std::vector<std::string> path = request.path;
  std::optional<Reply> reply;
  try {
    reply = co_await Route(std::move(request));
  } catch (const std::exception& error) {
    spdlog::error("API request {} /{} failed: {}", method, absl::StrJoin(path, "/"), error.what());
  }
  if (!reply) {
    reply = ErrorReply(500, "internal", "this request failed inside control; see its log");
  }
  tallies_.CountRequest(RouteOf(path, reply->status), reply->status);
  co_return *std::move(reply);
}

asio::awaitable<Reply> Api::Route(Request request) {
  if (on_reload_ && IsReload(request)) on_reload_();
  if (IsForStatus(request)) co_return co_await Status(engine_, std::move(request));
  if (IsForList(request) || IsForMetrics(request) || IsForText(request)) {
    co_return co_await LargeAnswer(std::move(request));
  }
  if (IsForEvents(request)) co_return co_await Events(engine_, feed_, std::move(request));
  if (std::optional<Reply> reply = Inquire(engine_, request)) co_return *std::move(reply);
  if (IsForConfiguration(request)) co_return co_await Configure(engine_, std::move(request));
  co_return co_await control::Answer(engine_, std::move(request));
}

asio::awaitable<Reply> Api::LargeAnswer(Request request) {
  const std::shared_ptr<const char>& all = request.peer.remote ? large_remote_ : large_local_;
  if (all.use_count() > static_cast<long>(kMaxLargeAnswers)) {
    co_return ErrorReply(503, "busy", "too many large answers are asked for at a time, try again");
  }
  std::shared_ptr<const char> held = all;
  Reply reply;
  if (IsForList(request)) {
    reply = co_await List(engine_, std::move(request));
  } else if (IsForMetrics(request)) {
    reply = co_await Metrics(std::move(request));
  } else {
    reply = co_await Configure(engine_, std::move(request));
  }
  reply.held = std::move(held);
  co_return reply;
}

asio::awaitable<Reply> Api::Metrics(Request request) {
  const std::string checks = QueryValue(request, "checks");
  if (!checks.empty() && checks != "yes" && checks != "no") {
    co_return ErrorReply(400, "invalid_argument", "checks: give yes (as without it) or no");
  }
  Exposition::Asked asked;
  asked.checks = checks != "no";
  if (count_doors_) asked.doors = count_doors_();
  std::optional<std::string> text = co_await exposition_.Text(asked);
  if (!text) {
    co_return ErrorReply(503, "busy", "metrics are being put together twice already");
  }
  Reply reply;
  reply.text = Reply::Text{.type = kExpositionType, .bytes = *std::move(text)};
  co_return reply;
}

}  // namespace understudy::control
