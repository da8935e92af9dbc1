// The dns check: one query, and what its answer must be (dns_answer.h).
//
// Used by: probe. The timing is that of a stub resolver's single try:
//   UDP   response_timeout from the query to its answer. What does not answer this query, or comes
//         from elsewhere, is passed over. An answer that is truncated where records are expected is
//         asked for again over TCP, within the same time.
//   TCP   connect_timeout to connect, response_timeout from there to the whole answer.
// The id is random, and so is the source port: the kernel's choice for a socket of its own (RFC
// 5452 9.2).
#ifndef UNDERSTUDY_CONTROL_HEALTH_DNS_PROBE_H_
#define UNDERSTUDY_CONTROL_HEALTH_DNS_PROBE_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "control/config/desired_state.h"
#include "control/health/connection.h"
#include "control/health/verdict.h"

namespace understudy::control {

boost::asio::awaitable<ProbeResult> ProbeDns(Connection& connection, const HealthCheck& check,
                                             boost::asio::ip::tcp::endpoint endpoint);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_DNS_PROBE_H_
