#include "control/health/probe.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace understudy::control {

namespace asio = boost::asio;

bool IsTls(CheckType type) {
  return type == CheckType::kHttps || type == CheckType::kHttpsStrMatch;
}

std::string EndpointText(const HealthCheck& check) {
  const bool v6 = check.address.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", check.address, v6 ? "]:" : ":", check.port);
}

Connection::Clock::duration ToClock(absl::Duration duration) {
  // An hour is more than any timeout or interval allowed, and far from overflow.
  return absl::ToChronoNanoseconds(std::clamp(duration, absl::ZeroDuration(), absl::Hours(1)));
}

ProbeResult Failed(const Connection& connection, const Connection::error_code& ec,
                   std::string reason) {
  ProbeResult result;
  result.reason = std::move(reason);
  if (IsShortageHere(ec)) {
    result.conclusive = false;
    absl::StrAppend(&result.reason, " (a shortage of this host: not counted)");
  } else if (IsTimeout(ec) && connection.Overslept()) {
    result.conclusive = false;
    absl::StrAppend(&result.reason, " (but this process stood still meanwhile: not counted)");
  }
  return result;
}

asio::awaitable<ProbeResult> ConnectTo(Connection& connection, const HealthCheck& check) {
  Connection::error_code ec;
  const asio::ip::address address = asio::ip::make_address(check.address, ec);
  ProbeResult result;
  if (ec) {
    result.reason = absl::StrCat("address \"", check.address, "\" is not an IP address");
    co_return result;
  }
  ec = co_await connection.Connect({address, check.port});
  if (!ec) {
    result.success = true;
    result.reason = "connected";
    co_return result;
  }
  const std::string why =
      IsTimeout(ec) ? absl::StrCat("no answer within ", absl::FormatDuration(check.connect_timeout))
                    : Phrase(ec);
  result = Failed(connection, ec, absl::StrCat("connect ", EndpointText(check), ": ", why));
  co_return result;
}

asio::awaitable<ProbeResult> RunProbe(Connection& connection, const HealthCheck& check,
                                      asio::ssl::context& tls) {
  const absl::Time started = absl::Now();
  const auto begin = Connection::Clock::now();
  ProbeResult result;
  try {
    connection.SetDeadline(begin + ToClock(check.connect_timeout));
    if (check.type == CheckType::kTcp) {
      result = co_await ProbeTcp(connection, check);
    } else {
      result = co_await ProbeHttp(connection, check, tls);
    }
  } catch (const std::exception& e) {  // out of memory; nothing else is thrown below
    result = ProbeResult();
    result.reason = absl::StrCat("probe could not run: ", e.what(), " (not counted)");
    result.conclusive = false;
  }
  result.started = started;
  result.took = absl::FromChrono(Connection::Clock::now() - begin);
  co_return result;
}

}  // namespace understudy::control
