// Bridge: carries requests from the thread of the TCP side to the engine's loop, and the replies
// back.
//
// Used by: remote server.
// Invariants
//  1. Neither thread waits for the other: both sides only post.
//  2. Either side may end first. A reply that comes when the bridge is gone is dropped; nothing
//     that belongs to one side's loop is destroyed on the other's.
#ifndef UNDERSTUDY_CONTROL_API_BRIDGE_H_
#define UNDERSTUDY_CONTROL_API_BRIDGE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "control/api/session.h"

namespace understudy::control {

class Bridge {
 public:
  // `handler` runs on `loop`; `here` is the loop of those who Ask.
  Bridge(boost::asio::io_context& here, boost::asio::io_context& loop, ApiHandler handler);
  ~Bridge();  // nobody asks any more: `here` has ended
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  boost::asio::awaitable<Reply> Ask(Request request);

 private:
  struct Waiting {
    explicit Waiting(boost::asio::io_context& here) : timer(here) {}
    boost::asio::steady_timer timer;
    std::optional<Reply> reply;
  };
  // The way back: null when the bridge is gone.
  struct Way {
    std::mutex mutex;
    Bridge* bridge = nullptr;
  };
  static boost::asio::awaitable<void> Answer(std::shared_ptr<const ApiHandler> handler,
                                             std::shared_ptr<Way> way, uint64_t id,
                                             Request request);
  void Take(uint64_t id, Reply reply);

  boost::asio::io_context& here_;
  boost::asio::io_context& loop_;
  const std::shared_ptr<const ApiHandler> handler_;
  const std::shared_ptr<Way> way_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Waiting*> waiting_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_BRIDGE_H_
