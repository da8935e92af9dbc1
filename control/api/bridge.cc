#include "control/api/bridge.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace understudy::control {

namespace asio = boost::asio;

Bridge::Bridge(asio::io_context& here, asio::io_context& loop, ApiHandler handler)
    : here_(here),
      loop_(loop),
      handler_(std::make_shared<const ApiHandler>(std::move(handler))),
      way_(std::make_shared<Way>()) {
  way_->bridge = this;
}

Bridge::~Bridge() {
  const std::lock_guard<std::mutex> lock(way_->mutex);
  way_->bridge = nullptr;
}

asio::awaitable<Reply> Bridge::Ask(Request request) {
  Waiting waiting(here_);
  waiting.timer.expires_at(asio::steady_timer::time_point::max());
  const uint64_t id = ++last_id_;
  waiting_[id] = &waiting;
  asio::post(loop_, [&loop = loop_, handler = handler_, way = way_, id,
                     request = std::move(request)]() mutable {
    asio::co_spawn(loop, Answer(std::move(handler), std::move(way), id, std::move(request)),
                   asio::detached);
  });
  co_await waiting.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  waiting_.erase(id);
  co_return *std::move(waiting.reply);
}

// On the loop.
asio::awaitable<void> Bridge::Answer(std::shared_ptr<const ApiHandler> handler,
                                     std::shared_ptr<Way> way, uint64_t id, Request request) {
  Reply reply = co_await (*handler)(std::move(request));
  const std::lock_guard<std::mutex> lock(way->mutex);
  Bridge* const bridge = way->bridge;
  if (bridge == nullptr) co_return;
  asio::post(bridge->here_, [bridge, id, reply = std::move(reply)]() mutable {
    bridge->Take(id, std::move(reply));
  });
}

void Bridge::Take(uint64_t id, Reply reply) {
  Waiting& waiting = *waiting_.at(id);
  waiting.reply = std::move(reply);
  waiting.timer.cancel();
}

}  // namespace understudy::control
