#include "tests/control/health/scripted_server.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

#include "control/health/connection.h"
#include "control/health/probe.h"

namespace understudy::control {

namespace asio = boost::asio;

namespace {

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
const asio::ip::address kLoopback = asio::ip::address_v4::loopback();

HealthCheck CheckOf(CheckType type, uint16_t port, absl::Duration timeout) {
  HealthCheck check;
  check.name = "check";
  check.type = type;
  check.address = "127.0.0.1";
  check.port = port;
  check.interval = absl::Milliseconds(100);
  check.connect_timeout = timeout;
  check.response_timeout = timeout;
  check.search_string = "all is well";
  return check;
}

}  // namespace

ScriptedServer::ScriptedServer(asio::io_context& io, Script script)
    : acceptor_(io, {kLoopback, 0}),
      script_(std::move(script)),
      port_(acceptor_.local_endpoint().port()) {
  asio::co_spawn(io, Accept(), asio::detached);
}

asio::awaitable<void> ScriptedServer::Accept() {
  while (true) {
    auto [ec, socket] = co_await acceptor_.async_accept(kResult);
    if (ec) co_return;
    ++accepted_;
    asio::co_spawn(co_await asio::this_coro::executor, Serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> ScriptedServer::Serve(tcp::socket socket) {
  co_await script_(socket);
  boost::system::error_code ignored;
  socket.close(ignored);
}

asio::awaitable<void> Say(tcp::socket& socket, std::string text) {
  co_await asio::async_write(socket, asio::buffer(text), kResult);
}

asio::awaitable<std::string> ReadRequest(tcp::socket& socket) {
  std::string request;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", kResult);
  co_return request;
}

asio::awaitable<boost::system::error_code> ReadToEnd(tcp::socket& socket) {
  std::array<char, 4096> sink;
  while (true) {
    auto [ec, size] = co_await socket.async_read_some(asio::buffer(sink), kResult);
    if (ec) co_return ec;
  }
}

asio::awaitable<void> Pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(kResult);
}

void ResetOnClose(tcp::socket& socket) { socket.set_option(asio::socket_base::linger(true, 0)); }

ScriptedServer::Script Saying(std::string text) {
  return [text = std::move(text)](tcp::socket& socket) -> asio::awaitable<void> {
    co_await ReadRequest(socket);
    co_await Say(socket, text);
    socket.shutdown(tcp::socket::shutdown_send);
    co_await ReadToEnd(socket);
  };
}

HealthCheck PatientCheck(CheckType type, uint16_t port) {
  return CheckOf(type, port, absl::Seconds(10));
}

HealthCheck HastyCheck(CheckType type, uint16_t port) {
  return CheckOf(type, port, absl::Milliseconds(150));
}

bool RunUntil(asio::io_context& io, const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  io.restart();
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    io.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

ProbeResult Probe(asio::io_context& io, const HealthCheck& check) {
  ProbeContext context;
  return Probe(io, check, context);
}

ProbeResult Probe(asio::io_context& io, const HealthCheck& check, ProbeContext& context) {
  Connection connection(io.get_executor());
  std::optional<ProbeResult> result;
  bool closed = false;
  const auto run = [&]() -> asio::awaitable<void> {
    result = co_await RunProbe(connection, check, context);
    co_await connection.Close();
    closed = true;
  };
  asio::co_spawn(io, run, [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  if (!RunUntil(io, [&closed] { return closed; })) {
    throw std::runtime_error("the probe did not end within 20 s");
  }
  return *result;
}

BlackHole::BlackHole(asio::io_context& io) : acceptor_(io, tcp::v4()) {
  acceptor_.bind({kLoopback, 0});
  acceptor_.listen(0);
  port_ = acceptor_.local_endpoint().port();
  for (int i = 0; i < 4; ++i) {
    tcp::socket& filler = fillers_.emplace_back(io, tcp::v4());
    filler.native_non_blocking(true);
    const tcp::endpoint endpoint(kLoopback, port_);
    // Asio's connect would wait for the outcome even so; here there is none.
    const int begun =
        ::connect(filler.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    if (begun != 0 && errno != EINPROGRESS) throw std::runtime_error("a filler cannot connect");
  }
}

RefusedPort::RefusedPort(asio::io_context& io) : acceptor_(io, tcp::v4()) {
  acceptor_.bind({kLoopback, 0});
  port_ = acceptor_.local_endpoint().port();
}

}  // namespace understudy::control
