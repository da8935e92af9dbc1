// The tcp check: the endpoint accepts a connection within connect_timeout. Nothing is sent or read.
#include "control/health/probe.h"

namespace understudy::control {

boost::asio::awaitable<ProbeResult> ProbeTcp(Connection& connection, const HealthCheck& check) {
  ProbeResult result = co_await ConnectTo(connection, check);
  co_return result;
}

}  // namespace understudy::control
