// What the service manager that started this process is told, by sd_notify(3): ready, reloading,
// stopping, one line of status, and that it is alive.
//
// Used by: main. Without a service manager (no NOTIFY_SOCKET) nothing here does anything.
//
// Invariants
//  1. Nobody waits for the service manager: libsystemd's call blocks while the manager does not
//     read, so a thread of its own makes it. What is told while that thread is stuck is dropped
//     once kMostWaiting messages wait.
//  2. Messages are sent in the order in which they were told.
// Source: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5).
#ifndef UNDERSTUDY_DATAPLANE_PROCESS_SUPERVISOR_H_
#define UNDERSTUDY_DATAPLANE_PROCESS_SUPERVISOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace understudy::process {

class Supervisor {
 public:
  static constexpr size_t kMostWaiting = 64;

  // `on_thread` is called first of all on the thread of invariant 1, if there will be one.
  explicit Supervisor(std::function<void()> on_thread);
  // Waits a moment for what was told to be sent.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // It restarts us when it is not fed for so long; 0: it does not watch.
  uint64_t watchdog_ns() const { return watchdog_ns_; }

  void Ready(const std::string& status);
  void Reloading(uint64_t monotonic_ns);
  void Stopping(const std::string& status);
  void Feed();
  // What `systemctl status` shows; told when it is another than the last.
  void Show(const std::string& status);

 private:
  struct Letters;
  void Tell(std::string message);

  std::shared_ptr<Letters> letters_;  // null: there is nobody to tell
  uint64_t watchdog_ns_ = 0;
  std::string shown_;
};

}  // namespace understudy::process

#endif  // UNDERSTUDY_DATAPLANE_PROCESS_SUPERVISOR_H_
