#include "control/health/checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/health/phase.h"
#include "tests/control/health/counted_checks.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Checks = std::map<std::string, HealthCheck>;

using CheckerTest = CountedChecks;

TEST_F(CheckerTest, ReportsEveryProbeOfEveryCheck) {
  const ScriptedServer server(io_, Accepting());
  const RefusedPort refused(io_);
  bool up_ok = true;
  bool down_ok = true;
  Checker checker(io_, [&](const HealthCheck& check, const ProbeResult& result) {
    ++results_[check.name];
    (check.name == "up" ? up_ok : down_ok) &= result.success == (check.name == "up");
  });
  checker.Apply({{"up", Named("up", PatientCheck(CheckType::kTcp, server.port()))},
                 {"down", Named("down", PatientCheck(CheckType::kTcp, refused.port()))}});
  EXPECT_TRUE(Run([this] { return results_["up"] >= 3 && results_["down"] >= 3; }));
  EXPECT_TRUE(up_ok);
  EXPECT_TRUE(down_ok);
}

TEST_F(CheckerTest, TheIntervalRunsFromTheEndOfAProbeToTheNextStart) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Pause(milliseconds(60));
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
  });
  std::vector<std::chrono::steady_clock::time_point> results;
  Checker checker(io_, [&results](const HealthCheck&, const ProbeResult&) {
    results.push_back(std::chrono::steady_clock::now());
  });
  checker.Apply({{"check", PatientCheck(CheckType::kHttp, server.port())}});
  ASSERT_TRUE(Run([&results] { return results.size() >= 4; }));
  for (size_t i = 1; i < results.size(); ++i) {
    EXPECT_GE(results[i] - results[i - 1], milliseconds(160));
  }
}

// A check whose first probe comes late in its interval: starting it again puts it off each time.
std::string LateName() {
  for (int i = 0;; ++i) {
    const std::string name = absl::StrCat("late-", i);
    if (FirstDelay(name, absl::Milliseconds(100), absl::Seconds(1)) > absl::Milliseconds(80))
      return name;
  }
}

TEST_F(CheckerTest, AnUnchangedCheckIsNotTouchedByApply) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Pause(milliseconds(50));
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
  });
  const std::string name = LateName();
  Checks checks = {{name, Named(name, PatientCheck(CheckType::kHttp, server.port()))}};
  Checker checker(io_, Counting());
  checker.Apply(checks);
  for (int i = 0; results_[name] < 3 && i < 1000; ++i) {
    checks["other"] = Named("other", PatientCheck(CheckType::kTcp, server.port()));
    checks["other"].path = absl::StrCat("/", i);  // this one does change
    checker.Apply(checks);
    RunFor(milliseconds(10));
  }
  EXPECT_GE(results_[name], 3);
  EXPECT_TRUE(last_.success) << last_.reason;
}

TEST_F(CheckerTest, ARemovedCheckIsSilentAndItsConnectionIsClosedAtOnce) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(io_, [&end](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    end = co_await ReadToEnd(s);
  });
  HealthCheck check = PatientCheck(CheckType::kHttp, server.port());
  check.response_timeout = absl::Hours(1);  // nothing but the removal ends it
  Checker checker(io_, Counting());
  checker.Apply({{"check", check}});
  ASSERT_TRUE(Run([&server] { return server.accepted() == 1; }));
  RunFor(milliseconds(20));
  checker.Apply({});
  EXPECT_TRUE(Run([&end] { return end.has_value(); }));
  RunFor(milliseconds(300));
  EXPECT_TRUE(results_.empty());
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(CheckerTest, AChangedCheckIsProbedAsItIsNow) {
  const ScriptedServer silent(io_, Accepting());
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  Checker checker(io_, Counting());
  checker.Apply({{"check", PatientCheck(CheckType::kHttp, silent.port())}});
  ASSERT_TRUE(Run([&silent] { return silent.accepted() == 1; }));
  checker.Apply({{"check", PatientCheck(CheckType::kHttp, server.port())}});
  ASSERT_TRUE(Run([this] { return results_["check"] >= 2; }));
  EXPECT_TRUE(last_.success) << last_.reason;
  EXPECT_EQ(silent.accepted(), 1);
}

