// Lists: GET /v1/checks and GET /v1/groups, all of them, however many there are.
//
// Used by: api.
// Invariant: the loop is never held for more than kListPiece of them (engine/piecewise.h). A list
// is not one cut: each piece is as of its own turn of the loop.
#ifndef UNDERSTUDY_CONTROL_API_LISTS_H_
#define UNDERSTUDY_CONTROL_API_LISTS_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr size_t kListPiece = 128;
inline constexpr size_t kRoomOfEach = 1024;  // octets in a text, to begin with

bool IsForList(const Request& request);

boost::asio::awaitable<Reply> List(const Engine& engine, Request request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_LISTS_H_
