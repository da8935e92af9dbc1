// What is judged within the bytes of an answer is tested in http_answer_test; here it is about
// time, connections and what is sent.
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/health/probe.h"
#include "tests/control/health/compressed.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

class HttpProbe : public testing::Test {
 protected:
  ProbeResult ProbeOf(const HealthCheck& check) { return Probe(io_, check); }
  // Of an endpoint that reads the request, then says `text` and closes.
  ProbeResult ProbeSaying(const std::string& text, CheckType type) {
    const ScriptedServer server(io_, Saying(text));
    const ProbeResult result = Probe(io_, PatientCheck(type, server.port()));
    io_.poll();
    return result;
  }
  asio::io_context io_;
};

void ExpectFailure(const ProbeResult& result, const std::string& part) {
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_TRUE(absl::StrContains(result.reason, part)) << result.reason;
}

TEST_F(HttpProbe, StatusDecides) {
  for (const int status : {200, 204, 301, 399}) {
    const ProbeResult result = ProbeSaying(
        absl::StrCat("HTTP/1.1 ", status, " X\r\nLocation: /gone\r\n\r\n"), CheckType::kHttp);
    EXPECT_TRUE(result.success) << result.reason;
    EXPECT_EQ(result.reason, absl::StrCat("HTTP ", status));
  }
  for (const int status : {400, 404, 500, 503}) {
    ExpectFailure(ProbeSaying(absl::StrCat("HTTP/1.1 ", status, " X\r\n\r\n"), CheckType::kHttp),
                  absl::StrCat("HTTP ", status));
  }
  ExpectFailure(ProbeSaying("HTTP/1.1 199 X\r\n\r\n", CheckType::kHttp), "connection closed");
}

TEST_F(HttpProbe, BodyDecidesWhenAStringIsAskedFor) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
  EXPECT_TRUE(ProbeSaying(head + Gzip("all is well"), CheckType::kHttpStrMatch).success);
  ExpectFailure(ProbeSaying(head + Gzip("all is lost"), CheckType::kHttpStrMatch),
                "HTTP 200, but string not found in the 11 bytes");
}

