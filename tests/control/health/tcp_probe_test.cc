#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
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

// Leaves this process alone in a network namespace whose only ephemeral ports are 40000 and 40001.
bool EnterNamespaceOfTwoPorts() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq loopback = {};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  const bool up = ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
  close(fd);
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << "40000 40001" << std::flush;
  return up && range.good();
}

// A plain connect to a port that nobody listens on.
bool ConnectsToItself(uint16_t port) {
  asio::io_context io;
  tcp::socket socket(io);
  boost::system::error_code ec;
  socket.connect({asio::ip::address_v4::loopback(), port}, ec);
  return !ec;
}

bool ProbePasses(uint16_t port) {
  asio::io_context io;
  return Probe(io, PatientCheck(CheckType::kTcp, port)).success;
}

// Each attempt in a fresh namespace: there the lowest even port is the kernel's first choice.
int CountOfTen(bool (*attempt)(uint16_t port)) {
  int count = 0;
  for (int i = 0; i < 10; ++i) {
    if (!EnterNamespaceOfTwoPorts()) std::_Exit(1);
    if (attempt(40000)) ++count;
  }
  return count;
}

TEST_F(TcpProbe, DoesNotTakeAConnectionToItselfForTheEndpoint) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for a network namespace";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (CountOfTen(ConnectsToItself) == 0) std::_Exit(2);  // then this would show nothing
        std::_Exit(CountOfTen(ProbePasses) == 0 ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
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
