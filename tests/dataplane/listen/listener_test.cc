#include "dataplane/listen/listener.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "dataplane/responder/cookie_secrets.h"
#include "dataplane/responder/rate_limiter.h"
#include "tests/dataplane/listen/dns_client.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/serving_fixture.h"

namespace understudy::listen {
namespace {

using contract::Outcome;
using test::AnswerText;
using test::DnsClient;
using test::Eventually;
using test::Framed;
using test::Query;

std::string AskFor(const std::string& name, unsigned id, unsigned type = 1) {
  return Query({.name = name, .type = type, .id = id});
}
unsigned IdOf(const std::string& message) {
  if (message.size() < 2) return 0x10000;
  return static_cast<unsigned>(static_cast<uint8_t>(message[0])) << 8 |
         static_cast<uint8_t>(message[1]);
}

class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override { Stop(); }

  void Start(const std::string& address = "127.0.0.1:0", uint32_t connections = 16,
             uint32_t idle_timeout_ms = 60'000, const responder::ResponderOptions& options = {}) {
    ListenerSettings settings;
    settings.responder = options;
    std::string error;
    settings.addresses.push_back(*ParseSocketAddress(address, &error));
    settings.tcp_connections = connections;
    settings.tcp_idle_timeout_ms = idle_timeout_ms;
    listener_ = Listener::Open(settings, &error);
    ASSERT_TRUE(listener_) << error;
    slot_ = serving_.report.AddWorker("listen");
    reader_.emplace(serving_.swap, serving_.quiescence, *slot_);
    thread_ = std::thread([this] { listener_->Run(*reader_); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    listener_->Stop();
    thread_.join();
  }
  const SocketAddress& server() const { return listener_->bound()[0]; }
  // The same port at another address of this machine.
  SocketAddress At(const std::string& host) const {
    std::string error;
    return *ParseSocketAddress(host + ":" + std::to_string(server().port()), &error);
  }
  uint64_t Counted(Outcome outcome) const {
    return slot_->outcomes[static_cast<size_t>(outcome)].load();
  }
  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& count : slot_->outcomes) sum += count.load();
    return sum;
  }

  test::Serving serving_;
  std::unique_ptr<Listener> listener_;
  contract::WorkerSlot* slot_ = nullptr;
  std::optional<worker::TableReader> reader_;
  std::thread thread_;
};

TEST_F(ListenerTest, UdpQueriesAreAnsweredAndCounted) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_DGRAM);
  for (unsigned id = 1; id <= 200; ++id) {
    client.Send(AskFor("app.example.com", id));
    if (id % 50 != 0) continue;
    for (unsigned answer = id - 49; answer <= id; ++answer) {
      const std::string message = client.ReceiveDatagram();
      ASSERT_EQ(IdOf(message), answer);
      ASSERT_EQ(AnswerText(message), "NOERROR aa rd | app.example.com. 30 A 192.0.2.10 | |");
    }
  }
  Stop();
  EXPECT_EQ(slot_->received.load(), 200U);
  EXPECT_EQ(Sum(), 200U);
  EXPECT_EQ(slot_->answered_by[static_cast<size_t>(contract::AnsweredBy::kPrimary)].load(), 200U);
}

TEST_F(ListenerTest, WithoutATableItSaysServfail) {
  Start();
  const DnsClient client(server(), SOCK_DGRAM);
  client.Send(AskFor("app.example.com", 7));
  EXPECT_EQ(AnswerText(client.ReceiveDatagram()), "SERVFAIL rd | | |");
  Stop();
  EXPECT_EQ(Counted(Outcome::kNoTable), 1U);
}

TEST_F(ListenerTest, AWildcardSocketAnswersFromTheAddressThatWasAsked) {
  serving_.AdoptZoneOfCases();
  Start("0.0.0.0:0");
  // Connected sockets take answers from nowhere else.
  for (const char* host : {"127.0.0.2", "127.0.0.3"}) {
    const DnsClient client(At(host), SOCK_DGRAM);
    client.Send(AskFor("www.example.com", 9));
    EXPECT_EQ(IdOf(client.ReceiveDatagram()), 9U) << host;
  }
}

TEST_F(ListenerTest, Ipv6IsServedToo) {
  serving_.AdoptZoneOfCases();
  Start("[::]:0");
  const DnsClient udp(At("[::1]"), SOCK_DGRAM);
  udp.Send(AskFor("www.example.com", 9));
  EXPECT_EQ(IdOf(udp.ReceiveDatagram()), 9U);
  const DnsClient tcp(At("[::1]"), SOCK_STREAM);
  tcp.Send(Framed(AskFor("www.example.com", 10)));
  EXPECT_EQ(IdOf(tcp.ReceiveMessage()), 10U);
}

TEST_F(ListenerTest, ADatagramLongerThanAnyQueryIsDroppedAndCounted) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_DGRAM);
  client.Send(AskFor("www.example.com", 1) + std::string(5000, 'x'));
  client.Send(AskFor("www.example.com", 2));
  EXPECT_EQ(IdOf(client.ReceiveDatagram()), 2U);
  Stop();
  EXPECT_EQ(Counted(Outcome::kMalformed), 1U);
  EXPECT_EQ(Sum(), slot_->received.load());
}

