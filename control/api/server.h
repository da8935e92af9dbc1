// The API's socket: HTTP/1.1 with JSON over a Unix stream socket, on the engine's loop.
//
// Who connects may be slow, silent, half closed or hostile. Nothing here blocks; every connection
// has limits in bytes and time; a connection too many is told so and closed. Invariants
//  1. At most kMaxConnections connections; headers and bodies of at most kMaxMessage bytes each.
//  2. A connection that is silent, or does not read, for kIdleTimeout is closed.
// Used by: main, tests.
#ifndef UNDERSTUDY_CONTROL_API_SERVER_H_
#define UNDERSTUDY_CONTROL_API_SERVER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "control/api/request.h"

namespace understudy::control {

inline constexpr size_t kMaxConnections = 64;
inline constexpr size_t kMaxMessage = size_t{64} * 1024;
inline constexpr std::chrono::seconds kIdleTimeout{10};

class ApiServer {
 public:
  using Handler = std::function<boost::asio::awaitable<Reply>(Request)>;

  ApiServer(boost::asio::io_context& io, Handler handler,
            std::chrono::steady_clock::duration idle_timeout = kIdleTimeout);
  ~ApiServer();

  // Makes the socket (mode 0660) and its directory, and accepts. A socket file that a killed
  // predecessor left is replaced: the caller holds control.lock, so no living control owns it.
  absl::Status Listen(const std::string& path);
  // Closes the socket and removes its file. Connections end with the loop.
  void Stop();

 private:
  using Protocol = boost::asio::local::stream_protocol;

  boost::asio::awaitable<void> AcceptAll();
  void Start(Protocol::socket socket);

  boost::asio::io_context& io_;
  const std::shared_ptr<const Handler> handler_;
  const std::chrono::steady_clock::duration idle_timeout_;
  Protocol::acceptor acceptor_;
  std::string path_;
  // Shared with the connections, which may outlive the server until the loop ends.
  std::shared_ptr<size_t> connections_ = std::make_shared<size_t>(0);
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_SERVER_H_
