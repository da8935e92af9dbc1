// Checks of a name: asked of a real resolver before each probe. Resolvers that lie or are silent:
// hostile_resolver_test.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/control/health/named_checks.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using NameProbe = NamedChecks;

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

TEST_F(NameProbe, RecordsOfAnotherTypeThanAskedForAreLeftOut) {
  const ProbeResult result =
      ProbeAnswering({{AaaaRecord("::1"), ARecord("127.0.0.1"), {16, "\x01x"}}}, Check());
  EXPECT_EQ(result.reason, "connected, resolved to 127.0.0.1");
  EXPECT_EQ(ProbeAnswering({{AaaaRecord("::1")}}, Check()).reason,
            "DNS resolution failed: app.example.com has no A record");
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
  EXPECT_TRUE(
      absl::StrContains(ProbeAnswering({{ARecord("8.8.8.8"), ARecord("10.0.0.1")}}, check).reason,
                        "resolved to 10.0.0.1, which is in 10.0.0.0/8 (private, RFC 1918)"));
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
