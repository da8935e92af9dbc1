// Remote server: the same API over TCP with TLS, for those who show a token.
//
// Anybody on the network may connect, so this side has a thread of its own, at a lower priority:
// handshakes, garbage and floods cost nothing on the engine's loop. Invariants
//  1. Nothing reaches the loop that was not admitted by a token; a read token reaches it with GET
//     and HEAD alone.
//  2. Connections are bounded, in total and by source address (/32, /64); those that have not shown
//     a token make room for newer ones (connections.h). Their memory and time are bounded by
//     session.h.
//  3. Tokens and certificate are read again by Renew; when that fails the old ones go on.
// Used by: main, tests.
#ifndef UNDERSTUDY_CONTROL_API_REMOTE_SERVER_H_
#define UNDERSTUDY_CONTROL_API_REMOTE_SERVER_H_

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/api/bridge.h"
#include "control/api/connections.h"
#include "control/api/session.h"
#include "control/api/tls_identity.h"
#include "control/api/tokens.h"

namespace understudy::control {

class RemoteServer {
 public:
  struct Options {
    std::vector<std::string> listen;  // "192.0.2.1:8443", "[2001:db8::1]:8443"
    std::string certificate;
    std::string key;
    std::string tokens;
    Connections::Limits limits = {.total = 256, .per_source = 64};
    std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(10);
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(5);
  };
  // What happened at the door; read from any thread.
  struct Counts {
    std::atomic<uint64_t> accepted{0};
    std::atomic<uint64_t> displaced{0};             // made room, or found none
    std::atomic<uint64_t> unauthorized{0};          // requests without a good token
    std::atomic<uint64_t> forbidden{0};             // that wanted more than the token may
    std::atomic<int64_t> certificate_expires_s{0};  // Unix time
  };

  // Binds and serves. `handler` runs on `loop`.
  static absl::StatusOr<std::unique_ptr<RemoteServer>> Start(boost::asio::io_context& loop,
                                                             ApiHandler handler, Options options);
  ~RemoteServer();  // ends every connection
  RemoteServer(const RemoteServer&) = delete;
  RemoteServer& operator=(const RemoteServer&) = delete;

  // Reads tokens and certificate again, on this side's thread. `done` is told there how it went.
  void Renew(std::function<void(const absl::Status&)> done);

  const Counts& counts() const { return counts_; }
  const std::vector<std::string>& listening() const { return listening_; }

 private:
  using Acceptor = boost::asio::ip::tcp::acceptor;

  RemoteServer(boost::asio::io_context& loop, ApiHandler handler, Options options);
  absl::Status Load();
  absl::Status Bind(const std::string& listen);
  std::shared_ptr<const SessionRules> MakeRules();
  std::optional<Reply> Admit(std::string_view authorization, Request& request);
  Reply Refuse(const Request& request, std::string_view why);
  boost::asio::awaitable<void> AcceptAll(Acceptor& acceptor);
  void Begin(boost::asio::ip::tcp::socket socket, const boost::asio::ip::tcp::endpoint& from);

  const Options options_;
  Counts counts_;
  std::vector<std::string> listening_;
  // Of the thread alone, once it runs.
  boost::asio::io_context io_{1};
  Bridge bridge_;
  std::list<Acceptor> acceptors_;
  Connections connections_;
  TlsIdentity identity_;
  Tokens tokens_;
  std::chrono::steady_clock::time_point told_at_;  // the last warning of a refused request
  std::shared_ptr<const SessionRules> rules_;
  std::thread thread_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_REMOTE_SERVER_H_
