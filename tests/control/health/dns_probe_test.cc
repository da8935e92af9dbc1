// dns probes against servers of this test, over real sockets.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/health/checker.h"
#include "control/zone/zone_file.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using std::chrono::milliseconds;

constexpr size_t kFlagsAt = 2;
const std::string kRecord =  // of the name in the question: A 192.0.2.1
    std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1", 16);

// An answer with one record, or with another rcode and none.
std::string Answering(std::string query, char rcode = 0) {
  query[kFlagsAt] = static_cast<char>(query[kFlagsAt] | '\x80');
  query[kFlagsAt + 1] = rcode;
  if (rcode != 0) return query;
  query[7] = 1;  // ANCOUNT
  return query + kRecord;
}
std::string Truncated(std::string query) {
  query[kFlagsAt] = static_cast<char>(query[kFlagsAt] | '\x82');
  return query;
}
std::string Framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
         message;
}

// Sends what the script says for each query, all from the port that was asked or from another one.
class UdpServer {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& query)>;

  UdpServer(asio::io_context& io, Script script, uint16_t port = 0)
      : socket_(io, udp::endpoint(asio::ip::address_v4::loopback(), port)),
        other_(io, udp::endpoint(asio::ip::address_v4::loopback(), 0)),
        script_(std::move(script)) {
    Receive();
  }
  uint16_t port() const { return socket_.local_endpoint().port(); }
  void AnswerFromElsewhere() { elsewhere_ = true; }
  const std::set<uint16_t>& ports_seen() const { return ports_seen_; }
  const std::set<std::string>& ids_seen() const { return ids_seen_; }
  int queries() const { return queries_; }

 private:
  void Receive() {
    socket_.async_receive_from(asio::buffer(buffer_), peer_, [this](auto error, size_t size) {
      if (error) return;
      ++queries_;
      ports_seen_.insert(peer_.port());
      ids_seen_.insert({buffer_.data(), 2});
      for (const std::string& reply : script_({buffer_.data(), size})) {
        (elsewhere_ ? other_ : socket_).send_to(asio::buffer(reply), peer_);
      }
      Receive();
    });
  }

  udp::socket socket_;
  udp::socket other_;
  Script script_;
  udp::endpoint peer_;
  std::array<char, 2048> buffer_;
  std::set<uint16_t> ports_seen_;
  std::set<std::string> ids_seen_;
  bool elsewhere_ = false;
  int queries_ = 0;
};

HealthCheck DnsCheck(uint16_t port, const std::string& address = "192.0.2.1") {
  HealthCheck check = PatientCheck(CheckType::kDns, port);
  check.dns.name = *NameToWire("app.example.");
  check.dns.answers = {*RdataFromText(1, address)};
  return check;
}
HealthCheck Hasty(HealthCheck check) {
  check.response_timeout = absl::Milliseconds(100);
  return check;
}

class DnsProbeTest : public testing::Test {
 protected:
  asio::io_context io_;
};

TEST_F(DnsProbeTest, PassesWhenTheRecordIsInTheAnswer) {
  const UdpServer server(io_, [](const auto& query) { return std::vector{Answering(query)}; });
  const ProbeResult result = Probe(io_, DnsCheck(server.port()));
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.reason, "NOERROR, 1 A record");
}

TEST_F(DnsProbeTest, FailsByWhatCame) {
  const UdpServer server(io_, [](const auto& query) { return std::vector{Answering(query)}; });
  const ProbeResult result = Probe(io_, DnsCheck(server.port(), "192.0.2.7"));
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_EQ(result.reason, "no 192.0.2.7 among 1 A record");
}

TEST_F(DnsProbeTest, PassesOverWhatDoesNotAnswerTheQuery) {
  const UdpServer server(io_, [](const auto& query) {
    std::string other_id = Answering(query, 2), other_question = Answering(query, 2);
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    other_question[13] = 'b';
    return std::vector<std::string>{"", "x", other_id, other_question, query, Answering(query)};
  });
  const ProbeResult result = Probe(io_, DnsCheck(server.port()));
  EXPECT_TRUE(result.success) << result.reason;
}

TEST_F(DnsProbeTest, AnAnswerFromAnotherPortIsNone) {
  UdpServer server(io_, [](const auto& query) { return std::vector{Answering(query)}; });
  server.AnswerFromElsewhere();
  const ProbeResult result = Probe(io_, Hasty(DnsCheck(server.port())));
  EXPECT_EQ(server.queries(), 1);
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_EQ(result.reason,
            absl::StrCat("query 127.0.0.1:", server.port(), ": no answer within 100ms"));
}

TEST_F(DnsProbeTest, APortThatNobodyHasIsRefusedAtOnce) {
  uint16_t port = 0;
  {
    const UdpServer gone(io_, [](const auto&) { return std::vector<std::string>{}; });
    port = gone.port();
  }
  const ProbeResult result = Probe(io_, DnsCheck(port));
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason, absl::StrCat("query 127.0.0.1:", port, ": connection refused"));
}

