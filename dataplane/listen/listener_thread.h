// A listener running on a thread of its own.
//
// Used by: main, which starts and stops it again and again while an instance is handed over.
//
// Invariant: the thread has ended when Stop returns, and before what it reads is gone.
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_THREAD_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_THREAD_H_

#include <pthread.h>

#include <functional>
#include <thread>
#include <utility>

#include "dataplane/listen/listener.h"
#include "dataplane/worker/table_reader.h"

namespace understudy::listen {

class ListenerThread {
 public:
  ListenerThread() = default;
  ~ListenerThread() { Stop(); }
  ListenerThread(const ListenerThread&) = delete;
  ListenerThread& operator=(const ListenerThread&) = delete;

  // `on_thread` is called first of all on the thread.
  void Start(Listener& listener, worker::TableReader& reader, std::function<void()> on_thread) {
    listener_ = &listener;
    thread_ = std::thread([&listener, &reader, on_thread = std::move(on_thread)] {
      pthread_setname_np(pthread_self(), "listen");
      on_thread();
      listener.Run(reader);
    });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    listener_->Stop();
    thread_.join();
  }

 private:
  Listener* listener_ = nullptr;
  std::thread thread_;
};

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_THREAD_H_