TEST_F(ListenerTest, AnEmptyDatagramDoesNoHarm) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_DGRAM);
  client.Send("");
  client.Send(AskFor("www.example.com", 2));
  EXPECT_EQ(IdOf(client.ReceiveDatagram()), 2U);
  Stop();
  EXPECT_EQ(Counted(Outcome::kShortQuery), 1U);
}

TEST_F(ListenerTest, PipelinedQueriesAreAnsweredInOrder) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_STREAM);
  std::string all;
  for (unsigned id = 0; id < 500; ++id) {
    all += Framed(AskFor(id % 2 == 0 ? "app.example.com" : "nowhere.example.com", id));
  }
  ASSERT_EQ(client.Send(all), all.size());
  for (unsigned id = 0; id < 500; ++id) ASSERT_EQ(IdOf(client.ReceiveMessage()), id);
}

TEST_F(ListenerTest, AnAnswerTooLargeForUdpComesWholeOverTcp) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient udp(server(), SOCK_DGRAM);
  udp.Send(AskFor("many.example.com", 1));
  EXPECT_EQ(AnswerText(udp.ReceiveDatagram()).substr(0, 16), "NOERROR aa tc rd");
  const DnsClient tcp(server(), SOCK_STREAM);
  tcp.Send(Framed(AskFor("many.example.com", 2)));
  const std::string text = AnswerText(tcp.ReceiveMessage());
  EXPECT_EQ(text.find(" tc"), std::string::npos);
  EXPECT_NE(text.find("192.0.3.59"), std::string::npos);
}

TEST_F(ListenerTest, AQueryMayArriveOctetByOctet) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_STREAM);
  const int on = 1;
  setsockopt(client.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
  for (const char octet : Framed(AskFor("app.example.com", 77))) client.Send({&octet, 1});
  EXPECT_EQ(IdOf(client.ReceiveMessage()), 77U);
}

TEST_F(ListenerTest, AHalfClosedConnectionStillGetsItsAnswers) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_STREAM);
  client.Send(Framed(AskFor("app.example.com", 1)) + Framed(AskFor("www.example.com", 2)));
  shutdown(client.fd(), SHUT_WR);
  EXPECT_EQ(IdOf(client.ReceiveMessage()), 1U);
  EXPECT_EQ(IdOf(client.ReceiveMessage()), 2U);
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ListenerTest, AMessageOfLengthZeroClosesTheConnectionAfterTheAnswersBeforeIt) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_STREAM);
  client.Send(Framed(AskFor("app.example.com", 1)) + std::string(2, '\0'));
  EXPECT_EQ(IdOf(client.ReceiveMessage()), 1U);
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ListenerTest, AClientThatDoesNotReadHoldsUpNobodyAndLosesNothing) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient slow(server(), SOCK_STREAM);
  const DnsClient quick(server(), SOCK_STREAM);
  // Answers are 30 times as long as the queries: ask until neither side's buffers take more.
  std::string waiting;
  unsigned asked = 0;
  int full = 0;
  while (full < 5) {
    if (waiting.empty()) waiting = Framed(AskFor("many.example.com", asked++ & 0xffff));
    const size_t sent = slow.Send(waiting, false);
    waiting.erase(0, sent);
    full = sent == 0 ? full + 1 : 0;
    if (sent != 0) continue;
    quick.Send(Framed(AskFor("app.example.com", 5)));
    ASSERT_EQ(IdOf(quick.ReceiveMessage()), 5U);
  }
  std::thread rest([&] { slow.Send(waiting); });
  for (unsigned id = 0; id < asked; ++id) {
    if (IdOf(slow.ReceiveMessage()) != (id & 0xffff)) {
      ADD_FAILURE() << "answer " << id << " of " << asked << " is not the next";
      shutdown(slow.fd(), SHUT_RDWR);
      break;
    }
  }
  rest.join();
}

TEST_F(ListenerTest, OneConnectionTooManyClosesTheOneIdleLongest) {
  serving_.AdoptZoneOfCases();
  Start("127.0.0.1:0", 2);
  const DnsClient first(server(), SOCK_STREAM);
  first.Send(Framed(AskFor("app.example.com", 1)));
  EXPECT_EQ(IdOf(first.ReceiveMessage()), 1U);
  const DnsClient second(server(), SOCK_STREAM);
  second.Send(Framed(AskFor("app.example.com", 2)));
  EXPECT_EQ(IdOf(second.ReceiveMessage()), 2U);
  first.Send(Framed(AskFor("app.example.com", 3)));  // now the second is idle longest
  EXPECT_EQ(IdOf(first.ReceiveMessage()), 3U);
  const DnsClient third(server(), SOCK_STREAM);
  third.Send(Framed(AskFor("app.example.com", 4)));
  EXPECT_EQ(IdOf(third.ReceiveMessage()), 4U);
  EXPECT_TRUE(second.IsClosed());
  first.Send(Framed(AskFor("app.example.com", 5)));
  EXPECT_EQ(IdOf(first.ReceiveMessage()), 5U);
}

