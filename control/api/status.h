// Status: whether everything is well, and what is not.
//
//   GET /v1/status            counts and generations; what is wrong is a sentence in `problems`,
//   and
//                             makes `health` degraded
//   GET /v1/trouble?limit=    groups not on their primary, checks that are unhealthy
//
// Used by: api. README.md in this folder has the fields: add, never rename.
// Invariant: both look at every check and group, and hold the loop for no more than kStatusPiece of
// them (engine/piecewise.h): `top` asks every second.
#ifndef UNDERSTUDY_CONTROL_API_STATUS_H_
#define UNDERSTUDY_CONTROL_API_STATUS_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr size_t kStatusPiece = 1024;

bool IsForStatus(const Request& request);
boost::asio::awaitable<Reply> Status(const Engine& engine, Request request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_STATUS_H_
