// Waits in a coroutine for somebody to call, on the same loop.
//
// Used by: the routes that wait for the disk or a reload.
#ifndef UNDERSTUDY_CONTROL_API_WAIT_FOR_H_
#define UNDERSTUDY_CONTROL_API_WAIT_FOR_H_

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace understudy::control {

// Until somebody calls what it gave to `start`. Nothing: not within `timeout`.
template <typename Value>
boost::asio::awaitable<std::optional<Value>> WaitFor(
    std::function<void(std::function<void(const Value&)>)> start,
    std::chrono::steady_clock::duration timeout) {
  namespace asio = boost::asio;
  struct Pending {
    explicit Pending(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<Value> value;
  };
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  pending->timer.expires_after(timeout);
  start([pending](const Value& value) {
    pending->value = value;
    pending->timer.cancel();
  });
  // The call may have come already; then nobody would cancel the timer.
  if (!pending->value) co_await pending->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return pending->value;
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_WAIT_FOR_H_
