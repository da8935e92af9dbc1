// What the service manager that started control is told, by sd_notify(3): ready, reloading,
// stopping, a line of status, and that it is alive.
//
// Used by: main. Without a service manager (no NOTIFY_SOCKET) nothing here does anything.
//
// Invariants
//  1. READY when the first table of this life is published; the API listens by then. Until then the
//     manager is asked for more time: what a predecessor published is kept up to date meanwhile.
//  2. The watchdog is fed by the loop, and only while the heartbeat in shared memory is written.
//  3. The loop never waits for the service manager: libsystemd's call blocks while the manager does
//     not read, so a thread of its own makes it, and messages beyond kMostWaiting are dropped.
// Source: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5).
#ifndef UNDERSTUDY_CONTROL_SUPERVISOR_H_
#define UNDERSTUDY_CONTROL_SUPERVISOR_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "control/engine/engine.h"
#include "control/engine/periodic.h"

namespace understudy::control {

class Supervisor {
 public:
  static constexpr int kMostWaiting = 64;

  Supervisor(boost::asio::io_context& io, const Engine& engine);
  // Waits a moment for what was told to be sent.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void Reloading();
  void Reloaded();
  void Stopping();

 private:
  void Look();
  void Tell(std::string message);
  std::string Status() const;

  const Engine& engine_;
  uint64_t watchdog_ns_ = 0;  // 0: it is not fed
  uint64_t feed_ns_ = 0;
  bool is_ready_ = false;
  std::string shown_;
  // Leaked while it is stuck in a send at the end; unset: there is nobody to tell.
  std::unique_ptr<boost::asio::thread_pool> sender_;
  std::shared_ptr<std::atomic<int>> waiting_ = std::make_shared<std::atomic<int>>(0);
  std::optional<Periodic> look_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_SUPERVISOR_H_
