// Checks of a name: asked of a real resolver, before each probe, without holding up the others.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/health/probe.h"
#include "tests/control/health/scripted_resolver.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class NameProbe : public testing::Test {
 protected:
  NameProbe() : server_(io_, Accepting()) {}

  static ScriptedServer::Script Accepting() {
    return [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadToEnd(s); };
  }
  HealthCheck Named(HealthCheck check) const {
    check.address.clear();
    check.host = "app.example.com";
    return check;
  }
  // A tcp check of app.example.com at the port where 127.0.0.1 listens.
  HealthCheck Check() const { return Named(PatientCheck(CheckType::kTcp, server_.port())); }
  ProbeResult ProbeWith(const std::string& servers, const HealthCheck& check) {
    ProbeContext context{Resolver(servers)};
    return Probe(io_, check, context);
  }
  ProbeResult ProbeAnswering(const DnsAnswer& answer, const HealthCheck& check) {
    const ScriptedResolver resolver(io_, Answering(answer));
    const ProbeResult result = ProbeWith(resolver.server(), check);
    questions_ = resolver.questions();
    return result;
  }

  asio::io_context io_;
  ScriptedServer server_;
  std::vector<DnsQuestion> questions_;
};

TEST_F(NameProbe, ProbesTheAddressThatTheNameHasAndSaysWhich) {
  const ProbeResult result = ProbeAnswering({{ARecord("127.0.0.1")}}, Check());
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1");
  ASSERT_EQ(questions_.size(), 1u);
  EXPECT_EQ(questions_[0].name, "app.example.com");
  EXPECT_EQ(questions_[0].type, 1);
}

TEST_F(NameProbe, SendsTheNameAsHost) {
  std::string request;
  const ScriptedServer http(io_, [&request](tcp::socket& s) -> asio::awaitable<void> {
    request = co_await ReadRequest(s);
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
  });
  const ProbeResult result =
      ProbeAnswering({{ARecord("127.0.0.1")}}, Named(PatientCheck(CheckType::kHttp, http.port())));
  EXPECT_EQ(result.reason, "HTTP 200, resolved to 127.0.0.1");
  EXPECT_TRUE(absl::StrContains(request, absl::StrCat("Host: app.example.com:", http.port())));
}

TEST_F(NameProbe, TheFirstOfSeveralAddressesIsProbed) {
  const ProbeResult result =
      ProbeAnswering({{ARecord("127.0.0.1"), ARecord("127.0.0.2"), ARecord("127.0.0.3")}}, Check());
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1, the first of 3");
  const ProbeResult other = ProbeAnswering({{ARecord("127.0.0.2"), ARecord("127.0.0.1")}}, Check());
  EXPECT_FALSE(other.success);
  EXPECT_EQ(other.reason,
            absl::StrCat("connect 127.0.0.2:", server_.port(),
                         ": connection refused, resolved to 127.0.0.2, the first of 2"));
}

TEST_F(NameProbe, ANameThatHasOnlyAaaaRecordsFailsUnlessTheyAreAskedFor) {
  const auto script = [](const DnsQuestion& question) {
    DnsAnswer answer;
    if (question.type == 28) answer.records = {AaaaRecord("::1")};
    return std::vector<std::string>{MessageOf(question, answer)};
  };
  const ScriptedResolver resolver(io_, script);
  HealthCheck check = Check();
  const ProbeResult v4 = ProbeWith(resolver.server(), check);
  EXPECT_FALSE(v4.success);
  EXPECT_TRUE(v4.conclusive);
  EXPECT_EQ(v4.reason, "DNS resolution failed: app.example.com has no A record");
  // Resolved; nothing listens there.
  const std::string refused =
      absl::StrCat("connect [::1]:", server_.port(), ": connection refused, resolved to ::1");
  check.resolve = ResolveFamily::kIpv6;
  EXPECT_EQ(ProbeWith(resolver.server(), check).reason, refused);
  check.resolve = ResolveFamily::kAny;
  EXPECT_EQ(ProbeWith(resolver.server(), check).reason, refused);
}

TEST_F(NameProbe, OfBothFamiliesIpv4IsPreferred) {
  const ScriptedResolver resolver(io_, [](const DnsQuestion& question) {
    DnsAnswer answer{{question.type == 28 ? AaaaRecord("::1") : ARecord("127.0.0.1")}};
    return std::vector<std::string>{MessageOf(question, answer)};
  });
  HealthCheck check = Check();
  check.resolve = ResolveFamily::kAny;
  EXPECT_EQ(ProbeWith(resolver.server(), check).reason,
            "connected, resolved to 127.0.0.1, the first of 2");
}

