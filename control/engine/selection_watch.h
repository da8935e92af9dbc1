// Waits, without blocking anybody, until every worker answers from a published selection, and tells
// how long that took.
//
// Used by: engine, after every publication.
#ifndef UNDERSTUDY_CONTROL_ENGINE_SELECTION_WATCH_H_
#define UNDERSTUDY_CONTROL_ENGINE_SELECTION_WATCH_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>

#include "control/event/event.h"
#include "control/publication/publisher.h"

namespace understudy::control {

class SelectionWatch {
 public:
  using OnEvent = std::function<void(Event)>;
  SelectionWatch(boost::asio::io_context& io, const Publisher& publisher, OnEvent on_event);

  void Watch(const Publisher::Published& published);
  void Stop();

 private:
  void Arm();
  void Poll();

  const Publisher& publisher_;
  const OnEvent on_event_;
  boost::asio::steady_timer timer_;
  std::deque<Publisher::Published> watched_;  // ascending generations
  bool armed_ = false;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_SELECTION_WATCH_H_
