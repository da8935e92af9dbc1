// Orders: the requests by which an operator, or a system outside, changes what is answered.
//
//   POST /v1/groups/{pattern}/force|drain|release|failback
//   POST /v1/freeze, /v1/thaw
//   POST /v1/checks/{check}/push
//
// Used by: routes. README.md in this folder has their fields.
#ifndef UNDERSTUDY_CONTROL_API_ORDERS_H_
#define UNDERSTUDY_CONTROL_API_ORDERS_H_

#include <boost/asio/awaitable.hpp>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr absl::Duration kMaxForce = absl::Hours(24 * 366);
inline constexpr size_t kMaxReason = 500;
inline constexpr size_t kMaxAuthor = 100;

// What the client says of its user, and what we know of it beside that.
absl::StatusOr<std::string> AuthorOf(const std::string& claimed, const Peer& peer);

// Whether the path is one of an order, whatever the method.
bool IsOrder(const Request& request);

// Waits (without blocking the loop) until it is on disk, for 5 s at most.
boost::asio::awaitable<Reply> Obey(Engine& engine, Request request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_ORDERS_H_