TEST_F(ListenerTest, IdleConnectionsAreClosedEvenWhenTheyDribbleOctets) {
  serving_.AdoptZoneOfCases();
  Start("127.0.0.1:0", 4, 100);
  const DnsClient silent(server(), SOCK_STREAM);
  const DnsClient dribbling(server(), SOCK_STREAM);
  dribbling.Send("\xff\xff");  // a query of 65,535 octets that never gets complete
  EXPECT_TRUE(Eventually([&] {
    pollfd wait = {dribbling.fd(), POLLIN, 0};
    return dribbling.Send("x") == 0 || poll(&wait, 1, 5) == 1;
  }));
  EXPECT_TRUE(silent.IsClosed());
}

TEST_F(ListenerTest, WhileItWaitsItHoldsNothing) {
  serving_.AdoptZoneOfCases();
  Start();
  const DnsClient client(server(), SOCK_DGRAM);
  client.Send(AskFor("www.example.com", 1));
  EXPECT_EQ(IdOf(client.ReceiveDatagram()), 1U);
  EXPECT_TRUE(Eventually([&] { return slot_->observed.load() == 0; }));
  EXPECT_NE(slot_->last_observed.load(), 0U);
  test::WriteZoneOfCases(serving_.scratch / "next");
  serving_.swap.Adopt(test::OpenTable(serving_.scratch / "next"));
  EXPECT_TRUE(serving_.swap.Reclaim());  // at once: nobody has to answer a query first
}

TEST_F(ListenerTest, ItEndsWhenToldEvenWithConnectionsOpen) {
  Start();
  const DnsClient client(server(), SOCK_STREAM);
  Stop();
  listener_.reset();
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ListenerTest, AnAddressInUseIsAnErrorThatNamesIt) {
  Start();
  ListenerSettings settings;
  settings.addresses.push_back(server());
  std::string error;
  EXPECT_FALSE(Listener::Open(settings, &error));
  EXPECT_NE(error.find("cannot listen on UDP 127.0.0.1:"), std::string::npos) << error;
}

TEST_F(ListenerTest, UdpIsLimitedWhereTcpIsNot) {
  responder::RateLimiter limiter({.per_second = 3, .slip = 0}, responder::RateLimiter::RandomKey());
  static constexpr responder::Clock kStopped = {
      .unix_s = []() noexcept { return uint64_t{1}; },
      .monotonic_ns = []() noexcept { return uint64_t{1}; }};
  responder::ResponderOptions options;
  options.limiter = &limiter;
  options.clock = &kStopped;
  serving_.AdoptZoneOfCases();
  Start("127.0.0.1:0", 16, 60'000, options);
  const DnsClient udp(server(), SOCK_DGRAM);
  for (unsigned id = 1; id <= 10; ++id) udp.Send(AskFor("app.example.com", id));
  for (unsigned id = 1; id <= 3; ++id) EXPECT_EQ(IdOf(udp.ReceiveDatagram()), id);
  const DnsClient tcp(server(), SOCK_STREAM);
  for (unsigned id = 1; id <= 10; ++id) {
    tcp.Send(Framed(AskFor("app.example.com", id)));
    EXPECT_EQ(IdOf(tcp.ReceiveMessage()), id);
  }
  EXPECT_TRUE(Eventually([&] { return Counted(Outcome::kRateLimited) == 7; }));
  EXPECT_FALSE(udp.HasData());
  Stop();
  EXPECT_EQ(Counted(Outcome::kPositive), 13U);
  EXPECT_EQ(Sum(), 20U);
}

TEST_F(ListenerTest, ACookieIsForTheAddressOfTheSocketsPeer) {
  responder::CookieSecrets secrets;
  responder::ResponderOptions options;
  options.cookies = &secrets;
  serving_.AdoptZoneOfCases();
  Start("127.0.0.1:0", 16, 60'000, options);
  const auto ask = [](const std::string& cookie) {
    return Query(
        {.edns = true,
         .options = test::U16(10) + test::U16(static_cast<unsigned>(cookie.size())) + cookie});
  };
  const auto cookie_of = [](const std::string& answer) {
    return answer.substr(std::max<size_t>(answer.size(), 24) - 24);  // the only option, at the end
  };
  const DnsClient udp(server(), SOCK_DGRAM);
  udp.Send(ask("12345678"));
  const std::string cookie = cookie_of(udp.ReceiveDatagram());
  EXPECT_EQ(cookie.substr(0, 8), "12345678");
  const DnsClient tcp(server(), SOCK_STREAM);
  tcp.Send(Framed(ask(cookie)));
  EXPECT_EQ(cookie_of(tcp.ReceiveMessage()), cookie) << "valid over TCP too";
}

}  // namespace
}  // namespace understudy::listen
