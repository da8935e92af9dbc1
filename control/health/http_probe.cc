// The http and https checks, with and without a search string: GET, judged by HttpAnswer.
#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "control/health/http_answer.h"
#include "control/health/probe.h"

namespace understudy::control {

namespace asio = boost::asio;

namespace {

// The host, or without one the address as it stands in a URL: IPv6 in brackets and without a zone
// (RFC 3986 3.2.2, RFC 6874 is about URLs that never leave a host).
std::string HostText(const HealthCheck& check) {
  const std::string name = check.host.empty() ? check.address : check.host;
  boost::system::error_code ec;
  const asio::ip::address address = asio::ip::make_address(name, ec);
  if (ec || !address.is_v6()) return name;
  return absl::StrCat("[", name.substr(0, name.find('%')), "]");
}

asio::awaitable<ProbeResult> HandshakeWith(Connection& connection, const HealthCheck& check,
                                           asio::ip::tcp::endpoint endpoint,
                                           ProbeContext& context) {
  ProbeResult result;
  const Connection::error_code ec =
      co_await connection.Handshake(context.any_certificate(), ServerName(check));
  if (!ec) {
    result.success = true;
    co_return result;
  }
  const std::string why =
      IsTimeout(ec) ? absl::StrCat("not complete within ",
                                   absl::FormatDuration(check.connect_timeout), " of connecting")
                    : Phrase(ec);
  result =
      Failed(connection, ec, absl::StrCat("TLS handshake ", EndpointText(endpoint), ": ", why));
  co_return result;
}

// Sends the request and reads until the answer is settled.
asio::awaitable<ProbeResult> Ask(Connection& connection, const HealthCheck& check) {
  const auto limit = ToClock(check.response_timeout);
  connection.SetDeadline(Connection::Clock::now() + limit);
  HttpAnswer answer(check);
  const std::string request = RequestText(check);
  // An endpoint may answer and close without reading; what it said counts, so go on and read.
  Connection::error_code ec = co_await connection.Send(request);
  if (!IsTimeout(ec)) ec = {};
  bool had_status_line = false;
  std::array<char, 4096> buffer;
  while (!ec && !answer.settled()) {
    size_t received = 0;
    ec = co_await connection.Receive(asio::buffer(buffer), &received);
    answer.Feed({buffer.data(), received});
    if (answer.has_status_line() && !had_status_line) {
      had_status_line = true;
      connection.SetDeadline(Connection::Clock::now() + limit);
    }
  }
  ProbeResult result;
  if (!answer.settled()) {
    IsTimeout(ec) ? answer.TimeOut(check.response_timeout) : answer.End(Phrase(ec));
    result = Failed(connection, ec, answer.reason());
    co_return result;
  }
  result.success = answer.success();
  result.reason = answer.reason();
  co_return result;
}

}  // namespace

std::string ServerName(const HealthCheck& check) {
  if (!check.enable_sni || check.host.empty()) return "";
  boost::system::error_code ec;
  asio::ip::make_address(check.host, ec);
  if (!ec) return "";  // RFC 6066 3: literal addresses are not permitted, nor is the final dot
  return std::string(absl::StripSuffix(check.host, "."));
}

std::string RequestText(const HealthCheck& check) {
  const uint16_t usual_port = IsTls(check.type) ? 443 : 80;
  const std::string port = check.port == usual_port ? "" : absl::StrCat(":", check.port);
  return absl::StrCat("GET ", absl::StartsWith(check.path, "/") ? "" : "/", check.path,
                      " HTTP/1.1\r\nHost: ", HostText(check), port,
                      "\r\nUser-Agent: Understudy-Health-Check/" UNDERSTUDY_VERSION
                      "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

asio::awaitable<ProbeResult> ProbeHttp(Connection& connection, const HealthCheck& check,
                                       asio::ip::tcp::endpoint endpoint, ProbeContext& context) {
  ProbeResult result = co_await ConnectTo(connection, check, endpoint);
  if (result.success && IsTls(check.type)) {
    result = co_await HandshakeWith(connection, check, endpoint, context);
  }
  if (result.success) result = co_await Ask(connection, check);
  co_return result;
}

}  // namespace understudy::control
