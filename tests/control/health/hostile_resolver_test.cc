// Resolvers that are silent, lie, flood or are not there: the probe of the name fails in time, and
// the others go on.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/control/health/named_checks.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using HostileResolver = NamedChecks;

TEST_F(HostileResolver, AResolverThatNeverAnswersEndsWithTheConnectTimeout) {
  const ScriptedResolver resolver(io_,
                                  [](const DnsQuestion&) { return std::vector<std::string>{}; });
  const auto began = Clock::now();
  const ProbeResult result =
      ProbeWith(resolver.server(), Named(HastyCheck(CheckType::kTcp, server_.port())));
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive) << result.reason;
  EXPECT_EQ(result.reason, "DNS resolution failed: app.example.com had no answer in time");
  EXPECT_LT(Clock::now() - began, milliseconds(400));
  EXPECT_GE(resolver.questions().size(), 2u);  // it was asked again
}

TEST_F(HostileResolver, AResolverThatIsNotThereFails) {
  const RefusedPort refused(io_);
  const ProbeResult result = ProbeWith(absl::StrCat("127.0.0.1:", refused.port()), Check());
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(absl::StrContains(result.reason, "DNS resolution failed: app.example.com "))
      << result.reason;
}

TEST_F(HostileResolver, TheSecondResolverIsAskedWhenTheFirstIsSilent) {
  const ScriptedResolver silent(io_, [](const DnsQuestion&) { return std::vector<std::string>{}; });
  const ScriptedResolver good(io_, Answering({{ARecord("127.0.0.1")}}));
  HealthCheck check = Check();
  check.connect_timeout = absl::Seconds(2);
  const ProbeResult result = ProbeWith(silent.server() + "," + good.server(), check);
  EXPECT_TRUE(result.success) << result.reason;
}

TEST_F(HostileResolver, WhileAResolverIsSilentOtherProbesGoOn) {
  const ScriptedResolver silent(io_, [](const DnsQuestion&) { return std::vector<std::string>{}; });
  ProbeContext context{Resolver(silent.server())};
  int waiting = 50;
  for (int i = 0; i < 50; ++i) {
    asio::co_spawn(
        io_,
        [&]() -> asio::awaitable<void> {
          Connection connection(io_.get_executor());
          const HealthCheck check = Named(HastyCheck(CheckType::kTcp, server_.port()));
          co_await RunProbe(connection, check, context);
          --waiting;
        },
        asio::detached);
  }
  io_.poll();
  const ProbeResult other = Probe(io_, PatientCheck(CheckType::kTcp, server_.port()), context);
  EXPECT_TRUE(other.success);
  EXPECT_LT(other.took, absl::Milliseconds(100));
  EXPECT_EQ(waiting, 50);
  EXPECT_TRUE(RunUntil(io_, [&waiting] { return waiting == 0; }));
}

TEST_F(HostileResolver, AbortEndsTheQuestionAtOnce) {
  const ScriptedResolver silent(io_, [](const DnsQuestion&) { return std::vector<std::string>{}; });
  ProbeContext context{Resolver(silent.server())};
  std::optional<Connection> connection(std::in_place, io_.get_executor());
  const HealthCheck check = Check();
  bool ended = false;
  asio::co_spawn(
      io_,
      [&]() -> asio::awaitable<void> {
        co_await RunProbe(*connection, check, context);
        ended = true;
      },
      asio::detached);
  ASSERT_TRUE(RunUntil(io_, [&silent] { return !silent.questions().empty(); }));
  EXPECT_FALSE(ended);
  connection->Abort();
  const auto began = Clock::now();
  EXPECT_TRUE(RunUntil(io_, [&ended] { return ended; }));
  EXPECT_LT(Clock::now() - began, milliseconds(100));
}

