// Session: one connection of a client, request after request, until either side ends it. The same
// for a Unix socket and for TLS over TCP.
//
// Used by: the servers.
// Invariants
//  1. Whatever the client does or does not do, each step of a request has a deadline and a size:
//     the handshake, the header, the body, taking the answer.
//  2. The body is not read, and nobody is asked, before the request was admitted.
//  3. At most kMaxLargeBodies bodies of more than kMaxMessage are held at a time by all sessions of
//     one server: each may be hundreds of megabytes.
//  4. After the last answer the client gets a moment to read it: what it may still be sending is
//     thrown away, for closing on unread data would take the answer back (RFC 9112 9.6).
#ifndef UNDERSTUDY_CONTROL_API_SESSION_H_
#define UNDERSTUDY_CONTROL_API_SESSION_H_

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "control/api/connections.h"
#include "control/api/http_message.h"
#include "control/api/request.h"
#include "control/api/routes.h"

namespace understudy::control {

using ApiHandler = std::function<boost::asio::awaitable<Reply>(Request)>;

struct SessionRules {
  ApiHandler handler;
  // Finds out from the Authorization field who asks, and may refuse. Unset: the peer is known.
  std::function<std::optional<Reply>(std::string_view authorization, Request& request)> admit;
  std::chrono::steady_clock::duration idle_timeout;
  std::chrono::steady_clock::duration handshake_timeout = idle_timeout;
  // How many bodies that may be large (a configuration) are held now.
  std::shared_ptr<size_t> large_bodies = std::make_shared<size_t>(0);
};
inline constexpr size_t kMaxLargeBodies = 2;

template <typename Stream>
class Session {
 public:
  Session(Stream stream, Peer peer, std::shared_ptr<const SessionRules> rules)
      : stream_(std::move(stream)), peer_(std::move(peer)), rules_(std::move(rules)) {}

  // Before Run.
  void Hold(std::shared_ptr<Connections::Place> place) { place_ = std::move(place); }
  // Ends it at once, from wherever it is.
  void Abort() { Socket().close(); }

  boost::asio::awaitable<void> Run() {
    if (co_await Shake()) {
      bool open = true;
      while (open) open = co_await Exchange();
      co_await Leave();
    }
  }

 private:
  static constexpr bool kIsTls = requires(Stream & stream) { stream.native_handle(); };
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  static constexpr auto kLinger = std::chrono::seconds(1);
  static constexpr size_t kBodyBytesPerSecond = size_t{64} * 1024;
  static constexpr size_t kAnswerBytesPerSecond = size_t{1024} * 1024;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // The right to hold a large body.
  class LargeBody {
   public:
    explicit LargeBody(std::shared_ptr<size_t> held) : held_(std::move(held)) { ++*held_; }
    LargeBody(LargeBody&& other) noexcept = default;
    LargeBody& operator=(LargeBody&&) = delete;
    ~LargeBody() {
      if (held_) --*held_;
    }

   private:
    std::shared_ptr<size_t> held_;
  };
  // Nothing for a small one, and when too many are held.
  std::optional<LargeBody> LargeBodyOf(size_t limit) const {
    if (limit <= kMaxMessage || *rules_->large_bodies >= kMaxLargeBodies) return std::nullopt;
    return LargeBody(rules_->large_bodies);
  }

  // A large body may take its time, on the way in and on the way out, but not forever.
  std::chrono::steady_clock::duration TimeFor(size_t bytes, size_t bytes_per_second) const {
    return rules_->idle_timeout + std::chrono::seconds(bytes / bytes_per_second);
  }

  auto& Socket() { return boost::beast::get_lowest_layer(stream_); }

  boost::asio::awaitable<bool> Shake() {
    if constexpr (kIsTls) {
      Socket().expires_after(rules_->handshake_timeout);
      const auto [error] = co_await stream_.async_handshake(Stream::server, kAwait);
      co_return !error;
    }
    co_return true;
  }

