// GET /v1/events: what happened, and what happens next.
//
// Used by: api.
#ifndef UNDERSTUDY_CONTROL_API_EVENTS_H_
#define UNDERSTUDY_CONTROL_API_EVENTS_H_

#include <boost/asio/awaitable.hpp>

#include "absl/time/time.h"
#include "control/api/event_feed.h"
#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

inline constexpr absl::Duration kMaxWait = absl::Seconds(60);

// With `wait` in the query the answer comes with the first event that fits, or after that time
// with none.
boost::asio::awaitable<Reply> Events(const Engine& engine, EventFeed& feed, Request request);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_EVENTS_H_
