#include "dataplane/process/supervisor.h"

#include <pthread.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace understudy::process {
namespace {

constexpr std::chrono::milliseconds kLastWait(500);

}  // namespace

// Shared with the thread, which may outlive the Supervisor while it is stuck in a send.
struct Supervisor::Letters {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> waiting;
  bool sending = false;
  bool end = false;

  void Send() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return end || !waiting.empty(); });
      if (waiting.empty()) return;
      const std::string message = std::move(waiting.front());
      waiting.pop_front();
      sending = true;
      lock.unlock();
      // A manager that is gone is no trouble of ours, and there is nobody else to tell.
      static_cast<void>(sd_notify(0, message.c_str()));
      lock.lock();
      sending = false;
      changed.notify_all();
    }
  }
};

Supervisor::Supervisor(std::function<void()> on_thread) {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr || *socket == '\0') return;
  uint64_t watchdog_us = 0;
  if (sd_watchdog_enabled(0, &watchdog_us) > 0) watchdog_ns_ = watchdog_us * 1000;
  letters_ = std::make_shared<Letters>();
  std::thread([letters = letters_, on_thread = std::move(on_thread)] {
    pthread_setname_np(pthread_self(), "sd-notify");
    on_thread();
    letters->Send();
  }).detach();
}

Supervisor::~Supervisor() {
  if (!letters_) return;
  std::unique_lock lock(letters_->mutex);
  letters_->end = true;
  letters_->changed.notify_all();
  letters_->changed.wait_for(lock, kLastWait,
                             [this] { return letters_->waiting.empty() && !letters_->sending; });
}

void Supervisor::Tell(std::string message) {
  if (!letters_) return;
  {
    const std::lock_guard lock(letters_->mutex);
    if (letters_->waiting.size() >= kMostWaiting) return;
    letters_->waiting.push_back(std::move(message));
  }
  letters_->changed.notify_all();
}

void Supervisor::Ready(const std::string& status) {
  shown_ = status;
  // Who has taken over from the process that the manager started is its main process from now on.
  Tell("MAINPID=" + std::to_string(getpid()) + "\nREADY=1\nSTATUS=" + status);
}

void Supervisor::Reloading(uint64_t monotonic_ns) {
  Tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_ns / 1000));
}

void Supervisor::Stopping(const std::string& status) { Tell("STOPPING=1\nSTATUS=" + status); }

void Supervisor::Feed() {
  if (watchdog_ns_ != 0) Tell("WATCHDOG=1");
}

void Supervisor::Show(const std::string& status) {
  if (status == std::exchange(shown_, status)) return;
  Tell("STATUS=" + status);
}

}  // namespace understudy::process
