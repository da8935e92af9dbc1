// How many programs run at once, and what happens to those that wait.
#include "control/health/programs.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "control/health/exec_probe.h"
#include "tests/control/health/shell_check.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

class ProgramsTest : public testing::Test {
 protected:
  asio::io_context io_;
};

TEST_F(ProgramsTest, PlacesAreGivenInTheOrderOfAsking) {
  Programs programs(1);
  std::vector<std::string> order;
  const auto run = [&](std::string name) -> asio::awaitable<void> {
    Connection connection(io_.get_executor());
    const HealthCheck check = Shell("exit 0", name);
    const ProbeResult result = co_await ProbeExec(connection, check, programs);
    EXPECT_TRUE(result.success) << result.reason;
    order.push_back(name);
  };
  for (const char* name : {"a", "b", "c"}) asio::co_spawn(io_, run(name), asio::detached);
  io_.run();
  EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ProgramsTest, WaitingForAPlaceIsNotTimedAndCanBeAborted) {
  Programs programs(1);
  Connection first(io_.get_executor()), second(io_.get_executor()), third(io_.get_executor());
  const HealthCheck slow = Shell("sleep 0.4");
  HealthCheck hasty = Shell("exit 0");
  hasty.response_timeout = absl::Milliseconds(200);
  std::vector<std::string> reasons;
  const auto run = [&](Connection& connection, const HealthCheck& check) -> asio::awaitable<void> {
    reasons.push_back((co_await ProbeExec(connection, check, programs)).reason);
  };
  asio::co_spawn(io_, run(first, slow), asio::detached);
  asio::co_spawn(io_, run(second, hasty), asio::detached);
  asio::co_spawn(io_, run(third, hasty), asio::detached);
  io_.run_for(milliseconds(50));
  second.Abort();
  io_.run();
  EXPECT_EQ(reasons, (std::vector<std::string>{"aborted", "exit status 0", "exit status 0"}));
}

}  // namespace
}  // namespace understudy::control
