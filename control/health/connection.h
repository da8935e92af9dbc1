// The one TCP connection of a probe, with TLS over it when the check wants that.
//
// Used by: probe (tcp, http), checker (closes or aborts it).
//  1. Every operation ends by the deadline set before it, by the peer, or by Abort.
//  2. Nothing of it outlives the object: the coroutine that uses it owns it, Abort lets that end.
// Who closes: the side that was asked to. After a request with "Connection: close" the endpoint
// closes first, so the TIME_WAIT is there; after a plain connect we close first, and it is here.
// Never by RST (SO_LINGER 0) though that would leave no TIME_WAIT: servers log it as an error, and
// some count it against us (MySQL's max_connect_errors). The price is 60 s / interval sockets in
// TIME_WAIT for each tcp check, 600 at 100 ms, a few hundred bytes each; one address:port takes
// about 470 probes/s.
#ifndef UNDERSTUDY_CONTROL_HEALTH_CONNECTION_H_
#define UNDERSTUDY_CONTROL_HEALTH_CONNECTION_H_

#include <openssl/ssl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::control {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using error_code = boost::system::error_code;

  explicit Connection(const boost::asio::any_io_executor& executor) : tcp_(executor) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // For the operations that follow; none may be under way.
  void SetDeadline(Clock::time_point deadline);
  Clock::time_point deadline() const { return deadline_; }

  boost::asio::awaitable<error_code> Connect(boost::asio::ip::tcp::endpoint endpoint);
  // `server_name`: for SNI (RFC 6066 3); empty sends none. `verified_name`: what the certificate
  // must be for; empty takes any. `context` outlives this.
  boost::asio::awaitable<error_code> Handshake(boost::asio::ssl::context& context,
                                               std::string server_name, std::string verified_name);
  // Of the last handshake, which may have failed; null before the first.
  const SSL* tls() const { return tls_handle_; }
  boost::asio::awaitable<error_code> Send(std::string_view request);
  // At least one byte, or an error; the peer's end of the stream is error::eof, with or without
  // TLS's close_notify.
  boost::asio::awaitable<error_code> Receive(boost::asio::mutable_buffer buffer, size_t* received);

  // Closes so that the peer sees an ordinary end, if it lets us within 100 ms and 64 KiB.
  boost::asio::awaitable<void> Close();
  // Closes, and is ready for another Connect, within the deadline there was.
  boost::asio::awaitable<void> StartOver();
  // Closes at once; an operation under way ends with an error, and none starts any more.
  void Abort();
  // Called once by Abort, before it returns: ends what a probe does beside this connection, like
  // asking for a name. Not called any more after WhenAborted(nullptr).
  void WhenAborted(std::function<void()> hook) { when_aborted_ = std::move(hook); }
  bool aborted() const { return aborted_; }

  // A timeout seen long after its deadline: this process did not run meanwhile (stopped, suspended,
  // starved), so the endpoint may well have answered.
  bool Overslept() const;

 private:
  boost::beast::tcp_stream tcp_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
  Clock::time_point deadline_ = Clock::time_point::max();
  const SSL* tls_handle_ = nullptr;  // within tls_
  bool request_sent_ = false;
  error_code end_;  // how the peer's stream ended; nothing more is to be read then
  bool aborted_ = false;
  std::function<void()> when_aborted_;
};

// "connection refused": an error as it stands in a reason.
std::string Phrase(const boost::system::error_code& ec);
// Deadline passed.
bool IsTimeout(const boost::system::error_code& ec);
// This host lacks something (descriptors, memory, ports): no news about the endpoint.
bool IsShortageHere(const boost::system::error_code& ec);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CONNECTION_H_
