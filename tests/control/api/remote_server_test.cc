// The API over TCP with TLS: who gets in, and what a hostile network can do.
#include "control/api/remote_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/control/api/remote_site.h"

namespace understudy::control {
namespace {

constexpr char kForce[] =
    R"({"side": "secondary", "for": "1h", "reason": "drill", "author": "ann"})";
using std::chrono::milliseconds;

std::string Text(const boost::json::value& value, const std::string& pointer) {
  const boost::json::value& found = value.at_pointer(pointer);
  return found.is_string() ? std::string(found.get_string().c_str())
                           : boost::json::serialize(found);
}

TEST(RemoteServerTest, AReadTokenLooksAndAWriteTokenChanges) {
  RemoteSite remote;
  EXPECT_EQ(remote.Ask("other", "GET", "/v1/status").status, 200);
  const auto forbidden = remote.Ask("other", "POST", "/v1/groups/app/force", kForce);
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_EQ(Text(forbidden.body, "/error/code"), "forbidden");
  EXPECT_NE(Text(forbidden.body, "/error/message").find("prometheus"), std::string::npos);
  const auto forced = remote.Ask("secret", "POST", "/v1/groups/app/force", kForce);
  EXPECT_EQ(forced.status, 200) << boost::json::serialize(forced.body);
  EXPECT_EQ(remote.server->counts().forbidden, 1u);
}

TEST(RemoteServerTest, WithoutAGoodTokenNothingReachesTheLoop) {
  RemoteSite remote;
  for (const char* token : {"", "wrong", "Secret", "secret2"}) {
    const auto answer = remote.Ask(token, "GET", "/v1/status");
    EXPECT_EQ(answer.status, 401) << token;
    EXPECT_EQ(Text(answer.body, "/error/code"), "unauthorized");
  }
  EXPECT_EQ(remote.server->counts().unauthorized, 4u);
  TlsClient client(remote.port);
  ASSERT_TRUE(client.Shake());
  client.Send("GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Basic secret\r\n\r\n");
  const std::string bytes = client.ReadAll();
  EXPECT_TRUE(absl::StrContains(bytes, "401 Unauthorized")) << bytes;
  EXPECT_TRUE(absl::StrContains(bytes, "WWW-Authenticate: Bearer")) << bytes;
}

TEST(RemoteServerTest, TheAuditTrailNamesTheTokenAndItsAddressBesideTheClaimedAuthor) {
  RemoteSite remote;
  ASSERT_EQ(remote.Ask("secret", "POST", "/v1/groups/app/force", kForce).status, 200);
  ASSERT_EQ(remote.Ask("secret", "POST", "/v1/reload").status, 200);
  const auto events = remote.Ask("other", "GET", "/v1/events");
  std::string forced, asked;
  for (const auto& event : events.body.at("events").as_array()) {
    if (event.at("kind").as_string() == "forced") forced = event.at("author").as_string();
    if (event.at("kind").as_string() == "reload_asked") asked = event.at("author").as_string();
  }
  EXPECT_TRUE(absl::StartsWith(forced, "ann (token ci, from 127.0.0.1:")) << forced;
  EXPECT_TRUE(absl::StartsWith(asked, "token ci, from 127.0.0.1:")) << asked;
}

TEST(RemoteServerTest, TheUnixSocketNamesUserAndProcess) {
  RemoteSite remote;
  ASSERT_EQ(remote.site.Ask("POST", "/v1/reload").status, 200);
  const auto events = remote.site.Ask("GET", "/v1/events");
  std::string asked;
  for (const auto& event : events.body.at("events").as_array()) {
    if (event.at("kind").as_string() == "reload_asked") asked = event.at("author").as_string();
  }
  EXPECT_TRUE(absl::StartsWith(asked, absl::StrCat("uid ", getuid()))) << asked;
  EXPECT_TRUE(absl::StrContains(asked, absl::StrCat("pid ", getpid()))) << asked;
}

TEST(RemoteServerTest, TokensAreReadAgainAndBadOnesChangeNothing) {
  RemoteSite remote;
  remote.WriteTokens("nonsense\n");
  EXPECT_FALSE(remote.Renew().ok());
  EXPECT_EQ(remote.Ask("secret", "GET", "/v1/status").status, 200);
  std::string only_ci = RemoteSite::kBothTokens;
  only_ci.resize(only_ci.find('\n') + 1);
  remote.WriteTokens(only_ci);
  EXPECT_TRUE(remote.Renew().ok());
  EXPECT_EQ(remote.Ask("other", "GET", "/v1/status").status, 401);
  EXPECT_EQ(remote.Ask("secret", "GET", "/v1/status").status, 200);
  ASSERT_EQ(chmod(remote.key().c_str(), 0644), 0);
  EXPECT_FALSE(remote.Renew().ok()) << "a key that others may read";
}

TEST(RemoteServerTest, NothingStartsWithoutAllItNeeds) {
  RemoteSite good;
  const auto start = [&](auto change) {
    RemoteServer::Options options{.listen = {"127.0.0.1:0"},
                                  .certificate = good.certificate(),
                                  .key = good.key(),
                                  .tokens = good.tokens()};
    change(options);
    return RemoteServer::Start(good.site.loop(), nullptr, options).status();
  };
  EXPECT_TRUE(start([](auto&) {}).ok());
  EXPECT_FALSE(start([](auto& options) { options.key = "/nonexistent"; }).ok());
  EXPECT_FALSE(start([](auto& options) { options.certificate = "/nonexistent"; }).ok());
  EXPECT_FALSE(start([](auto& options) { options.tokens = "/nonexistent"; }).ok());
  EXPECT_FALSE(start([&](auto& options) { options.certificate = good.key(); }).ok());
  for (const char* listen : {"8443", "edge1:8443", "192.0.2.1", "192.0.2.1:x", "2001:db8::1:8443",
                             "[192.0.2.1]:8443", "192.0.2.1:70000", ""}) {
    EXPECT_FALSE(start([&](auto& options) { options.listen = {listen}; }).ok()) << listen;
  }
  EXPECT_TRUE(start([](auto& options) { options.listen = {"192.0.2.77:0"}; }).ok())
      << "an address that this host does not have yet";
  const std::string other_key = good.key() + ".other";
  WriteIdentity(good.certificate() + ".other", other_key);
  EXPECT_TRUE(
      absl::StrContains(start([&](auto& options) { options.key = other_key; }).message(), "key"));
}

TEST(RemoteServerTest, OldTlsAndPlainHttpAreTurnedAway) {
  RemoteSite remote;
  TlsClient old(remote.port);
  old.LimitVersion(TLS1_1_VERSION);
  EXPECT_FALSE(old.Shake());
  TlsClient plain(remote.port);
  plain.SendRaw("GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n");
  EXPECT_TRUE(plain.IsEnded());
  TlsClient twelve(remote.port);
  twelve.LimitVersion(TLS1_2_VERSION);
  EXPECT_TRUE(twelve.Shake());
}

TEST(RemoteServerTest, AHandshakeThatIsNeverFinishedEnds) {
  RemoteSite remote({.total = 16, .per_source = 16}, milliseconds(5000), milliseconds(50));
  TlsClient silent(remote.port);
  EXPECT_TRUE(silent.IsEnded());
  TlsClient half(remote.port);
  half.SendRaw(std::string("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_TRUE(half.IsEnded());
}

TEST(RemoteServerTest, SlowAndHugeRequestsEndToo) {
  RemoteSite remote({.total = 16, .per_source = 16}, milliseconds(100));
  TlsClient slow(remote.port);
  ASSERT_TRUE(slow.Shake());
  const absl::Time begin = absl::Now();
  // Each octet is progress, the whole is too slow.
  while (slow.Send("G") && absl::Now() - begin < absl::Seconds(10)) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  TlsClient body(remote.port);
  ASSERT_TRUE(body.Shake());
  body.Send(
      "POST /v1/reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n"
      "Content-Length: 10\r\n\r\nx");
  EXPECT_TRUE(body.IsEnded());
  TlsClient huge(remote.port);
  ASSERT_TRUE(huge.Shake());
  huge.Send("GET / HTTP/1.1\r\nX: " + std::string(kMaxHeader + 1000, 'a') + "\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(huge.ReadAll(), "HTTP/1.1 431"));
  EXPECT_EQ(remote.Ask("secret", "GET", "/v1/status").status, 200);
}

TEST(RemoteServerTest, SilentConnectionsMakeRoomForWhoShowsAToken) {
  RemoteSite remote({.total = 8, .per_source = 8}, milliseconds(20'000), milliseconds(20'000));
  std::vector<std::unique_ptr<TlsClient>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<TlsClient>(remote.port));
  EXPECT_EQ(remote.Ask("secret", "GET", "/v1/version").status, 200);
  EXPECT_GE(remote.server->counts().displaced, 190u);
}

TEST(RemoteServerTest, AFloodOverTcpDelaysNeitherTheUnixSocketNorTheLoop) {
  RemoteSite remote({.total = 32, .per_source = 32});
  std::atomic<bool> ending{false};
  std::vector<std::thread> flood;
  for (int i = 0; i < 4; ++i) {
    flood.emplace_back([&, i] {
      while (!ending) {
        TlsClient client(remote.port);
        if (i == 0) continue;
        if (i == 1) client.SendRaw(std::string(3000, '\x16'));
        if (i >= 2 && client.Shake()) client.Send("GET / HTTP/1.1\r\nX: ");
      }
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(remote.site.Ask("GET", "/v1/version").status, 200);
  remote.site.Probe("eu", false, 3);
  EXPECT_EQ(Text(remote.site.Ask("GET", "/v1/groups/app").body, "/group/answer"), "secondary");
  ending = true;
  for (std::thread& thread : flood) thread.join();
  EXPECT_EQ(remote.Ask("secret", "GET", "/v1/version").status, 200);
}

TEST(RemoteServerTest, ItMayEndWhileRequestsAreUnderWay) {
  RemoteSite remote;
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<TlsClient>(remote.port));
    ASSERT_TRUE(clients.back()->Shake());
    clients.back()->Send(RemoteSite::RequestOf("secret", "GET", "/v1/events?after=1000&wait=60s"));
    clients.back()->Send(RemoteSite::RequestOf("secret", "POST", "/v1/reload"));
  }
  remote.server.reset();
  EXPECT_EQ(remote.site.Ask("POST", "/v1/reload").status, 200);
}

}  // namespace
}  // namespace understudy::control
