// Which checks the checker probes at all, and which of them together.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "control/health/same_probe.h"
#include "tests/control/health/counted_checks.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Checks = std::map<std::string, HealthCheck>;

using SharedProbeTest = CountedChecks;

TEST_F(SharedProbeTest, IdenticalChecksShareOneProbeAndAllGetItsResult) {
  const ScriptedServer server(io_, Accepting());
  const HealthCheck a = Named("a", PatientCheck(CheckType::kTcp, server.port()));
  HealthCheck b = Named("b", a), c = Named("c", a);
  b.failure_threshold = 7;
  b.inverted = true;
  b.initial = InitialHealth::kDown;
  c.counting = Counting::kCumulative;
  HealthCheck other = Named("other", a);
  other.interval = absl::Milliseconds(150);  // another rhythm, another probe
  Checker checker(io_, Counting());
  const Checker::Applied applied = checker.Apply({{"a", a}, {"b", b}, {"c", c}, {"other", other}});
  EXPECT_EQ(applied.started, 2u);
  ASSERT_TRUE(Run([this] { return results_["a"] >= 4 && results_["other"] >= 4; }));
  EXPECT_EQ(results_["b"], results_["a"]);
  EXPECT_EQ(results_["c"], results_["a"]);
  // One may be connected and not yet accepted, or accepted and not yet told.
  EXPECT_NEAR(server.accepted(), results_["a"] + results_["other"], 2);
}

TEST_F(SharedProbeTest, ASharedProbeGoesOnUntilTheLastOfItsChecksIsGone) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Pause(milliseconds(50));
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
  });
  const HealthCheck a = Named("a", PatientCheck(CheckType::kHttp, server.port()));
  const HealthCheck b = Named("b", a);
  Checker checker(io_, Counting());
  checker.Apply({{"a", a}, {"b", b}});
  ASSERT_TRUE(Run([&server] { return server.accepted() == 1; }));
  // The one whose definition is being probed goes; the probe under way counts for the other.
  EXPECT_EQ(checker.Apply({{"b", b}}).stopped, 0u);
  ASSERT_TRUE(Run([this] { return results_["b"] >= 1; }));
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_TRUE(last_.success) << last_.reason;
  EXPECT_EQ(results_["a"], 0);
  EXPECT_EQ(checker.Apply({}).stopped, 1u);
}

TEST_F(SharedProbeTest, AThresholdCanChangeWhileAProbeIsUnderWay) {
  const ScriptedServer server(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await ReadRequest(s);
    co_await Pause(milliseconds(50));
    co_await Say(s, "HTTP/1.1 200 OK\r\n\r\n");
  });
  HealthCheck check = PatientCheck(CheckType::kHttp, server.port());
  uint32_t threshold = 0;
  Checker checker(io_, [&threshold](const HealthCheck& probed, const ProbeResult&) {
    threshold = probed.failure_threshold;
  });
  checker.Apply({{"check", check}});
  ASSERT_TRUE(Run([&server] { return server.accepted() == 1; }));
  check.failure_threshold = 9;
  const Checker::Applied applied = checker.Apply({{"check", check}});
  EXPECT_EQ(applied.started + applied.stopped, 0u);
  ASSERT_TRUE(Run([&threshold] { return threshold != 0; }));
  EXPECT_EQ(threshold, 9u);
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(SharedProbeTest, WhatIsDisabledToldOrDerivedIsNotProbed) {
  const ScriptedServer server(io_, Accepting());
  const HealthCheck probed = Named("probed", PatientCheck(CheckType::kTcp, server.port()));
  HealthCheck disabled = Named("disabled", probed);
  disabled.disabled = true;
  HealthCheck push = Named("push", probed), calculated = Named("calculated", probed);
  push.type = CheckType::kPush;
  calculated.type = CheckType::kCalculated;
  Checks checks = {
      {"probed", probed}, {"disabled", disabled}, {"push", push}, {"calculated", calculated}};
  Checker checker(io_, Counting());
  EXPECT_EQ(checker.Apply(checks).started, 1u);
  ASSERT_TRUE(Run([this] { return results_["probed"] >= 3; }));
  EXPECT_EQ(results_.size(), 1u);
  checks["probed"].disabled = true;
  EXPECT_EQ(checker.Apply(checks).stopped, 1u);
  checks["disabled"].disabled = false;
  EXPECT_EQ(checker.Apply(checks).started, 1u);
  EXPECT_TRUE(Run([this] { return results_["disabled"] >= 1; }));
}

TEST_F(SharedProbeTest, ADefinitionThatIsKeptElsewhereIsHeldAsItIsAndLetGo) {
  const auto kept =
      std::make_shared<const HealthCheck>(Named("probed", PatientCheck(CheckType::kTcp, 1)));
  Checker checker(io_, Counting());
  checker.Apply({{"probed", *kept}}, [&kept](const HealthCheck&) { return kept; });
  EXPECT_GT(kept.use_count(), 1);
  checker.Apply({});
  EXPECT_EQ(kept.use_count(), 1);
}

// Thousands of checks may run one program, which is told which of them it is: were they one row,
// each new one would be compared with all before it.
TEST(SameProbe, ProgramsOfManyChecksAndRequestsWithTheirOwnHeadersAreNotOneRow) {
  std::set<size_t> hashes;
  HealthCheck exec = Named("", PatientCheck(CheckType::kExec, 0));
  HealthCheck http = PatientCheck(CheckType::kHttp, 80);
  exec.command = {"/bin/check"};
  for (int i = 0; i < 1000; ++i) {
    exec.name = absl::StrCat("check-", i);
    http.http.headers = {{"X-Backend", absl::StrCat(i)}};
    hashes.insert(HashOfProbe(exec));
    hashes.insert(HashOfProbe(http));
  }
  EXPECT_EQ(hashes.size(), 2000u);
}

TEST(SameProbe, IsWhatAsksTheSameInTheSameRhythm) {
  const HealthCheck check = PatientCheck(CheckType::kHttp, 80);
  const auto same = [&check](const std::function<void(HealthCheck&)>& change) {
    HealthCheck other = check;
    change(other);
    EXPECT_TRUE(!IsSameProbe(check, other) || HashOfProbe(check) == HashOfProbe(other));
    return IsSameProbe(check, other);
  };
  EXPECT_TRUE(same([](HealthCheck& c) { c.name = "other"; }));
  EXPECT_TRUE(same([](HealthCheck& c) { c.success_threshold = 9; }));
  EXPECT_TRUE(same([](HealthCheck& c) { c.clear_threshold = 9; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.port = 81; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.interval *= 2; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.response_timeout *= 2; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.http.headers = {{"X-Check", "1"}}; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.http.verify_certificate = true; }));
  EXPECT_FALSE(same([](HealthCheck& c) { c.dns.rcode = 5; }));
}

TEST(SameProbe, AnExecCheckIsItsOwnForItsProgramIsToldTheName) {
  HealthCheck a = PatientCheck(CheckType::kExec, 0);
  a.command = {"/bin/true"};
  EXPECT_TRUE(IsSameProbe(a, a));
  EXPECT_FALSE(IsSameProbe(a, Named("other", a)));
}

}  // namespace
}  // namespace understudy::control
