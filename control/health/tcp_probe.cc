// The tcp check: the endpoint accepts a connection within connect_timeout. Nothing is sent or read.
#include "control/health/probe.h"

namespace understudy::control {

boost::asio::awaitable<ProbeResult> ProbeTcp(Connection& connection, const HealthCheck& check,
                                             boost::asio::ip::tcp::endpoint endpoint) {
  ProbeResult result = co_await ConnectTo(connection, check, endpoint);
  co_return result;
}

}  // namespace understudy::control