TEST_F(HttpProbe, SendsOneGetWithTheHostOfTheCheckAndSaysWhoAsks) {
  std::string request;
  const ScriptedServer server(io_, [&request](tcp::socket& s) -> asio::awaitable<void> {
    request = co_await ReadRequest(s);
    co_await Say(s, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n");
  });
  HealthCheck check = PatientCheck(CheckType::kHttp, server.port());
  check.host = "app.example.com";
  check.path = "/healthz?deep=1";
  EXPECT_TRUE(ProbeOf(check).success);
  EXPECT_EQ(request,
            absl::StrCat("GET /healthz?deep=1 HTTP/1.1\r\nHost: app.example.com:", check.port,
                         "\r\nUser-Agent: Understudy-Health-Check/" UNDERSTUDY_VERSION
                         "\r\nAccept: */*\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(server.accepted(), 1);  // the redirect is not followed
}

TEST_F(HttpProbe, SendsTheMethodAndTheHeadersOfTheCheck) {
  std::string request;
  const ScriptedServer server(io_, [&request](tcp::socket& s) -> asio::awaitable<void> {
    request = co_await ReadRequest(s);
    co_await Say(s, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
  });
  HealthCheck check = PatientCheck(CheckType::kHttp, server.port());
  check.http.method = "HEAD";
  check.http.headers = {{"X-Probe", "edge 1"}, {"accept", "text/plain"}, {"X-Empty", ""}};
  EXPECT_TRUE(ProbeOf(check).success);
  EXPECT_EQ(request, absl::StrCat("HEAD / HTTP/1.1\r\nHost: 127.0.0.1:", check.port,
                                  "\r\nUser-Agent: Understudy-Health-Check/" UNDERSTUDY_VERSION
                                  "\r\nX-Probe: edge 1\r\naccept: text/plain\r\nX-Empty: "
                                  "\r\nConnection: close\r\n\r\n"));
  check.http.method = "POST";
  check.http.headers = {{"User-Agent", "mine"}};
  EXPECT_TRUE(ProbeOf(check).success);
  EXPECT_EQ(request, absl::StrCat("POST / HTTP/1.1\r\nHost: 127.0.0.1:", check.port,
                                  "\r\nAccept: */*\r\nUser-Agent: mine\r\nContent-Length: 0"
                                  "\r\nConnection: close\r\n\r\n"));
}

TEST_F(HttpProbe, ARedirectIsJudgedByItsStatusAndNotFollowed) {
  const ScriptedServer target(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  const std::string answer =
      absl::StrCat("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:", target.port(), "/\r\n\r\n");
  const ScriptedServer server(io_, Saying(answer));
  HealthCheck check = PatientCheck(CheckType::kHttp, server.port());
  EXPECT_EQ(ProbeOf(check).reason, "HTTP 301");
  check.http.statuses = {{200, 299}};
  ExpectFailure(ProbeOf(check), "HTTP 301, expected 200-299");
  EXPECT_EQ(target.accepted(), 0);
}

TEST_F(HttpProbe, HostHeaderHasThePortUnlessItIsTheUsualOne) {
  struct Row {
    CheckType type;
    uint16_t port;
    std::string host;
    std::string address;
    std::string header;
  };
  const std::vector<Row> rows = {
      {CheckType::kHttp, 80, "a.example", "192.0.2.1", "a.example"},
      {CheckType::kHttpStrMatch, 80, "a.example", "192.0.2.1", "a.example"},
      {CheckType::kHttp, 443, "a.example", "192.0.2.1", "a.example:443"},
      {CheckType::kHttps, 443, "a.example", "192.0.2.1", "a.example"},
      {CheckType::kHttpsStrMatch, 443, "a.example", "192.0.2.1", "a.example"},
      {CheckType::kHttps, 80, "a.example", "192.0.2.1", "a.example:80"},
      {CheckType::kHttp, 8080, "", "192.0.2.1", "192.0.2.1:8080"},
      {CheckType::kHttp, 80, "", "192.0.2.1", "192.0.2.1"},
      {CheckType::kHttp, 80, "", "2001:db8::1", "[2001:db8::1]"},
      {CheckType::kHttps, 8443, "", "2001:db8::1", "[2001:db8::1]:8443"},
      {CheckType::kHttp, 80, "", "fe80::1%eth0", "[fe80::1]"},
  };
  for (const Row& row : rows) {
    HealthCheck check = PatientCheck(row.type, row.port);
    check.host = row.host;
    check.address = row.address;
    EXPECT_TRUE(
        absl::StrContains(RequestText(check), absl::StrCat("\r\nHost: ", row.header, "\r\n")))
        << RequestText(check);
  }
}

TEST_F(HttpProbe, PathGetsItsLeadingSlash) {
  HealthCheck check = PatientCheck(CheckType::kHttp, 80);
  check.path = "healthz";
  EXPECT_TRUE(absl::StartsWith(RequestText(check), "GET /healthz HTTP/1.1\r\n"));
  check.path = "";
  EXPECT_TRUE(absl::StartsWith(RequestText(check), "GET / HTTP/1.1\r\n"));
}

TEST_F(HttpProbe, FailsWhenConnectingFails) {
  const RefusedPort refused(io_);
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, refused.port())), "connection refused");
  const BlackHole hole(io_);
  ExpectFailure(ProbeOf(HastyCheck(CheckType::kHttp, hole.port())), "no answer within 150ms");
}

TEST_F(HttpProbe, FailsWhenTheEndpointStaysSilentAndLetsItGo) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(
      io_, [&end](tcp::socket& s) -> asio::awaitable<void> { end = co_await ReadToEnd(s); });
  ExpectFailure(ProbeOf(HastyCheck(CheckType::kHttp, server.port())),
                "no status line within 150ms after connecting");
  EXPECT_TRUE(RunUntil(io_, [&end] { return end.has_value(); }));
}

// Says `fast` at once, then `slow` for ever, one round each 10 ms.
ScriptedServer::Script Dripping(const std::string& fast, const std::string& slow, bool* let_go) {
  return [fast, slow, let_go](tcp::socket& s) -> asio::awaitable<void> {
    co_await Say(s, fast);
    boost::system::error_code ec;
    while (!ec) {
      auto [written, size] =
          co_await asio::async_write(s, asio::buffer(slow), asio::as_tuple(asio::use_awaitable));
      ec = written;
      co_await Pause(milliseconds(10));
    }
    *let_go = true;
  };
}

TEST_F(HttpProbe, AnEndpointThatDripsIsLetGoAtTheTimeout) {
  struct Row {
    std::string fast;
    std::string slow;
    std::string reason;
  };
  const std::vector<Row> rows = {
      {"HTTP/1.1 200 ", "x", "no status line within 150ms after connecting"},
      {"HTTP/1.1 103 X\r\n\r\n", "HTTP/1.1 103 X\r\n\r\n", "no status line within 150ms"},
      {"HTTP/1.1 200 OK\r\n", "A: b\r\n", "the header did not end within 150ms"},
      {"HTTP/1.1 200 OK\r\n\r\n", "x", "bytes of body received within 150ms after the status line"},
  };
  for (const Row& row : rows) {
    bool let_go = false;
    const ScriptedServer server(io_, Dripping(row.fast, row.slow, &let_go));
    ExpectFailure(ProbeOf(HastyCheck(CheckType::kHttpStrMatch, server.port())), row.reason);
    EXPECT_TRUE(RunUntil(io_, [&let_go] { return let_go; }));
  }
}

TEST_F(HttpProbe, TheBodyHasATimeOfItsOwnFromTheStatusLineOn) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await Pause(milliseconds(600));
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
    co_await Pause(milliseconds(600));
    co_await Say(s, "all is well");
    co_await ReadToEnd(s);
  });
  HealthCheck check = PatientCheck(CheckType::kHttpStrMatch, server.port());
  check.response_timeout = absl::Seconds(1);
  const ProbeResult result = ProbeOf(check);
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_GE(result.took, absl::Milliseconds(1200));
}

