// What the loop waits for while a program starts and runs: descriptors and a deadline.
//
// Used by: exec_probe. Both classes are owned by shared_ptr, as handlers of the loop may outlive
// the coroutine that waits.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROGRAM_RUN_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROGRAM_RUN_H_

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <string>

#include "control/health/connection.h"

namespace understudy::control {

// Waits for one descriptor to become readable.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  enum class Outcome { kReadable, kLate, kEnded };

  explicit Watch(const boost::asio::any_io_executor& executor)
      : descriptor_(executor), timer_(executor) {}
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A copy of `fd` is watched. Fails when this host is short of descriptors.
  boost::system::error_code Open(int fd);
  boost::asio::awaitable<Outcome> Wait(Connection::Clock::time_point deadline);
  // The wait, now or later, ends at once.
  void End();

 private:
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  bool late_ = false;
  bool ended_ = false;
};

// Reads what a program writes, up to a limit.
class Output : public std::enable_shared_from_this<Output> {
 public:
  // `flooded` is called once when there is more than `limit`; then nothing is read any more.
  Output(const boost::asio::any_io_executor& executor, size_t limit, std::function<void()> flooded)
      : descriptor_(executor), limit_(limit), on_flood_(std::move(flooded)) {}
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  boost::system::error_code Open(int fd);
  void Read();
  // Takes what is there, without waiting, and ends the reading.
  const std::string& Finish();
  bool flooded() const { return flooded_; }

 private:
  bool Take();

  boost::asio::posix::stream_descriptor descriptor_;
  const size_t limit_;
  std::function<void()> on_flood_;
  std::string text_;
  bool flooded_ = false;
  bool finished_ = false;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROGRAM_RUN_H_
