// Probe: one attempt at the endpoint of a check, and how it went.
//
// Used by: checker. The timing is Route 53's (route53.md 2.3) with timeouts of the check's own:
//   connect_timeout   the name resolved (where a host is given instead of an address), TCP
//                     connected, and for https the TLS handshake done, all within the same time:
//                     an endpoint that accepts but never completes the handshake is as good as not
//                     there
//   response_timeout  from connected to the complete status line, and again from there to the end
//                     of the header and to the decision about the body
// A coroutine takes references: the caller keeps them alive until it has ended.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROBE_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROBE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "control/config/desired_state.h"
#include "control/health/connection.h"
#include "control/health/probe_context.h"
#include "control/health/verdict.h"

namespace understudy::control {

// Runs one attempt over a fresh `connection`; Connection::Abort ends it early. Does not throw.
// The connection is left open after an answer, so that the result can be used before it is closed.
boost::asio::awaitable<ProbeResult> RunProbe(Connection& connection, const HealthCheck& check,
                                             ProbeContext& context);

// Where a probe goes, or why it cannot.
struct Located {
  boost::asio::ip::tcp::endpoint endpoint;
  ProbeResult result;    // success when there is an endpoint
  std::string resolved;  // ", resolved to 192.0.2.1"; empty for a literal address
};
// The address of the check, or that of its host, asked for within the deadline of `connection`.
boost::asio::awaitable<Located> Locate(Connection& connection, const HealthCheck& check,
                                       ProbeContext& context);

// The kinds, at an endpoint that is known; they fill success, reason, warning and conclusive.
boost::asio::awaitable<ProbeResult> ProbeTcp(Connection& connection, const HealthCheck& check,
                                             boost::asio::ip::tcp::endpoint endpoint);
boost::asio::awaitable<ProbeResult> ProbeHttp(Connection& connection, const HealthCheck& check,
                                              boost::asio::ip::tcp::endpoint endpoint,
                                              ProbeContext& context);

// TCP connect within what is left of connect_timeout. Success, or why not.
boost::asio::awaitable<ProbeResult> ConnectTo(Connection& connection, const HealthCheck& check,
                                              boost::asio::ip::tcp::endpoint endpoint);

// What an http probe sends.
std::string RequestText(const HealthCheck& check);
// The name for SNI, or empty when none is to be sent.
std::string ServerName(const HealthCheck& check);
// "192.0.2.10:80", "[2001:db8::1]:80".
std::string EndpointText(const boost::asio::ip::tcp::endpoint& endpoint);
bool IsTls(CheckType type);

Connection::Clock::duration ToClock(absl::Duration duration);
// The result for an operation that failed with `ec`.
ProbeResult Failed(const Connection& connection, const Connection::error_code& ec,
                   std::string reason);
ProbeResult Failed(const Connection& connection, bool shortage_here, bool timed_out,
                   std::string reason);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROBE_H_
