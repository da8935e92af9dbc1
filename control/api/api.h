// Api: every request comes here and is answered here, whichever socket it came in by.
//
// Used by: main and tests (give it to the servers).
// Invariants
//  1. Runs on the engine's loop, and never blocks it.
//  2. Answers whatever happens: an exception becomes a 500.
#ifndef UNDERSTUDY_CONTROL_API_API_H_
#define UNDERSTUDY_CONTROL_API_API_H_

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <utility>

#include "control/api/event_feed.h"
#include "control/api/request.h"
#include "control/engine/engine.h"

namespace understudy::control {

class Api {
 public:
  Api(Engine& engine, EventFeed& feed) : engine_(engine), feed_(feed) {}

  boost::asio::awaitable<Reply> Answer(Request request);
  // `call` is called when a reload is asked for: what is not part of the configuration follows too.
  void OnReload(std::function<void()> call) { on_reload_ = std::move(call); }

 private:
  boost::asio::awaitable<Reply> Route(Request request);

  Engine& engine_;
  EventFeed& feed_;
  std::function<void()> on_reload_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_API_H_
