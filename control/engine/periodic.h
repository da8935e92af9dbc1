// Calls a function at a fixed interval on the loop, until stopped. The next call is armed before
// the function runs, so that an exception out of one call does not end the series.
//
// Used by: engine.
#ifndef UNDERSTUDY_CONTROL_ENGINE_PERIODIC_H_
#define UNDERSTUDY_CONTROL_ENGINE_PERIODIC_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <utility>

namespace understudy::control {

class Periodic {
 public:
  Periodic(boost::asio::io_context& io, std::chrono::nanoseconds interval,
           std::function<void()> call)
      : timer_(io), interval_(interval), call_(std::move(call)) {}

  void Start() {
    timer_.expires_after(interval_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      Start();
      call_();
    });
  }
  void Stop() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
  const std::chrono::nanoseconds interval_;
  const std::function<void()> call_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_PERIODIC_H_