  // False: this was the last one.
  boost::asio::awaitable<bool> Exchange() {
    namespace http = boost::beast::http;
    Parser parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(boost::none);  // known when the header is
    Socket().expires_after(rules_->idle_timeout);
    const auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
    if (error) co_return co_await GiveUp(error);
    Request request;
    if (std::optional<Reply> refusal = Examine(parser, request)) {
      co_return co_await Send(*std::move(refusal), parser.get().version(), false);
    }
    if (place_) place_->Admit();
    const size_t limit = BodyLimitOf(request);
    const std::optional<LargeBody> large = LargeBodyOf(limit);
    if (limit > kMaxMessage && !large) {
      co_return co_await Send(ReplyToTooMany(), parser.get().version(), false);
    }
    if (!co_await ReadBody(parser, limit)) co_return false;
    request.body = std::move(parser.get().body());
    // The handler has a timeout of its own, and a reload may take longer than an idle connection.
    Socket().expires_never();
    Reply reply = co_await rules_->handler(std::move(request));
    co_return co_await Send(std::move(reply), parser.get().version(), parser.get().keep_alive());
  }

  std::optional<Reply> Examine(const Parser& parser, Request& request) {
    const HttpRequest& message = parser.get();
    request.method = std::string(message.method_string());
    request.peer = peer_;
    if (rules_->admit) {
      const auto field = message[boost::beast::http::field::authorization];
      auto refusal = rules_->admit({field.data(), field.size()}, request);
      if (refusal) return refusal;
    }
    if (!ParseTarget(std::string(message.target()), &request)) {
      return ErrorReply(400, "bad_request", "the request target is not well-formed");
    }
    const size_t limit = BodyLimitOf(request);
    if (parser.content_length().value_or(0) > limit) return ReplyToTooLarge(limit);
    return std::nullopt;
  }

  boost::asio::awaitable<bool> ReadBody(Parser& parser, size_t limit) {
    namespace http = boost::beast::http;
    parser.body_limit(limit);
    Socket().expires_after(
        TimeFor(static_cast<size_t>(parser.content_length().value_or(0)), kBodyBytesPerSecond));
    if (parser.get()[http::field::expect] == "100-continue") {
      http::response<http::empty_body> go_on{http::status::continue_, 11};
      const auto [error, size] = co_await http::async_write(stream_, go_on, kAwait);
      if (error) co_return false;
    }
    const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAwait);
    if (error) co_return co_await GiveUp(error);
    co_return true;
  }

  boost::asio::awaitable<bool> GiveUp(boost::system::error_code error) {
    if (auto reply = ReplyToUnreadable(error)) co_await Send(*std::move(reply), 11, false);
    co_return false;
  }

  boost::asio::awaitable<bool> Send(Reply reply, unsigned version, bool keep_alive) {
    const std::shared_ptr<const void> held = reply.held;
    const HttpResponse response = ResponseOf(std::move(reply), version, keep_alive);
    Socket().expires_after(TimeFor(response.body().size(), kAnswerBytesPerSecond));
    const auto [error, size] = co_await boost::beast::http::async_write(stream_, response, kAwait);
    co_return !error && keep_alive;
  }

  boost::asio::awaitable<void> Leave() {
    Socket().expires_after(
        std::min<std::chrono::steady_clock::duration>(kLinger, rules_->idle_timeout));
    if constexpr (kIsTls) std::ignore = co_await stream_.async_shutdown(kAwait);
    boost::system::error_code gone;  // the peer may be already
    std::ignore = Socket().socket().shutdown(boost::asio::socket_base::shutdown_send, gone);
    std::array<char, 4096> unread;
    size_t left = kMaxMessage;
    while (!gone && left > 0) {
      const auto [error, size] =
          co_await Socket().async_read_some(boost::asio::buffer(unread), kAwait);
      gone = error;
      left -= std::min(left, size);
    }
  }

  Stream stream_;
  const Peer peer_;
  const std::shared_ptr<const SessionRules> rules_;
  std::shared_ptr<Connections::Place> place_;
  boost::beast::flat_buffer buffer_{kMaxMessage};
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_SESSION_H_
