// Api: every request comes here and is answered here, whichever socket it came in by.
//
// Used by: main and tests (give it to the servers).
// Invariants
//  1. Runs on the engine's loop, and never blocks it.
//  2. Answers whatever happens: an exception becomes a 500.
//  3. At most kMaxLargeAnswers of perhaps tens of megabytes are held at a time for clients of the
//     Unix socket, and as many for those over TCP: neither uses up the other's.
#ifndef UNDERSTUDY_CONTROL_API_API_H_
#define UNDERSTUDY_CONTROL_API_API_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "control/api/event_feed.h"
#include "control/api/request.h"
#include "control/engine/engine.h"
#include "control/metrics/exposition.h"
#include "control/metrics/tallies.h"

namespace understudy::control {

inline constexpr size_t kMaxLargeAnswers = 8;

class Api {
 public:
  Api(Engine& engine, EventFeed& feed, Tallies& tallies)
      : engine_(engine), feed_(feed), tallies_(tallies), exposition_(engine, tallies) {}

  boost::asio::awaitable<Reply> Answer(Request request);
  // Where the numbers of the sockets come from.
  void CountDoorsBy(std::function<DoorCounts()> count) { count_doors_ = std::move(count); }
  // `call` is called when a reload is asked for: what is not part of the configuration follows too.
  void OnReload(std::function<void()> call) { on_reload_ = std::move(call); }

 private:
  boost::asio::awaitable<Reply> Route(Request request);
  boost::asio::awaitable<Reply> LargeAnswer(Request request);
  boost::asio::awaitable<Reply> Metrics(Request request);

  Engine& engine_;
  EventFeed& feed_;
  Tallies& tallies_;
  const Exposition exposition_;
  // The copies of each count the answers that are held.
  const std::shared_ptr<const char> large_local_ = std::make_shared<const char>();
  const std::shared_ptr<const char> large_remote_ = std::make_shared<const char>();
  std::function<void()> on_reload_;
  std::function<DoorCounts()> count_doors_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_API_H_
