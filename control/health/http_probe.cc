// The http and https checks, with and without a search string: one request, judged by HttpAnswer.
#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "control/health/certificate.h"
#include "control/health/http_answer.h"
#include "control/health/probe.h"

namespace understudy::control {

namespace asio = boost::asio;

namespace {

constexpr std::pair<absl::string_view, absl::string_view> kUserAgent{
    "User-Agent", "Understudy-Health-Check/" UNDERSTUDY_VERSION};
constexpr std::pair<absl::string_view, absl::string_view> kAccept{"Accept", "*/*"};

// The host, or without one the address as it stands in a URL: IPv6 in brackets and without a zone
// (RFC 3986 3.2.2, RFC 6874 is about URLs that never leave a host).
std::string HostText(const HealthCheck& check) {
  const std::string name = check.host.empty() ? check.address : check.host;
  boost::system::error_code ec;
  const asio::ip::address address = asio::ip::make_address(name, ec);
  if (ec || !address.is_v6()) return name;
  return absl::StrCat("[", name.substr(0, name.find('%')), "]");
}

// What the certificate must be for.
std::string VerifiedName(const HealthCheck& check) {
  return check.host.empty() ? check.address : std::string(absl::StripSuffix(check.host, "."));
}

bool Sets(const HealthCheck& check, absl::string_view header) {
  return std::any_of(
      check.http.headers.begin(), check.http.headers.end(),
      [header](const HttpHeader& own) { return absl::EqualsIgnoreCase(own.name, header); });
}

asio::awaitable<ProbeResult> HandshakeWith(Connection& connection, const HealthCheck& check,
                                           asio::ip::tcp::endpoint endpoint,
                                           const std::string& server_name, ProbeContext& context) {
  ProbeResult result;
  const bool verify = check.http.verify_certificate;
  asio::ssl::context& tls = verify ? context.verified_certificate() : context.any_certificate();
  // Not in one expression: g++ 12 destroys the temporaries of a conditional in a co_await twice.
  std::string verified_name;
  if (verify) verified_name = VerifiedName(check);
  const Connection::error_code ec =
      co_await connection.Handshake(tls, server_name, std::move(verified_name));
  CertificateEnd end;
  if (connection.tls() != nullptr) end = FirstEndOf(connection.tls());
  if (!ec) {
    result.success = true;
    result.certificate_ends = end.at;
    if (check.http.certificate_warning > absl::ZeroDuration()) {
      result.warning = EndWarning(end, check.http.certificate_warning, absl::Now());
    }
    co_return result;
  }
  std::string why = verify && connection.tls() != nullptr ? WhyRefused(connection.tls()) : "";
  if (!why.empty()) {
    why = absl::StrCat("certificate refused: ", why);
  } else if (IsTimeout(ec)) {
    why = absl::StrCat("not complete within ", absl::FormatDuration(check.connect_timeout),
                       " of connecting");
  } else {
    why = Phrase(ec);
  }
  result =
      Failed(connection, ec, absl::StrCat("TLS handshake ", EndpointText(endpoint), ": ", why));
  result.stage = ProbeStage::kHandshake;
  result.certificate_ends = end.at;
  co_return result;
}

// Route 53: an endpoint whose certificate is not for the name sent is asked once more without it
// (route53.md 2.3), and that attempt counts.
asio::awaitable<ProbeResult> Secure(Connection& connection, const HealthCheck& check,
                                    asio::ip::tcp::endpoint endpoint, ProbeContext& context) {
  std::string name = ServerName(check);
  ProbeResult result = co_await HandshakeWith(connection, check, endpoint, name, context);
  if (!result.success || name.empty() || check.http.verify_certificate ||
      IsFor(connection.tls(), name)) {
    co_return result;
  }
  co_await connection.StartOver();
  result = co_await ConnectTo(connection, check, endpoint);
  name.clear();
  if (result.success) {
    result = co_await HandshakeWith(connection, check, endpoint, name, context);
  }
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
  std::string text =
      absl::StrCat(check.http.method, " ", absl::StartsWith(check.path, "/") ? "" : "/", check.path,
                   " HTTP/1.1\r\nHost: ", HostText(check), port, "\r\n");
  for (const auto& [name, value] : {kUserAgent, kAccept}) {
    if (!Sets(check, name)) absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  for (const HttpHeader& header : check.http.headers) {
    absl::StrAppend(&text, header.name, ": ", header.value, "\r\n");
  }
  // RFC 9110 8.6: a method that has a body has this too when it is empty.
  if (check.http.method == "POST") absl::StrAppend(&text, "Content-Length: 0\r\n");
  absl::StrAppend(&text, "Connection: close\r\n\r\n");
  return text;
}

asio::awaitable<ProbeResult> ProbeHttp(Connection& connection, const HealthCheck& check,
                                       asio::ip::tcp::endpoint endpoint, ProbeContext& context) {
  ProbeResult result = co_await ConnectTo(connection, check, endpoint);
  if (result.success && IsTls(check.type)) {
    result = co_await Secure(connection, check, endpoint, context);
  }
  if (!result.success) co_return result;
  ProbeResult answered = co_await Ask(connection, check);
  answered.warning = std::move(result.warning);
  answered.certificate_ends = result.certificate_ends;
  co_return answered;
}

}  // namespace understudy::control
