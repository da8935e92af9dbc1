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
#include "control/api/routes.h"

namespace understudy::control {
namespace {

bool IsForEvents(const Request& request) {
  return request.method == "GET" && request.path.size() == 2 && request.path[0] == "v1" &&
         request.path[1] == "events";
}

bool IsReload(const Request& request) {
  return request.method == "POST" && request.path == std::vector<std::string>{"v1", "reload"};
}

}  // namespace

boost::asio::awaitable<Reply> Api::Answer(Request request) {
  const std::string what = absl::StrCat(request.method, " /", absl::StrJoin(request.path, "/"));
  std::optional<Reply> reply;
  try {
    reply = co_await Route(std::move(request));
  } catch (const std::exception& error) {
    spdlog::error("API request {} failed: {}", what, error.what());
  }
  if (reply) co_return *std::move(reply);
  co_return ErrorReply(500, "internal", "this request failed inside control; see its log");
}

boost::asio::awaitable<Reply> Api::Route(Request request) {
  if (on_reload_ && IsReload(request)) on_reload_();
  if (IsForEvents(request)) co_return co_await Events(engine_, feed_, std::move(request));
  if (std::optional<Reply> reply = Inquire(engine_, request)) co_return *std::move(reply);
  if (IsForConfiguration(request)) co_return co_await Configure(engine_, std::move(request));
  co_return co_await control::Answer(engine_, std::move(request));
}

}  // namespace understudy::control
