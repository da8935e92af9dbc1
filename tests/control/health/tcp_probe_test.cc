#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/health/connection.h"
#include "control/health/probe.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;

class TcpProbe : public testing::Test {
 protected:
  asio::io_context io_;
};

TEST_F(TcpProbe, PassesWhenTheEndpointAccepts) {
  const ScriptedServer server(
      io_, [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadToEnd(s); });
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kTcp, server.port()));
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.reason, "connected");
  EXPECT_TRUE(result.conclusive);
  EXPECT_GT(result.took, absl::ZeroDuration());
  EXPECT_GT(result.started, absl::UnixEpoch());
}

TEST_F(TcpProbe, SaysWhoRefused) {
  const RefusedPort refused(io_);
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kTcp, refused.port()));
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_EQ(result.reason,
            absl::StrCat("connect 127.0.0.1:", refused.port(), ": connection refused"));
}

TEST_F(TcpProbe, EndsAtTheConnectTimeoutWhenNothingAnswers) {
  const BlackHole hole(io_);
  const HealthCheck check = HastyCheck(CheckType::kTcp, hole.port());
  const ProbeResult result = Probe(io_, check);
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_EQ(result.reason,
            absl::StrCat("connect 127.0.0.1:", hole.port(), ": no answer within 150ms"));
  EXPECT_GE(result.took, check.connect_timeout);
}

TEST_F(TcpProbe, ReachesIpv6) {
  boost::system::error_code no_ipv6;
  tcp::acceptor acceptor(io_);
  acceptor.open(tcp::v6(), no_ipv6);
  if (!no_ipv6) acceptor.bind({asio::ip::address_v6::loopback(), 0}, no_ipv6);
  if (no_ipv6) GTEST_SKIP() << "no IPv6 loopback here: " << no_ipv6.message();
  HealthCheck check = PatientCheck(CheckType::kTcp, acceptor.local_endpoint().port());
  check.address = "::1";
  EXPECT_EQ(Probe(io_, check).reason,
            absl::StrCat("connect [::1]:", check.port, ": connection refused"));
  acceptor.listen();
  EXPECT_TRUE(Probe(io_, check).success);
}

TEST_F(TcpProbe, FailsOnAnAddressThatIsNone) {
  HealthCheck check = PatientCheck(CheckType::kTcp, 80);
  check.address = "example.com";
  const ProbeResult result = Probe(io_, check);
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason, "address \"example.com\" is not an IP address");
}

TEST_F(TcpProbe, ClosesWithoutAReset) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(io_, [&end](tcp::socket& s) -> asio::awaitable<void> {
    co_await Say(s, "220 mail.example.com ESMTP\r\n");  // nobody asked for it
    end = co_await ReadToEnd(s);
  });
  EXPECT_TRUE(Probe(io_, PatientCheck(CheckType::kTcp, server.port())).success);
  ASSERT_TRUE(RunUntil(io_, [&end] { return end.has_value(); }));
  EXPECT_EQ(*end, asio::error::eof);
}

TEST_F(TcpProbe, ClosesInTheEndEvenWhenTheEndpointNeverDoes) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(io_, [&end](tcp::socket& s) -> asio::awaitable<void> {
    end = co_await ReadToEnd(s);
    co_await Pause(std::chrono::hours(1));
  });
  EXPECT_TRUE(Probe(io_, PatientCheck(CheckType::kTcp, server.port())).success);
  EXPECT_TRUE(end.has_value());
}

TEST_F(TcpProbe, AShortageOfDescriptorsHereIsNotHeldAgainstTheEndpoint) {
  const ScriptedServer server(
      io_, [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadToEnd(s); });
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = dup(0);
  ASSERT_GE(lowest_free, 0);
  close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kTcp, server.port()));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.conclusive);
  EXPECT_TRUE(absl::StrContains(result.reason, "too many open files")) << result.reason;
}

TEST_F(TcpProbe, ATimeoutSeenLongAfterItsDeadlineIsNotHeldAgainstTheEndpoint) {
  const BlackHole hole(io_);
  // The steady clock cannot be set: the loop is really held up, as a stopped process would be.
  asio::steady_timer soon(io_, std::chrono::milliseconds(20));
  soon.async_wait(
      [](const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(1000)); });
  const ProbeResult result = Probe(io_, HastyCheck(CheckType::kTcp, hole.port()));
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.conclusive);
  EXPECT_TRUE(absl::StrContains(result.reason, "stood still")) << result.reason;
}

}  // namespace
}  // namespace understudy::control