TEST_F(DnsProbeTest, EveryQueryHasAnIdAndASourcePortOfItsOwn) {
  const UdpServer server(io_, [](const auto& query) { return std::vector{Answering(query)}; });
  constexpr int kProbes = 20;
  for (int i = 0; i < kProbes; ++i) EXPECT_TRUE(Probe(io_, DnsCheck(server.port())).success);
  EXPECT_GT(server.ids_seen().size(), 15u);
  EXPECT_GT(server.ports_seen().size(), 15u);
}

ScriptedServer::Script OverTcp(const std::function<std::string(std::string)>& answer) {
  return [answer](tcp::socket& s) -> asio::awaitable<void> {
    std::array<char, 512> buffer;
    const size_t size = co_await s.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    const std::string query(buffer.data() + 2, size - 2);
    // In pieces, as TCP may bring it.
    const std::string reply = answer(query);
    co_await Say(s, reply.substr(0, 1));
    co_await Pause(milliseconds(5));
    co_await Say(s, reply.substr(1));
    co_await ReadToEnd(s);
  };
}

TEST_F(DnsProbeTest, ATruncatedAnswerIsAskedForAgainOverTcp) {
  const ScriptedServer tcp_server(io_, OverTcp([](const auto& q) { return Framed(Answering(q)); }));
  const UdpServer server(
      io_, [](const auto& query) { return std::vector{Truncated(query)}; }, tcp_server.port());
  const ProbeResult result = Probe(io_, DnsCheck(server.port()));
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_EQ(tcp_server.accepted(), 1);
}

TEST_F(DnsProbeTest, ATruncatedAnswerWillDoWhereNoRecordIsExpected) {
  const UdpServer server(io_, [](const auto& query) { return std::vector{Truncated(query)}; });
  HealthCheck check = DnsCheck(server.port());
  check.dns.answers.clear();
  const ProbeResult result = Probe(io_, check);
  EXPECT_TRUE(result.success) << result.reason;
}

TEST_F(DnsProbeTest, TheRetryOverTcpHasOnlyWhatIsLeftOfTheTime) {
  const ScriptedServer silent(
      io_, [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadToEnd(s); });
  const UdpServer server(
      io_, [](const auto& query) { return std::vector{Truncated(query)}; }, silent.port());
  const ProbeResult result = Probe(io_, Hasty(DnsCheck(server.port())));
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason,
            absl::StrCat("query 127.0.0.1:", server.port(), " over TCP: no answer within 100ms"));
  EXPECT_LT(result.took, absl::Milliseconds(400));
}

HealthCheck OverTcp(HealthCheck check) {
  check.dns.over_tcp = true;
  return check;
}

TEST_F(DnsProbeTest, AsksOverTcpAloneWhenTold) {
  const ScriptedServer server(io_, OverTcp([](const auto& q) {
                                std::string other = Answering(q, 2);
                                other[0] = static_cast<char>(other[0] ^ 1);
                                return Framed(other) + Framed(Answering(q));
                              }));
  const ProbeResult result = Probe(io_, OverTcp(DnsCheck(server.port())));
  EXPECT_TRUE(result.success) << result.reason;
}

TEST_F(DnsProbeTest, HostileTcpServersFailTheCheck) {
  struct {
    const char* sent;
    size_t size;
    const char* reason;
  } const cases[] = {{"", 0, "connection closed"},
                     {"\0", 1, "connection closed"},
                     {"\0\x0c"
                      "abc",
                      5, "connection closed"},
                     {"\xff\xff", 2, "answer of more than 16384 octets"},
                     {"\0\0\0\0\0\0", 6, "connection closed"}};
  for (const auto& c : cases) {
    const std::string sent(c.sent, c.size);
    const ScriptedServer server(io_, [sent](tcp::socket& s) -> asio::awaitable<void> {
      std::array<char, 512> buffer;
      co_await s.async_read_some(asio::buffer(buffer), asio::use_awaitable);
      if (!sent.empty()) co_await Say(s, sent);
    });
    const ProbeResult result = Probe(io_, OverTcp(DnsCheck(server.port())));
    EXPECT_FALSE(result.success);
    EXPECT_TRUE(result.conclusive);
    EXPECT_TRUE(absl::StrContains(result.reason, c.reason)) << result.reason;
  }
}

TEST_F(DnsProbeTest, ARemovedCheckLetsGoOfItsSocket) {
  std::optional<UdpServer> server(std::in_place, io_,
                                  [](const auto&) { return std::vector<std::string>{}; });
  int results = 0;
  Checker checker(io_, [&results](const HealthCheck&, const ProbeResult&) { ++results; });
  HealthCheck check = DnsCheck(server->port());
  check.response_timeout = absl::Hours(1);
  checker.Apply({{check.name, check}});
  ASSERT_TRUE(RunUntil(io_, [&server] { return server->queries() == 1; }));
  checker.Apply({});
  server.reset();
  io_.restart();
  io_.run();  // returns, for nothing is left to wait for
  EXPECT_EQ(results, 0);
}

}  // namespace
}  // namespace understudy::control
