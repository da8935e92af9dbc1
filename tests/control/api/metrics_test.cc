// GET /metrics, as Prometheus gets it.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/metrics/exposition.h"
#include "dataplane/contract/outcome.h"
#include "dataplane/contract/report.h"
#include "tests/control/api/served_site.h"

namespace understudy::control {
namespace {

std::string Scrape(ServedSite& site, const std::string& target = "/metrics") {
  RawClient client(site.socket());
  client.Send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.ReadAll();
}

// The value of the sample that is written exactly so.
std::string ValueOf(const std::string& text, const std::string& sample) {
  const size_t at = text.find("\n" + sample + " ");
  if (at == std::string::npos) return "none";
  const size_t begin = at + sample.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

class MetricsTest : public testing::Test {
 protected:
  ServedSite site_{SiteWith({"app", "shop"}), std::chrono::milliseconds(5000)};
};

TEST_F(MetricsTest, TellsEveryCheckAndGroup) {
  site_.Probe("eu", false, 3);
  site_.Probe("us", true, 2);
  ASSERT_EQ(
      site_
          .Ask("POST", "/v1/groups/shop/force",
               R"({"side": "primary", "for": "1h", "reason": "drill", "allow_unusable": true})")
          .status,
      200);
  const std::string text = Scrape(site_);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200")) << text;
  EXPECT_NE(text.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  const std::map<std::string, std::string> wanted = {
      {R"(understudy_check_healthy{check="eu"})", "0"},
      {R"(understudy_check_healthy{check="us"})", "1"},
      {R"(understudy_probes_total{check="eu",result="failure"})", "3"},
      {R"(understudy_probes_total{check="us",result="success"})", "2"},
      {R"(understudy_group_active{group="app",side="primary"})", "0"},
      {R"(understudy_group_active{group="app",side="secondary"})", "1"},
      {R"(understudy_group_active{group="shop",side="primary"})", "1"},
      {R"(understudy_group_all_down{group="app"})", "0"},
      {R"(understudy_group_transitions_total{cause="primary_unhealthy"})", "2"},
      {R"(understudy_group_transitions_total{cause="forced"})", "1"},
      {R"(understudy_probe_duration_seconds_count{type="tcp"})", "5"},
      {R"(understudy_frozen{by="self_doubt"})", "0"},
      {R"(understudy_dataplane_up)", "0"},
      {R"(understudy_state_durable)", "1"},
      {R"(understudy_table_generation)", "1"},
      {R"(understudy_api_requests_total{route="/v1/groups/{name}/force",code="200"})", "1"},
  };
  for (const auto& [sample, value] : wanted) EXPECT_EQ(ValueOf(text, sample), value) << sample;
  const double remaining = std::stod(ValueOf(
      text, R"(understudy_override_remaining_seconds{group="shop",kind="force",side="primary"})"));
  EXPECT_GT(remaining, 3500);
  EXPECT_LE(remaining, 3600);
}

TEST_F(MetricsTest, FailuresAreCountedByHowFarTheProbeCame) {
  const auto failures = [](const std::string& text, const std::string& stage) {
    return ValueOf(text, "understudy_probe_failures_total{type=\"tcp\",stage=\"" + stage + "\"}");
  };
  ProbeResult result{.started = absl::Now()};
  result.stage = ProbeStage::kConnect;
  site_.Take("eu", result, 2);
  result.stage = ProbeStage::kResolve;
  site_.Take("us", result);
  result.conclusive = false;
  site_.Take("us", result);
  const std::string text = Scrape(site_);
  EXPECT_EQ(failures(text, "connect"), "2");
  EXPECT_EQ(failures(text, "resolve"), "1");
  EXPECT_EQ(failures(text, "answer"), "0");
}

// An endpoint that shows no certificate any more had one that ends all the same.
TEST_F(MetricsTest, TheEndOfACertificateIsToldAsItWasSeenLast) {
  const std::string sample = R"(understudy_check_certificate_expiry_timestamp_seconds{check="eu"})";
  EXPECT_EQ(ValueOf(Scrape(site_), sample), "none");
  ProbeResult result{.success = true, .started = absl::Now()};
  result.certificate_ends = absl::FromUnixSeconds(1'900'000'000);
  site_.Take("eu", result);
  site_.Probe("eu", false, 1);
  EXPECT_EQ(std::stod(ValueOf(Scrape(site_), sample)), 1.9e9);
  const boost::json::value body = site_.Ask("GET", "/v1/checks/eu").body;
  EXPECT_EQ(body.at("check").at("certificate_ends"), "2030-03-17T17:46:40.000Z");
}

TEST_F(MetricsTest, ControlsOwnHeartbeatIsReadInSharedMemory) {
  const std::string sample = "understudy_control_heartbeat_age_seconds";
  EXPECT_LT(std::stod(ValueOf(Scrape(site_), sample)), 60);
  // Whoever holds up the loop holds up the heartbeat, and this answer; so it is set back here.
  const auto paths = contract::PathsOf(site_.shm_dir(), "test");
  std::string error;
  const auto root = contract::RootWriter::Open(*paths, &error);
  ASSERT_TRUE(root) << error;
  std::string age;
  do {  // until no beat comes in between
    (*root)->heartbeat_ns = contract::MonotonicNs() - 100'000'000'000;
    age = ValueOf(Scrape(site_), sample);
  } while (std::stod(age) < 50);
  EXPECT_GE(std::stod(age), 100);
}

TEST_F(MetricsTest, PathsThatClientsMakeUpAreOneRoute) {
  for (const char* path : {"/a", "/v1/b", "/v1/groups/none", "/x/y/z/a/b"}) site_.Ask("GET", path);
  const std::string text = Scrape(site_);
  EXPECT_EQ(ValueOf(text, R"(understudy_api_requests_total{route="other",code="404"})"), "4");
}

TEST_F(MetricsTest, ChecksCanBeLeftOut) {
  const std::string text = Scrape(site_, "/metrics?checks=no");
  EXPECT_EQ(text.find("understudy_check_healthy"), std::string::npos);
  EXPECT_NE(text.find("understudy_group_active"), std::string::npos);
  EXPECT_TRUE(Scrape(site_, "/metrics?checks=some").starts_with("HTTP/1.1 400"));
}

// A family whose samples are told in pieces is still one family: its comments once, in front.
TEST(MetricsPiecesTest, ManyChecksAreOneFamilyEachAndAllOfThem) {
  DesiredState state = SiteWith({"app"});
  const HealthCheck like = state.health_checks.begin()->second;
  for (size_t i = 0; i < 3 * kPiece; ++i) {
    HealthCheck check = like;
    check.name = absl::StrCat("check-", i);
    state.health_checks[check.name] = check;
  }
  ServedSite site(state, std::chrono::milliseconds(5000));
  const std::string text = Scrape(site);
  const std::string body = text.substr(text.find("\r\n\r\n") + 4);
  std::set<std::string> families, samples;
  std::string current;
  for (const auto line : absl::StrSplit(body, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words[0] == "#") {
      const bool begins = words[1] == "HELP";
      if (begins) current = words[2];
      EXPECT_EQ(words[2], current);
      EXPECT_EQ(families.insert(current).second, begins) << current;
    } else {
      EXPECT_TRUE(words[0].starts_with(current)) << line;
      EXPECT_TRUE(samples.insert(words[0]).second) << "twice: " << line;
    }
  }
  size_t healthy = 0;
  for (const std::string& sample : samples)
    healthy += sample.starts_with("understudy_check_healthy");
  EXPECT_EQ(healthy, state.health_checks.size());
}

// The dataplane's counters come from shared memory, as it writes them.
TEST(MetricsDataplaneTest, EveryOutcomeIsTold) {
  ServedSite site(SiteWith({"app"}), std::chrono::milliseconds(5000));
  const auto paths = contract::PathsOf(site.shm_dir(), "test");
  std::string error;
  const auto report = contract::ReportWriter::Create(*paths, &error);
  ASSERT_TRUE(report) << error;
  contract::Tally tally;
  tally.received = 7;
  tally.outcomes[static_cast<size_t>(contract::Outcome::kPositive)] = 5;
  tally.outcomes[static_cast<size_t>(contract::Outcome::kNxDomain)] = 2;
  tally.answered_by[static_cast<size_t>(contract::AnsweredBy::kSecondary)] = 5;
  contract::AddTo(*report->AddWorker("test q0"), tally);
  const auto lock = contract::OwnerLock::Acquire(paths->dataplane_lock(), &error);
  ASSERT_TRUE(lock) << error;
  std::string text;
  // The publisher looks for a dataplane every 100 ms.
  do {
    text = Scrape(site);
  } while (ValueOf(text, "understudy_packets_received_total") == "none");
  EXPECT_EQ(ValueOf(text, "understudy_packets_received_total"), "7");
  for (const contract::OutcomeText& outcome : contract::kOutcomeTexts) {
    const std::string value =
        ValueOf(text, "understudy_packets_total{outcome=\"" + std::string(outcome.word) + "\"}");
    EXPECT_EQ(value, outcome.word == "positive"   ? "5"
                     : outcome.word == "nxdomain" ? "2"
                                                  : "0")
        << outcome.word;
  }
  EXPECT_EQ(ValueOf(text, R"(understudy_answers_total{answered_by="secondary"})"), "5");
  EXPECT_EQ(ValueOf(text, "understudy_dataplane_up"), "1");
}

}  // namespace
}  // namespace understudy::control