TEST_F(CheckerTest, IsSilentAfterStopAndCanBeStartedAgain) {
  const ScriptedServer server(io_, Accepting());
  const Checks checks = {{"check", PatientCheck(CheckType::kTcp, server.port())}};
  Checker checker(io_, Counting());
  checker.Apply(checks);
  ASSERT_TRUE(Run([this] { return results_["check"] >= 1; }));
  checker.Stop();
  const int before = results_["check"];
  RunFor(milliseconds(300));
  EXPECT_EQ(results_["check"], before);
  checker.Apply(checks);
  EXPECT_TRUE(Run([&] { return results_["check"] > before; }));
}

TEST_F(CheckerTest, ACheckCanRemoveItselfInItsOwnCallback) {
  const ScriptedServer server(io_, Accepting());
  std::unique_ptr<Checker> checker;
  int results = 0;
  checker = std::make_unique<Checker>(io_, [&](const HealthCheck&, const ProbeResult&) {
    ++results;
    checker->Apply({});
  });
  checker->Apply({{"check", PatientCheck(CheckType::kTcp, server.port())}});
  ASSERT_TRUE(Run([&results] { return results > 0; }));
  RunFor(milliseconds(250));
  EXPECT_EQ(results, 1);
}

TEST_F(CheckerTest, CanBeDestroyedInItsOwnCallback) {
  const ScriptedServer server(io_, Accepting());
  std::unique_ptr<Checker> checker;
  int results = 0;
  checker = std::make_unique<Checker>(io_, [&](const HealthCheck&, const ProbeResult&) {
    checker.reset();
    ++results;  // the callback itself is still there
  });
  checker->Apply({{"a", Named("a", PatientCheck(CheckType::kTcp, server.port()))},
                  {"b", Named("b", PatientCheck(CheckType::kTcp, server.port()))}});
  ASSERT_TRUE(Run([&results] { return results > 0; }));
  RunFor(milliseconds(250));
  EXPECT_EQ(results, 1);
}

TEST_F(CheckerTest, ALoopCanEndWithProbesUnderWay) {
  for (const CheckType type : {CheckType::kTcp, CheckType::kHttp, CheckType::kHttps}) {
    auto io = std::make_unique<asio::io_context>();
    auto silent = std::make_unique<ScriptedServer>(*io, Accepting());
    auto checker = std::make_unique<Checker>(*io, Counting());
    checker->Apply({{"check", PatientCheck(type, silent->port())}});
    ASSERT_TRUE(RunUntil(*io, [&silent] { return silent->accepted() == 1; }));
    const int before = results_["check"];
    checker.reset();
    silent.reset();
    io.reset();
    EXPECT_EQ(results_["check"], before);
  }
}

TEST_F(CheckerTest, AnExceptionOfTheCallbackReachesWhoRunsTheLoop) {
  const ScriptedServer server(io_, Accepting());
  Checker checker(io_, [](const HealthCheck&, const ProbeResult&) {
    throw std::runtime_error("from the callback");
  });
  checker.Apply({{"check", PatientCheck(CheckType::kTcp, server.port())}});
  EXPECT_THROW(io_.run(), std::runtime_error);
}

TEST_F(CheckerTest, TwoThousandChecksAreAllProbed) {
  const RefusedPort refused(io_);
  Checks checks;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = absl::StrCat("check-", i);
    checks[name] = Named(name, PatientCheck(CheckType::kTcp, refused.port()));
    checks[name].interval = absl::Seconds(1);
    checks[name].path = name;  // no two are the same probe
  }
  Checker checker(io_, Counting());
  checker.Apply(checks);
  EXPECT_TRUE(Run([this] {
    return results_.size() == 2000 && std::all_of(results_.begin(), results_.end(),
                                                  [](const auto& r) { return r.second >= 2; });
  }));
}

