// Event feed: lets clients wait for the next event, so that they see it as it happens.
//
// Used by: events (waits), main (tells it of every event). On the loop.
// Invariants
//  1. At most kMaxWaiters wait over the Unix socket, and as many over TCP: neither uses up the
//     connections, nor the other's places.
//  2. Nobody waits longer than asked for; whoever waits is woken by the next event.
#ifndef UNDERSTUDY_CONTROL_API_EVENT_FEED_H_
#define UNDERSTUDY_CONTROL_API_EVENT_FEED_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace understudy::control {

inline constexpr size_t kMaxWaiters = 32;

class EventFeed {
 public:
  // There is a new event.
  void Wake();

  // Until Wake, or for `timeout`. False, at once: too many wait already.
  boost::asio::awaitable<bool> Wait(std::chrono::steady_clock::duration timeout, bool remote);

 private:
  struct Waiter;
  // Of those that wait now. A waiter outlives the feed when the loop ends before it is woken.
  std::vector<std::weak_ptr<Waiter>> waiters_;
  std::shared_ptr<size_t> local_ = std::make_shared<size_t>(0);
  std::shared_ptr<size_t> remote_ = std::make_shared<size_t>(0);
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_EVENT_FEED_H_
