// Probe: one attempt at the endpoint of a check, and how it went.
//
// Used by: checker. The timing is Route 53's (route53.md 2.3) with timeouts of the check's own:
//   connect_timeout   TCP connect, and for https the TLS handshake within the same time: an
//   endpoint that
//                     accepts but never completes the handshake is as good as not there
//   response_timeout  from connected to the complete status line, and again from there to the end
//   of the
//                     header and to the decision about the body
// A coroutine takes references: the caller keeps them alive until it has ended.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROBE_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROBE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <string>

#include "control/config/desired_state.h"
#include "control/health/connection.h"
#include "control/health/verdict.h"

namespace understudy::control {

// Runs one attempt over a fresh `connection`; Connection::Abort ends it early. Does not throw.
// The connection is left open after an answer, so that the result can be used before it is closed.
boost::asio::awaitable<ProbeResult> RunProbe(Connection& connection, const HealthCheck& check,
                                             boost::asio::ssl::context& tls);

// The kinds; they fill success, reason and conclusive.
boost::asio::awaitable<ProbeResult> ProbeTcp(Connection& connection, const HealthCheck& check);
boost::asio::awaitable<ProbeResult> ProbeHttp(Connection& connection, const HealthCheck& check,
                                              boost::asio::ssl::context& tls);

// TCP connect within what is left of connect_timeout. Success, or why not.
boost::asio::awaitable<ProbeResult> ConnectTo(Connection& connection, const HealthCheck& check);

// What an http probe sends.
std::string RequestText(const HealthCheck& check);
// The name for SNI, or empty when none is to be sent.
std::string ServerName(const HealthCheck& check);
// "192.0.2.10:80", "[2001:db8::1]:80".
std::string EndpointText(const HealthCheck& check);
bool IsTls(CheckType type);

Connection::Clock::duration ToClock(absl::Duration duration);
// The result for an operation that failed with `ec`.
ProbeResult Failed(const Connection& connection, const Connection::error_code& ec,
                   std::string reason);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROBE_H_