TEST_F(HostileResolver, ALoopThatGoesAwayWithQuestionsOpenLeavesNothing) {
  const ScriptedResolver silent(io_, [](const DnsQuestion&) { return std::vector<std::string>{}; });
  ProbeContext context{Resolver(silent.server())};
  const HealthCheck check = Check();
  auto io = std::make_unique<asio::io_context>();
  {
    const auto connection = std::make_shared<Connection>(io->get_executor());
    asio::co_spawn(
        *io,
        [connection, &check, &context]() -> asio::awaitable<void> {
          co_await RunProbe(*connection, check, context);
        },
        asio::detached);
  }
  io->poll();
  io.reset();  // under the address sanitizer: no leak, no use after free
}

TEST_F(HostileResolver, LiesAndNoiseAreNotBelieved) {
  const ScriptedResolver resolver(io_, [](const DnsQuestion& question) {
    const std::string good = MessageOf(question, {{ARecord("127.0.0.1")}});
    std::string other_id = MessageOf(question, {{ARecord("127.0.0.66")}});
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    std::string other_name = MessageOf(question, {{ARecord("127.0.0.66")}});
    other_name[13] = 'z';
    return std::vector<std::string>{"x", good.substr(0, 11), other_id, other_name, good};
  });
  const ProbeResult result = ProbeWith(resolver.server(), Check());
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1");
}

TEST_F(HostileResolver, AMessageThatIsCutOffFails) {
  for (const size_t cut : {1u, 4u, 10u, 17u}) {
    const ScriptedResolver resolver(io_, [cut](const DnsQuestion& question) {
      const std::string message = MessageOf(question, {{ARecord("127.0.0.1")}});
      return std::vector<std::string>{message.substr(0, message.size() - cut)};
    });
    HealthCheck check = Named(HastyCheck(CheckType::kTcp, server_.port()));
    const ProbeResult result = ProbeWith(resolver.server(), check);
    EXPECT_FALSE(result.success) << cut;
    EXPECT_TRUE(absl::StrContains(result.reason, "DNS resolution failed: ")) << result.reason;
  }
}

TEST_F(HostileResolver, AFloodOfAnswersDoesNotHoldUpTheLoop) {
  const ScriptedResolver resolver(io_, [](const DnsQuestion& question) {
    std::string wrong = MessageOf(question, {{ARecord("127.0.0.66")}});
    wrong[0] = static_cast<char>(wrong[0] ^ 1);
    return std::vector<std::string>(5000, wrong);
  });
  ProbeContext context{Resolver(resolver.server())};
  bool ended = false;
  asio::co_spawn(
      io_,
      [&]() -> asio::awaitable<void> {
        Connection connection(io_.get_executor());
        const HealthCheck check = Named(HastyCheck(CheckType::kTcp, server_.port()));
        co_await RunProbe(connection, check, context);
        ended = true;
      },
      asio::detached);
  ASSERT_TRUE(RunUntil(io_, [&resolver] { return !resolver.questions().empty(); }));
  EXPECT_TRUE(Probe(io_, PatientCheck(CheckType::kTcp, server_.port()), context).success);
  EXPECT_TRUE(RunUntil(io_, [&ended] { return ended; }));
}

TEST_F(HostileResolver, AHundredAddressesCostNoMoreThanOne) {
  DnsAnswer answer;
  for (int i = 1; i <= 30; ++i) answer.records.push_back(ARecord(absl::StrCat("127.0.0.", i)));
  answer.truncated = true;
  DnsAnswer whole;
  for (int i = 1; i <= 4000; ++i) {
    whole.records.push_back(ARecord(absl::StrCat("127.0.", i / 250, ".", i % 250 + 1)));
  }
  whole.records[0] = ARecord("127.0.0.1");
  const ScriptedResolver resolver(io_, [&](const DnsQuestion& question) {
    return std::vector<std::string>{MessageOf(question, question.over_tcp ? whole : answer)};
  });
  const ProbeResult result = ProbeWith(resolver.server(), Check());
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1, the first of 256");
  EXPECT_EQ(server_.accepted(), 1);
  ASSERT_EQ(resolver.questions().size(), 2u);
  EXPECT_TRUE(resolver.questions()[1].over_tcp);
}

}  // namespace
}  // namespace understudy::control
