#include "control/api/api.h"

#include <optional>
#include <utility>

#include "control/api/events.h"
#include "control/api/inquiries.h"
#include "control/api/routes.h"

namespace understudy::control {
namespace {

bool IsForEvents(const Request& request) {
  return request.method == "GET" && request.path.size() == 2 && request.path[0] == "v1" &&
         request.path[1] == "events";
}

}  // namespace

boost::asio::awaitable<Reply> Api::Answer(Request request) {
  if (IsForEvents(request)) co_return co_await Events(engine_, feed_, std::move(request));
  if (std::optional<Reply> reply = Inquire(engine_, request)) co_return *std::move(reply);
  co_return co_await control::Answer(engine_, std::move(request));
}

}  // namespace understudy::control
