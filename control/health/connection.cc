#include "control/health/connection.h"

#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <cctype>
#include <vector>

#include "control/health/certificate.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

constexpr std::chrono::milliseconds kCloseLimit{100};
constexpr size_t kCloseBytes = 64 << 10;
// More than the lag of a busy loop, less than what would hide that this process stood still.
constexpr std::chrono::milliseconds kOversleptLimit{500};

}  // namespace

void Connection::SetDeadline(Clock::time_point deadline) {
  deadline_ = deadline;
  tcp_.expires_at(deadline);
}

asio::awaitable<error_code> Connection::Connect(tcp::endpoint endpoint) {
  if (aborted_) co_return asio::error::operation_aborted;
  auto [ec] = co_await tcp_.async_connect(endpoint, kResult);
  if (ec) co_return ec;
  // With nobody listening on a local port of the ephemeral range, the kernel may choose that very
  // port as ours: the socket is then connected to itself (RFC 9293 3.5, simultaneous open).
  if (tcp_.socket().local_endpoint(ec) == endpoint) {
    Abort();
    co_return asio::error::connection_refused;
  }
  co_return error_code();
}

asio::awaitable<error_code> Connection::Handshake(asio::ssl::context& context,
                                                  std::string server_name,
                                                  std::string verified_name) {
  tls_.emplace(tcp_, context);
  tls_handle_ = tls_->native_handle();
  if (!verified_name.empty() && !RequireCertificateFor(tls_->native_handle(), verified_name)) {
    co_return asio::error::no_memory;
  }
  if (!server_name.empty() &&
      SSL_set_tlsext_host_name(tls_->native_handle(), server_name.c_str()) != 1) {
    co_return asio::error::no_memory;
  }
  auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kResult);
  end_ = ec;
  if (ec == asio::ssl::error::stream_truncated) end_ = asio::error::eof;
  co_return end_;
}

asio::awaitable<error_code> Connection::Send(std::string_view request) {
  request_sent_ = true;
  const asio::const_buffer buffer(request.data(), request.size());
  if (tls_.has_value()) {
    auto [ec, sent] = co_await asio::async_write(*tls_, buffer, kResult);
    co_return ec;
  }
  auto [ec, sent] = co_await asio::async_write(tcp_, buffer, kResult);
  co_return ec;
}

asio::awaitable<error_code> Connection::Receive(asio::mutable_buffer buffer, size_t* received) {
  if (tls_.has_value()) {
    auto [ec, count] = co_await tls_->async_read_some(buffer, kResult);
    *received = count;
    end_ = ec;
    if (ec == asio::ssl::error::stream_truncated) end_ = asio::error::eof;
    co_return end_;
  }
  auto [ec, count] = co_await tcp_.async_read_some(buffer, kResult);
  *received = count;
  end_ = ec;
  co_return end_;
}

asio::awaitable<void> Connection::Close() {
  if (!tcp_.socket().is_open()) co_return;
  SetDeadline(Clock::now() + kCloseLimit);
  // A peer that is gone already ends the reading below.
  if (!request_sent_ && !end_) end_ = tcp_.socket().shutdown(tcp::socket::shutdown_send, end_);
  std::vector<char> sink(4096);
  for (size_t total = 0; !end_ && total < kCloseBytes;) {
    size_t received = 0;
    co_await Receive(asio::buffer(sink), &received);
    total += received;
  }
  // After the peer's close_notify ours only has to be sent (RFC 8446 6.1); without it, the shutdown
  // would wait for one that never comes.
  if (tls_.has_value() && !aborted_ &&
      (SSL_get_shutdown(tls_->native_handle()) & SSL_RECEIVED_SHUTDOWN) != 0) {
    co_await tls_->async_shutdown(kResult);
  }
  tcp_.close();
}

asio::awaitable<void> Connection::StartOver() {
  const Clock::time_point deadline = deadline_;
  co_await Close();
  tls_handle_ = nullptr;
  tls_.reset();
  request_sent_ = false;
  end_ = {};
  SetDeadline(deadline);
}

void Connection::Abort() {
  aborted_ = true;
  tcp_.close();
  if (const auto hook = std::exchange(when_aborted_, nullptr)) hook();
}

bool Connection::Overslept() const { return Clock::now() > deadline_ + kOversleptLimit; }

std::string Phrase(const error_code& ec) {
  if (ec == asio::error::eof) return "connection closed";
  std::string text = ec.message();
  // "Connection refused", but not "TLS ...".
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

bool IsTimeout(const error_code& ec) { return ec == boost::beast::error::timeout; }

bool IsShortageHere(const error_code& ec) {
  namespace errc = boost::system::errc;
  return ec == errc::too_many_files_open || ec == errc::too_many_files_open_in_system ||
         ec == errc::no_buffer_space || ec == errc::not_enough_memory ||
         ec == errc::address_not_available;
}

}  // namespace understudy::control
