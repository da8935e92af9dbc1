#include "control/api/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <vector>

#include "absl/time/clock.h"
#include "tests/control/api/served_site.h"

namespace understudy::control {
namespace {

constexpr char kGetVersion[] = "GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(ApiServerTest, TheSocketIsForItsOwnerAndGroupOnly) {
  ServedSite site(SiteWith({"app"}));
  struct stat status = {};
  ASSERT_EQ(stat(site.socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
}

TEST(ApiServerTest, AStaleSocketIsReplacedButAFileIsNot) {
  ScratchDirectory scratch;
  boost::asio::io_context io;
  const std::string path = scratch.path() + "/sock";
  const auto handler = [](Request) -> boost::asio::awaitable<Reply> { co_return Reply{}; };
  {
    boost::asio::local::stream_protocol::acceptor dead(
        io, boost::asio::local::stream_protocol::endpoint(path));
  }
  ApiServer server(io, handler);
  EXPECT_TRUE(server.Listen(path).ok());
  server.Stop();
  std::ofstream(path) << "precious";
  ApiServer other(io, handler);
  EXPECT_FALSE(other.Listen(path).ok());
  EXPECT_FALSE(other.Listen(std::string(200, 'x')).ok());
}

TEST(ApiServerTest, OneConnectionCarriesSeveralRequests) {
  ServedSite site(SiteWith({"app"}));
  RawClient client(site.socket());
  client.Send(std::string(kGetVersion) + kGetVersion);
  client.EndSending();
  const std::string bytes = client.ReadAll();
  const size_t first = bytes.find("\"api\":1");
  ASSERT_NE(first, std::string::npos) << bytes;
  EXPECT_NE(bytes.find("\"api\":1", first + 1), std::string::npos) << bytes;
}

TEST(ApiServerTest, GarbageIsAnsweredWithAnErrorAndTheConnectionEnds) {
  ServedSite site(SiteWith({"app"}));
  RawClient client(site.socket());
  client.Send("\x16\x03\x01 not http at all\r\n\r\n");
  EXPECT_EQ(ServedSite::Parse(client.ReadAll()).status, 400);
}

TEST(ApiServerTest, AHeaderBeyondTheLimitIsRefused) {
  ServedSite site(SiteWith({"app"}));
  RawClient client(site.socket());
  client.Send("GET / HTTP/1.1\r\nX: " + std::string(kMaxMessage + 1000, 'a') + "\r\n\r\n");
  EXPECT_EQ(ServedSite::Parse(client.ReadAll()).status, 431);
}

TEST(ApiServerTest, ABodyBeyondTheLimitIsRefusedBeforeItIsSent) {
  ServedSite site(SiteWith({"app"}));
  RawClient client(site.socket());
  client.Send("POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
  EXPECT_EQ(ServedSite::Parse(client.ReadAll()).status, 413);
}

TEST(ApiServerTest, AThirdConfigurationAtATimeIsToldToComeAgain) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(5000));
  const std::string plan = "POST /v1/configuration/plan HTTP/1.1\r\nHost: x\r\n";
  {
    // Whoever asks that it be sent knows that it may be: the place is taken by then.
    std::vector<std::unique_ptr<RawClient>> slow;
    for (size_t i = 0; i < kMaxLargeBodies; ++i) {
      slow.push_back(std::make_unique<RawClient>(site.socket()));
      slow.back()->Send(plan + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
      slow.back()->ReadSome();
    }
    EXPECT_EQ(site.Ask("POST", "/v1/configuration/plan", "{}").status, 503);
    EXPECT_EQ(site.Ask("POST", "/v1/reload").status, 200)
        << "small bodies have places of their own";
  }
  while (site.Ask("POST", "/v1/configuration/plan", "{}").status == 503) std::this_thread::yield();
}

TEST(ApiServerTest, LargeAnswersThatNobodyTakesDoNotPileUp) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("app-" + std::to_string(i));
  ServedSite site(SiteWith(names), std::chrono::milliseconds(5000));
  {
    std::vector<std::unique_ptr<RawClient>> deaf;
    for (size_t i = 0; i < kMaxLargeAnswers; ++i) {
      deaf.push_back(std::make_unique<RawClient>(site.socket()));
      deaf.back()->Send("GET /v1/groups HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    while (site.Ask("GET", "/metrics?checks=maybe").status != 503) std::this_thread::yield();
    EXPECT_EQ(site.Ask("GET", "/v1/groups").status, 503);
    EXPECT_EQ(site.Ask("GET", "/v1/status").status, 200);
  }
  while (site.Ask("GET", "/v1/groups").status != 200) std::this_thread::yield();
}

TEST(ApiServerTest, ASilentClientIsDisconnected) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(50));
  RawClient silent(site.socket());
  EXPECT_TRUE(silent.IsEnded());
}

TEST(ApiServerTest, AClientThatTricklesItsRequestIsDisconnectedToo) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(100));
  RawClient slow(site.socket());
  const absl::Time begin = absl::Now();
  // One octet every few milliseconds: each is progress, the whole is too slow.
  for (size_t i = 0; i < 2000 && slow.Send(std::string(1, kGetVersion[i % 20])); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
}

TEST(ApiServerTest, AClientThatNeverReadsDelaysNobody) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(500));
  RawClient deaf(site.socket());
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
  std::thread sender([&] { deaf.Send(many); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(site.Ask("GET", "/v1/version").status, 200);
  sender.join();
}

TEST(ApiServerTest, AClientThatLeavesInTheMiddleIsForgotten) {
  ServedSite site(SiteWith({"app"}));
  for (int i = 0; i < 200; ++i) {
    RawClient client(site.socket());
    client.Send(std::string(kGetVersion).substr(0, static_cast<size_t>(i) % 40));
  }
  EXPECT_EQ(site.Ask("GET", "/v1/version").status, 200);
}

TEST(ApiServerTest, AConnectionTooManyIsToldSoAndLaterOnesAreServedAgain) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(1000));
  {
    std::vector<std::unique_ptr<RawClient>> idle;
    for (size_t i = 0; i < kMaxConnections; ++i) {
      idle.push_back(std::make_unique<RawClient>(site.socket()));
      idle.back()->Send(kGetVersion);
      idle.back()->ReadSome();
    }
    EXPECT_EQ(site.Ask("GET", "/v1/version").status, 503);
  }
  while (site.Ask("GET", "/v1/version").status != 200) std::this_thread::yield();
}

TEST(ApiServerTest, ConnectionsThatAskNothingMakeRoomForOneThatDoes) {
  ServedSite site(SiteWith({"app"}), std::chrono::seconds(60));
  std::vector<std::unique_ptr<RawClient>> silent;
  for (size_t i = 0; i < 3 * kMaxConnections; ++i) {
    silent.push_back(std::make_unique<RawClient>(site.socket()));
    ASSERT_TRUE(silent.back()->connected());
    if (i % 2 == 0) silent.back()->Send("GET /v1/sta");
  }
  EXPECT_EQ(site.Ask("GET", "/v1/version").status, 200);
  EXPECT_TRUE(silent.front()->IsEnded()) << "the oldest went first";
}

}  // namespace
}  // namespace understudy::control