TEST_F(HttpProbe, AnEndlessBodyIsLetGoOnceItIsDecided) {
  for (const CheckType type : {CheckType::kHttp, CheckType::kHttpStrMatch}) {
    bool let_go = false;
    const std::string page(1 << 20, 'x');
    const ScriptedServer server(io_, Dripping("HTTP/1.1 200 OK\r\n\r\n", page, &let_go));
    const ProbeResult result = ProbeOf(PatientCheck(type, server.port()));
    EXPECT_EQ(result.success, type == CheckType::kHttp) << result.reason;
    EXPECT_TRUE(RunUntil(io_, [&let_go] { return let_go; }));
  }
}

TEST_F(HttpProbe, SaysHowTheConnectionEnded) {
  const ScriptedServer closing(
      io_, [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadRequest(s); });
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, closing.port())),
                "connection closed before a status line");
  const ScriptedServer at_once(io_, [](tcp::socket&) -> asio::awaitable<void> { co_return; });
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, at_once.port())), "before a status line");
  const ScriptedServer resetting(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    ResetOnClose(s);
  });
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, resetting.port())),
                "connection reset by peer before a status line");
  const ScriptedServer midway(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Say(s, "HTTP/1.1 200 OK\r\nA: ");
  });
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, midway.port())),
                "HTTP 200, but connection closed before the end of the header");
}

TEST_F(HttpProbe, WhatWasSaidBeforeTheRequestWasReadCounts) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await Say(s, "HTTP/1.1 503 Busy\r\n\r\n");
    s.shutdown(tcp::socket::shutdown_send);
    co_await ReadToEnd(s);
  });
  ExpectFailure(ProbeOf(PatientCheck(CheckType::kHttp, server.port())), "HTTP 503");
}

TEST_F(HttpProbe, GarbageIsCalledGarbageAtOnce) {
  ExpectFailure(ProbeSaying("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", CheckType::kHttp),
                "not an HTTP/1 answer: it starts with \"SSH-2.0-OpenSSH_9.2p1");
  ExpectFailure(ProbeSaying("HTTP/1.1 200 OK\r\nX: " + std::string(17000, 'x'), CheckType::kHttp),
                "header of more than 16384 bytes");
}

TEST_F(HttpProbe, ClosesWithoutAResetAfterABodyThatNobodyNeeded) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(io_, [&end](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
    co_await Pause(milliseconds(20));
    co_await Say(s, std::string(20000, 'x'));
    s.shutdown(tcp::socket::shutdown_send);
    end = co_await ReadToEnd(s);
  });
  EXPECT_TRUE(ProbeOf(PatientCheck(CheckType::kHttp, server.port())).success);
  ASSERT_TRUE(RunUntil(io_, [&end] { return end.has_value(); }));
  EXPECT_EQ(*end, asio::error::eof);
}

}  // namespace
}  // namespace understudy::control
