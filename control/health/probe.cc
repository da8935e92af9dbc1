#include "control/health/probe.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "control/config/address_range.h"
#include "control/health/dns_probe.h"
#include "control/health/exec_probe.h"

namespace understudy::control {

namespace asio = boost::asio;

bool IsTls(CheckType type) {
  return type == CheckType::kHttps || type == CheckType::kHttpsStrMatch;
}

std::string EndpointText(const asio::ip::tcp::endpoint& endpoint) {
  const bool v6 = endpoint.address().is_v6();
  return absl::StrCat(v6 ? "[" : "", endpoint.address().to_string(), v6 ? "]:" : ":",
                      endpoint.port());
}

Connection::Clock::duration ToClock(absl::Duration duration) {
  // An hour is more than any timeout or interval allowed, and far from overflow.
  return absl::ToChronoNanoseconds(std::clamp(duration, absl::ZeroDuration(), absl::Hours(1)));
}

ProbeResult Failed(const Connection& connection, const Connection::error_code& ec,
                   std::string reason) {
  return Failed(connection, IsShortageHere(ec), IsTimeout(ec), std::move(reason));
}

ProbeResult Failed(const Connection& connection, bool shortage_here, bool timed_out,
                   std::string reason) {
  ProbeResult result;
  result.reason = std::move(reason);
  if (shortage_here) {
    result.conclusive = false;
    absl::StrAppend(&result.reason, " (a shortage of this host: not counted)");
  } else if (timed_out && connection.Overslept()) {
    result.conclusive = false;
    absl::StrAppend(&result.reason, " (but this process stood still meanwhile: not counted)");
  }
  return result;
}

namespace {

// What a resolved name means for the probe.
ProbeResult ResultOf(const Connection& connection, const HealthCheck& check,
                     const Resolved& resolved) {
  if (resolved.addresses.empty()) {
    return Failed(connection, resolved.shortage_here, resolved.timed_out, resolved.failure);
  }
  ProbeResult result;
  for (const asio::ip::address& address : resolved.addresses) {
    const std::string text = address.to_string();
    const std::string_view range = ForbiddenRangeOf(text, check.allow_private_addresses);
    if (range.empty()) continue;
    result.reason = absl::StrCat("DNS resolution failed: ", check.host, " resolved to ", text,
                                 ", which is in ", absl::string_view(range.data(), range.size()));
    return result;
  }
  result.success = true;
  return result;
}

std::string ResolvedText(const Resolved& resolved) {
  if (resolved.addresses.empty()) return "";
  std::string text = absl::StrCat(", resolved to ", resolved.addresses.front().to_string());
  if (resolved.addresses.size() > 1) {
    absl::StrAppend(&text, ", the first of ", resolved.addresses.size());
  }
  return text;
}

}  // namespace

asio::awaitable<Located> Locate(Connection& connection, const HealthCheck& check,
                                ProbeContext& context) {
  Located located;
  asio::ip::address address;
  if (!check.address.empty()) {
    Connection::error_code ec;
    address = asio::ip::make_address(check.address, ec);
    located.result.success = !ec;
    if (ec)
      located.result.reason = absl::StrCat("address \"", check.address, "\" is not an IP address");
  } else {
    const Resolved resolved =
        co_await context.resolver().Resolve(connection, check.host, check.resolve);
    located.result = ResultOf(connection, check, resolved);
    located.result.stage = ProbeStage::kResolve;
    if (located.result.success) address = resolved.addresses.front();
    located.resolved = ResolvedText(resolved);
  }
  located.endpoint = {address, check.port};
  co_return located;
}

asio::awaitable<ProbeResult> ConnectTo(Connection& connection, const HealthCheck& check,
                                       asio::ip::tcp::endpoint endpoint) {
  ProbeResult result;
  const Connection::error_code ec = co_await connection.Connect(endpoint);
  if (!ec) {
    result.success = true;
    result.reason = "connected";
    co_return result;
  }
  const std::string why =
      IsTimeout(ec) ? absl::StrCat("no answer within ", absl::FormatDuration(check.connect_timeout))
                    : Phrase(ec);
  result = Failed(connection, ec, absl::StrCat("connect ", EndpointText(endpoint), ": ", why));
  result.stage = ProbeStage::kConnect;
  co_return result;
}

namespace {

bool HasEndpoint(CheckType type) { return IsProbed(type) && type != CheckType::kExec; }

// The one place that knows which kind of check is probed how.
asio::awaitable<ProbeResult> Dispatch(Connection& connection, const HealthCheck& check,
                                      ProbeContext& context) {
  Located located;
  if (HasEndpoint(check.type)) located = co_await Locate(connection, check, context);
  ProbeResult result = std::move(located.result);
  if (HasEndpoint(check.type) && !result.success) co_return result;
  switch (check.type) {
    case CheckType::kTcp:
      result = co_await ProbeTcp(connection, check, located.endpoint);
      break;
    case CheckType::kHttp:
    case CheckType::kHttps:
    case CheckType::kHttpStrMatch:
    case CheckType::kHttpsStrMatch:
      result = co_await ProbeHttp(connection, check, located.endpoint, context);
      break;
    case CheckType::kDns:
      result = co_await ProbeDns(connection, check, located.endpoint);
      break;
    case CheckType::kExec:
      result = co_await ProbeExec(connection, check, context.programs());
      break;
    case CheckType::kPush:
    case CheckType::kCalculated:
      result = ProbeResult();
      result.reason = "is not probed";
      result.conclusive = false;
      break;
  }
  result.reason += located.resolved;
  co_return result;
}

}  // namespace

asio::awaitable<ProbeResult> RunProbe(Connection& connection, const HealthCheck& check,
                                      ProbeContext& context) {
  const absl::Time started = absl::Now();
  const auto begin = Connection::Clock::now();
  ProbeResult result;
  try {
    connection.SetDeadline(begin + ToClock(check.connect_timeout));
    result = co_await Dispatch(connection, check, context);
  } catch (const std::exception& e) {  // out of memory; nothing else is thrown below
    result = ProbeResult();
    result.reason = absl::StrCat("probe could not run: ", e.what(), " (not counted)");
    result.conclusive = false;
  }
  // An exec probe may have waited for its place.
  if (result.started == absl::InfinitePast()) result.started = started;
  result.took = absl::FromChrono(Connection::Clock::now() - begin);
  co_return result;
}

}  // namespace understudy::control
