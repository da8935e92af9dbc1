// A TCP server on 127.0.0.1 whose behaviour a test writes down as a coroutine, and the loop in
// which it and the probe under test run, one thread for both.
//
// Used by: tcp_probe_test, http_probe_test, tls_probe_test, checker_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_SERVER_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_SERVER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/health/probe_context.h"
#include "control/health/verdict.h"

namespace understudy::control {

using boost::asio::ip::tcp;

class ScriptedServer {
 public:
  // The connection is closed when the script ends. The server and all that a script refers to must
  // live until the loop has run for the last time.
  using Script = std::function<boost::asio::awaitable<void>(tcp::socket&)>;

  ScriptedServer(boost::asio::io_context& io, Script script);

  uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  boost::asio::awaitable<void> Accept();
  boost::asio::awaitable<void> Serve(tcp::socket socket);

  tcp::acceptor acceptor_;
  Script script_;
  uint16_t port_;
  int accepted_ = 0;
};

// Steps of a script.
boost::asio::awaitable<void> Say(tcp::socket& socket, std::string text);
boost::asio::awaitable<std::string> ReadRequest(tcp::socket& socket);
// Reads until the peer ends the stream; how it ended.
boost::asio::awaitable<boost::system::error_code> ReadToEnd(tcp::socket& socket);
boost::asio::awaitable<void> Pause(std::chrono::milliseconds time);
// The next close is a reset.
void ResetOnClose(tcp::socket& socket);

// A script that reads the request, says `text`, then reads to the end.
ScriptedServer::Script Saying(std::string text);

// A check of 127.0.0.1:`port`, patient enough for a slow machine.
HealthCheck PatientCheck(CheckType type, uint16_t port);
// The same, for cases that must run into a timeout.
HealthCheck HastyCheck(CheckType type, uint16_t port);

// Runs `io` until `done` says so; false after 20 s.
bool RunUntil(boost::asio::io_context& io, const std::function<bool()>& done);
// One probe and the close after it.
ProbeResult Probe(boost::asio::io_context& io, const HealthCheck& check);
ProbeResult Probe(boost::asio::io_context& io, const HealthCheck& check, ProbeContext& context);

// A listening socket whose queue is full: connecting to it is neither accepted nor refused.
class BlackHole {
 public:
  explicit BlackHole(boost::asio::io_context& io);
  uint16_t port() const { return port_; }

 private:
  tcp::acceptor acceptor_;
  uint16_t port_;
  std::vector<tcp::socket> fillers_;
};

// A port of 127.0.0.1 that refuses connections as long as the object lives: bound, not listening.
class RefusedPort {
 public:
  explicit RefusedPort(boost::asio::io_context& io);
  uint16_t port() const { return port_; }

 private:
  tcp::acceptor acceptor_;
  uint16_t port_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_SCRIPTED_SERVER_H_
