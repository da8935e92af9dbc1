// The API's socket: HTTP/1.1 with JSON over a Unix stream socket, on the engine's loop.
//
// Who connects may be slow, silent, half closed or hostile. Nothing here blocks; every connection
// has limits in bytes and time; a connection too many is told so and closed. Invariants
//  1. At most kMaxConnections connections. They are the Unix socket's own: whatever happens on
//     the TCP side (remote_server.h), an operator on the host gets in; and silent connections make
//     room for him.
//  2. A connection that is silent, or does not read, for kIdleTimeout is closed.
// Used by: main, tests.
#ifndef UNDERSTUDY_CONTROL_API_SERVER_H_
#define UNDERSTUDY_CONTROL_API_SERVER_H_

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "control/api/connections.h"
#include "control/api/session.h"

namespace understudy::control {

inline constexpr size_t kMaxConnections = 64;
inline constexpr std::chrono::seconds kIdleTimeout{10};

class ApiServer {
 public:
  using Handler = ApiHandler;
  // Who may connect.
  struct Access {
    mode_t mode = 0660;
    std::string group;  // its name; empty: the process's
  };

  ApiServer(boost::asio::io_context& io, Handler handler,
            std::chrono::steady_clock::duration idle_timeout = kIdleTimeout);
  ~ApiServer();

  // Makes the socket and its directory, and accepts. A socket file that a killed predecessor left
  // is replaced: the caller holds control.lock, so no living control owns it.
  absl::Status Listen(const std::string& path) { return Listen(path, Access()); }
  absl::Status Listen(const std::string& path, const Access& access);
  // Closes the socket and removes its file. Connections end with the loop.
  void Stop();

  size_t connections() const { return connections_.open(); }

 private:
  using Protocol = boost::asio::local::stream_protocol;

  absl::Status Bind(const std::string& path, const Access& access);
  boost::asio::awaitable<void> AcceptAll();
  void Start(Protocol::socket socket);

  boost::asio::io_context& io_;
  const std::shared_ptr<const SessionRules> rules_;
  Protocol::acceptor acceptor_;
  std::string path_;
  Connections connections_{{.total = kMaxConnections, .per_source = kMaxConnections}};
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_SERVER_H_