TEST_F(CheckerTest, ChecksAreSpreadAnewAfterTheProcessStoodStill) {
  const RefusedPort refused(io_);
  Checks checks;
  for (int i = 0; i < 50; ++i) {
    const std::string name = absl::StrCat("check-", i);
    checks[name] = Named(name, PatientCheck(CheckType::kTcp, refused.port()));
    checks[name].interval = absl::Milliseconds(200);
    checks[name].path = name;
  }
  std::vector<std::chrono::steady_clock::time_point> results;
  Checker checker(io_, [&results](const HealthCheck&, const ProbeResult&) {
    results.push_back(std::chrono::steady_clock::now());
  });
  checker.Apply(checks);
  ASSERT_TRUE(Run([&results] { return results.size() >= 100; }));
  // The steady clock cannot be set: the loop is really held up, so long that every check is
  // overdue.
  std::this_thread::sleep_for(milliseconds(900));
  results.clear();
  ASSERT_TRUE(Run([&results] { return results.size() >= 50; }));
  EXPECT_GT(results.back() - results.front(), milliseconds(100));
}

TEST_F(CheckerTest, AnExceptionOfTheCallbackEndsNoCheck) {
  const ScriptedServer server(io_, Accepting());
  int results = 0;
  Checker checker(io_, [&results](const HealthCheck&, const ProbeResult&) {
    ++results;
    throw std::runtime_error("from the callback");
  });
  checker.Apply({{"check", PatientCheck(CheckType::kTcp, server.port())}});
  for (int i = 1; i <= 3; ++i) {
    io_.restart();
    EXPECT_THROW(io_.run(), std::runtime_error);
    EXPECT_EQ(results, i);
  }
}

// Servers of every temper, checks that come, change and go: nothing may dangle (with the address
// sanitizer), and no check that is gone may be heard of.
TEST_F(CheckerTest, NothingIsHeardOfWhatIsGoneHoweverChecksComeAndGo) {
  const char* given = std::getenv("UNDERSTUDY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "UNDERSTUDY_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  const ScriptedServer silent(io_, Accepting());
  const ScriptedServer answering(io_, Saying("HTTP/1.1 200 OK\r\n\r\nall is well"));
  const ScriptedServer slow(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await Say(s, "HTTP/1.1 200 OK\r\n");
    co_await Pause(milliseconds(30));
    co_await Say(s, "\r\n");
    co_await ReadToEnd(s);
  });
  const RefusedPort refused(io_);
  const BlackHole hole(io_);
  const std::vector<uint16_t> ports = {silent.port(), answering.port(), slow.port(), refused.port(),
                                       hole.port()};
  Checks checks;
  Checker checker(io_, [&](const HealthCheck& check, const ProbeResult&) {
    ++results_[check.name];
    const auto applied = checks.find(check.name);
    ASSERT_TRUE(applied != checks.end() && applied->second == check) << check.name;
  });
  for (int round = 0; round < 400; ++round) {
    for (int change = 0; change < 10; ++change) {
      const std::string name = absl::StrCat("check-", random() % 50);
      if (random() % 3 == 0) {
        checks.erase(name);
      } else {
        const auto type = static_cast<CheckType>(random() % 5);
        checks[name] = Named(name, HastyCheck(type, ports[random() % ports.size()]));
        checks[name].interval = absl::Milliseconds(10);
        checks[name].failure_threshold = static_cast<uint32_t>(1 + random() % 2);
      }
    }
    checker.Apply(checks);
    if (random() % 50 == 0) checker.Stop();
    RunFor(milliseconds(static_cast<int64_t>(random() % 8)));
  }
  EXPECT_GT(results_.size(), 10u);
}

}  // namespace
}  // namespace understudy::control
