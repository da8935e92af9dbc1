// The API's paths: what each of them asks of the engine. README.md in this folder is their
// reference.
//
// Used by: server; tests call it without a socket.
#ifndef UNDERSTUDY_CONTROL_API_ROUTES_H_
#define UNDERSTUDY_CONTROL_API_ROUTES_H_

#include <boost/asio/awaitable.hpp>

#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr size_t kMaxMessage = size_t{64} * 1024;

// How many bytes of body a request to this path may bring.
size_t BodyLimitOf(const Request& request);

// Never throws for what a client sends. Waits (without blocking the loop) for the disk after an
// order, for the end of the reload after reload; bounded by a timeout of its own.
boost::asio::awaitable<Reply> Answer(Engine& engine, Request request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_ROUTES_H_