TEST_F(NameProbe, TheNameIsAskedForBeforeEachProbe) {
  std::string address = "127.0.0.1";
  const ScriptedResolver resolver(io_, [&address](const DnsQuestion& question) {
    return std::vector<std::string>{MessageOf(question, {{ARecord(address)}})};
  });
  ProbeContext context{Resolver(resolver.server())};
  EXPECT_TRUE(Probe(io_, Check(), context).success);
  address = "127.0.0.9";
  EXPECT_FALSE(Probe(io_, Check(), context).success);
  EXPECT_EQ(resolver.questions().size(), 2u);
}

TEST_F(NameProbe, WhyANameHasNoAddressIsSaid) {
  struct Row {
    int rcode;
    std::string reason;
  };
  const std::vector<Row> rows = {
      {3, "does not exist"},
      {0, "has no A record"},
      {2, "got no answer from any resolver (SERVFAIL, REFUSED, or none)"},
      {5, "got no answer from any resolver (SERVFAIL, REFUSED, or none)"}};
  for (const Row& row : rows) {
    DnsAnswer answer;
    answer.rcode = row.rcode;
    const ProbeResult result = ProbeAnswering(answer, Check());
    EXPECT_FALSE(result.success);
    EXPECT_TRUE(result.conclusive);
    EXPECT_EQ(result.reason, "DNS resolution failed: app.example.com " + row.reason);
  }
}

TEST_F(NameProbe, NoSearchDomainIsTried) {
  DnsAnswer answer;
  answer.rcode = 3;
  HealthCheck check = Check();
  check.host = "backend";
  EXPECT_FALSE(ProbeAnswering(answer, check).success);
  for (const DnsQuestion& question : questions_) EXPECT_EQ(question.name, "backend");
}

TEST_F(NameProbe, AResolverThatNeverAnswersEndsWithTheConnectTimeout) {
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

TEST_F(NameProbe, AResolverThatIsNotThereFails) {
  const RefusedPort refused(io_);
  const ProbeResult result = ProbeWith(absl::StrCat("127.0.0.1:", refused.port()), Check());
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(absl::StrContains(result.reason, "DNS resolution failed: app.example.com "))
      << result.reason;
}

TEST_F(NameProbe, TheSecondResolverIsAskedWhenTheFirstIsSilent) {
  const ScriptedResolver silent(io_, [](const DnsQuestion&) { return std::vector<std::string>{}; });
  const ScriptedResolver good(io_, Answering({{ARecord("127.0.0.1")}}));
  HealthCheck check = Check();
  check.connect_timeout = absl::Seconds(2);
  const ProbeResult result = ProbeWith(silent.server() + "," + good.server(), check);
  EXPECT_TRUE(result.success) << result.reason;
}

TEST_F(NameProbe, WhileAResolverIsSilentOtherProbesGoOn) {
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

TEST_F(NameProbe, AbortEndsTheQuestionAtOnce) {
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

TEST_F(NameProbe, ALoopThatGoesAwayWithQuestionsOpenLeavesNothing) {
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

TEST_F(NameProbe, LiesAndNoiseAreNotBelieved) {
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

TEST_F(NameProbe, AMessageThatIsCutOffFails) {
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

TEST_F(NameProbe, AFloodOfAnswersDoesNotHoldUpTheLoop) {
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

TEST_F(NameProbe, AHundredAddressesCostNoMoreThanOne) {
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

TEST_F(NameProbe, AnAddressThatIsForbiddenFailsTheProbe) {
  HealthCheck check = Check();
  check.allow_private_addresses = false;
  const ProbeResult result = ProbeAnswering({{ARecord("127.0.0.1")}}, check);
  EXPECT_FALSE(result.success);
  EXPECT_EQ(server_.accepted(), 0);
  EXPECT_EQ(result.reason,
            "DNS resolution failed: app.example.com resolved to 127.0.0.1, which is in 127.0.0.0/8 "
            "(loopback, RFC 1122)");
  // Also when it is not the first, for the next answer may have it there.
  EXPECT_FALSE(ProbeAnswering({{ARecord("8.8.8.8"), ARecord("10.0.0.1")}}, check).success);
}

TEST_F(NameProbe, WhatCanBeNoEndpointIsNeverConnectedTo) {
  // Linux would take 0.0.0.0 for this host itself.
  for (const char* address : {"0.0.0.0", "224.0.0.1", "255.255.255.255"}) {
    EXPECT_FALSE(ProbeAnswering({{ARecord(address)}}, Check()).success) << address;
  }
  EXPECT_EQ(server_.accepted(), 0);
}

TEST_F(NameProbe, LocalhostIsThisHostWithoutAsking) {
  HealthCheck check = Check();
  check.host = "localhost";
  const ProbeResult result = ProbeAnswering({{ARecord("127.0.0.66")}}, check);
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1");
  EXPECT_TRUE(questions_.empty());
}

}  // namespace
}  // namespace understudy::control
