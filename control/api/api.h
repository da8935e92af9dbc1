// Api: every request comes here and is answered here, whichever socket it came in by.
//
// Used by: main and tests (give it to the servers).
// Invariant: runs on the engine's loop, and never blocks it.
#ifndef UNDERSTUDY_CONTROL_API_API_H_
#define UNDERSTUDY_CONTROL_API_API_H_

#include <boost/asio/awaitable.hpp>

#include "control/api/event_feed.h"
#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

class Api {
 public:
  Api(Engine& engine, EventFeed& feed) : engine_(engine), feed_(feed) {}

  boost::asio::awaitable<Reply> Answer(Request request);

 private:
  Engine& engine_;
  EventFeed& feed_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_API_H_
