#include "control/api/event_feed.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace understudy::control {

namespace asio = boost::asio;

struct EventFeed::Waiter {
  Waiter(const asio::any_io_executor& executor, std::shared_ptr<size_t> places)
      : timer(executor), taken(std::move(places)) {
    ++*taken;
  }
  ~Waiter() { --*taken; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  asio::steady_timer timer;
  const std::shared_ptr<size_t> taken;
};

void EventFeed::Wake() {
  for (const std::weak_ptr<Waiter>& waiting : std::exchange(waiters_, {})) {
    if (const auto waiter = waiting.lock()) waiter->timer.cancel();
  }
}

asio::awaitable<bool> EventFeed::Wait(std::chrono::steady_clock::duration timeout, bool remote) {
  const std::shared_ptr<size_t>& places = remote ? remote_ : local_;
  if (*places >= kMaxWaiters) co_return false;
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor, places);
  // Those that timed out leave their entry behind: without events nobody else would remove it.
  std::erase_if(waiters_, [](const auto& waiting) { return waiting.expired(); });
  waiters_.push_back(waiter);
  waiter->timer.expires_after(timeout);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return true;
}

}  // namespace understudy::control
