#include "tools/understudyctl/top_page.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::ctl {
namespace {

namespace json = boost::json;

constexpr size_t kPositive = 0, kNxDomain = 2;

Reading ReadingAt(uint64_t second, uint64_t first_worker, uint64_t second_worker) {
  Reading reading;
  reading.at_ns = second * 1'000'000'000;
  reading.dataplane_started_ns = 5;
  reading.control = {.alive = true, .pid = 1};
  reading.dataplane = {.alive = true, .pid = 2};
  reading.selection = 3;
  for (const uint64_t count : {first_worker, second_worker}) {
    WorkerReading worker{.name = count == first_worker ? "port q0" : "listen", .selection = 3};
    worker.received = count;
    worker.outcomes[kPositive] = count;
    worker.answered_by[0] = count;
    reading.workers.push_back(worker);
  }
  return reading;
}

TopMoment MomentOf(const Reading& before, const Reading& after) {
  TopMoment moment;
  moment.instance = "edge1";
  moment.now = absl::FromUnixSeconds(1'800'000'000);
  moment.interval = absl::Seconds(1);
  moment.reading = after;
  moment.rates = RatesBetween(before, after);
  return moment;
}

std::string TextOf(const TopMoment& moment, size_t width = 200) {
  std::string text;
  for (const TopLine& line : TopLines(moment, width)) text += line.text + "\n";
  return text;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(TrafficTest, RatesArePerSecondByWorkerAndInAll) {
  const Rates rates = RatesBetween(ReadingAt(10, 1000, 500), ReadingAt(12, 3000, 600));
  ASSERT_TRUE(rates.known);
  EXPECT_DOUBLE_EQ(rates.received, 1050);
  EXPECT_DOUBLE_EQ(rates.outcomes[kPositive], 1050);
  EXPECT_DOUBLE_EQ(rates.answered_by[0], 1050);
  EXPECT_DOUBLE_EQ(rates.workers[0].received, 1000);
  EXPECT_DOUBLE_EQ(rates.workers[1].received, 50);
}

TEST(TrafficTest, ARestartOfTheDataplaneIsNoRate) {
  Reading after = ReadingAt(12, 10, 20);
  after.dataplane_started_ns = 6;
  EXPECT_FALSE(RatesBetween(ReadingAt(10, 1000, 500), after).known);
  EXPECT_FALSE(RatesBetween(Reading(), ReadingAt(12, 10, 20)).known);
  EXPECT_FALSE(RatesBetween(ReadingAt(10, 1, 2), ReadingAt(10, 1, 2)).known);
}

// Groups a, b and c with two sides each: {a primary, a secondary, a none, b primary, ...}.
GroupTraffic CountsOf(std::vector<uint64_t> counts, uint64_t generation = 7) {
  return {.generation = generation,
          .columns = 3,
          .names = std::make_shared<const std::vector<std::string>>(
              std::vector<std::string>{"a", "b", "c"}),
          .counts = std::move(counts)};
}

TEST(GroupTrafficTest, RatesAreByGroupAndSideTheBusiestFirst) {
  const GroupTraffic before = CountsOf({10, 0, 0, 100, 5, 0, 7, 7, 7});
  const GroupTraffic after = CountsOf({14, 0, 2, 140, 25, 0, 7, 7, 7});
  const auto rates = BusiestBetween(before, after, 2, 10);
  ASSERT_EQ(rates.size(), 2u) << "nobody asks for c";
  EXPECT_EQ(rates[0].name, "b");
  EXPECT_DOUBLE_EQ(rates[0].answers, 30);
  EXPECT_EQ(rates[0].sides, (std::vector<double>{20, 10, 0}));
  EXPECT_EQ(rates[1].name, "a");
  EXPECT_EQ(rates[1].sides, (std::vector<double>{2, 0, 1}));
  EXPECT_EQ(BusiestBetween(before, after, 2, 1).size(), 1u);
}

TEST(GroupTrafficTest, CountsOfAnotherTableAreNoRate) {
  const GroupTraffic before = CountsOf({0, 0, 0, 0, 0, 0, 0, 0, 0});
  const GroupTraffic after = CountsOf({9, 9, 9, 9, 9, 9, 9, 9, 9}, 8);
  EXPECT_TRUE(BusiestBetween(before, after, 1, 10).empty());
  EXPECT_TRUE(BusiestBetween(GroupTraffic(), after, 1, 10).empty());
  EXPECT_TRUE(BusiestBetween(after, after, 0, 10).empty());
}

TEST(TopPageTest, ItShowsTheBusiestGroupsByTheirSides) {
  Reading before = ReadingAt(10, 0, 0), after = ReadingAt(11, 1234, 5678);
  before.group_traffic = CountsOf({0, 0, 0, 0, 0, 0, 0, 0, 0});
  after.group_traffic = CountsOf({1500, 2, 0, 0, 0, 0, 0, 0, 3000});
  TopMoment moment = MomentOf(before, after);
  std::string text = TextOf(moment);
  EXPECT_TRUE(Has(text, "1,502      primary 1,500  secondary 2")) << text;
  EXPECT_TRUE(Has(text, "3,000      none 3,000")) << text;
  EXPECT_LT(text.find("\nc "), text.find("\na ")) << text;
  moment.sort = TopSort::kName;
  text = TextOf(moment);
  EXPECT_LT(text.find("\na "), text.find("\nc ")) << text;
  const json::array groups = TopView(moment).at("busiest_groups").as_array();
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].at("by_side").at("none").to_number<double>(), 3000);
}

TEST(TopPageTest, ItShowsTheTrafficTheBusiestFirst) {
  TopMoment moment = MomentOf(ReadingAt(10, 0, 0), ReadingAt(11, 1234, 5678));
  std::string text = TextOf(moment);
  EXPECT_TRUE(Has(text, "queries/s  6,912")) << text;
  EXPECT_TRUE(Has(text, "outcomes   positive 6,912\n")) << text;
  EXPECT_LT(text.find("listen"), text.find("port q0")) << text;
  moment.rates.outcomes[kNxDomain] = 9000;
  EXPECT_TRUE(Has(TextOf(moment), "nxdomain 9,000  positive 6,912"));
  moment.sort = TopSort::kName;
  moment.rates.workers[1].name = "z";
  text = TextOf(moment);
  EXPECT_TRUE(Has(text, "nxdomain 9,000  positive 6,912")) << text;
  EXPECT_LT(text.find("port q0"), text.rfind("\nz ")) << text;
}

TEST(TopPageTest, WithoutControlItShowsWhatTheSharedMemorySays) {
  TopMoment moment = MomentOf(ReadingAt(10, 1, 2), ReadingAt(11, 1, 2));
  moment.reading.control.alive = false;
  moment.reading.groups = 1200;
  moment.reading.strays = 1;
  moment.reading.stray = {{"app", "secondary"}};
  const std::string text = TextOf(moment);
  EXPECT_TRUE(Has(text, "control    DEAD")) << text;
  EXPECT_TRUE(Has(text, "groups     1,200, 1 not on their primary")) << text;
  EXPECT_TRUE(Has(text, "app    secondary")) << text;
  EXPECT_TRUE(Has(text, "checks     known to control alone")) << text;
}

TEST(TopPageTest, OfADataplaneThatIsDeadNoWorkersAndNoRatesAreTold) {
  Reading dead = ReadingAt(11, 1, 2);
  dead.dataplane.alive = false;
  dead.workers.clear();  // as TrafficReader reads it
  const std::string text = TextOf(MomentOf(ReadingAt(10, 1, 2), dead));
  EXPECT_TRUE(Has(text, "dataplane  DEAD")) << text;
  EXPECT_FALSE(Has(text, "seen by")) << text;
  EXPECT_TRUE(Has(text, "queries/s  -")) << text;
  EXPECT_FALSE(Has(text, "WORKER")) << text;
}

TEST(TopPageTest, WithControlItShowsTheNewestTroubleFirst) {
  TopMoment moment = MomentOf(ReadingAt(10, 1, 2), ReadingAt(11, 1, 2));
  moment.reading.groups = moment.reading.strays = 2;
  moment.status = json::parse(R"({"checks": {"total": 3, "unhealthy": 1},
      "problems": ["the disk is full"]})")
                      .as_object();
  moment.trouble = json::parse(R"({"groups": [
      {"name": "old", "answer": "secondary", "changed_at": "2027-01-15T07:00:00.000Z"},
      {"name": "new", "answer": "third", "changed_at": "2027-01-15T07:59:00.000Z"}],
      "checks": [{"name": "eu", "last": {"reason": "refused"}}]})")
                       .as_object();
  const std::string text = TextOf(moment);
  EXPECT_TRUE(Has(text, "problem    the disk is full")) << text;
  EXPECT_LT(text.find("new    third"), text.find("old    secondary")) << text;
  EXPECT_TRUE(Has(text, "checks     3, 1 unhealthy")) << text;
  EXPECT_TRUE(Has(text, "refused")) << text;
}

TEST(TopPageTest, NoLineIsWiderThanTheScreen) {
  TopMoment moment = MomentOf(ReadingAt(10, 0, 0), ReadingAt(11, 1234, 5678));
  for (double& rate : moment.rates.outcomes) rate = 123456789;
  moment.instance = "\xc3\xbc\xc3\xbc\xc3\xbc";
  for (const size_t width : {1u, 20u, 40u, 80u}) {
    for (const TopLine& line : TopLines(moment, width)) {
      size_t characters = 0;
      for (const char c : line.text) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      EXPECT_LE(characters, width) << line.text;
    }
  }
}

TEST(TopPageTest, JsonSaysNullForWhatIsNotKnown) {
  const json::object known = TopView(MomentOf(ReadingAt(10, 0, 0), ReadingAt(11, 4, 6)));
  EXPECT_EQ(known.at("queries_per_s").to_number<double>(), 10);
  EXPECT_EQ(known.at("outcomes_per_s").at("positive").to_number<double>(), 10);
  EXPECT_TRUE(known.at("status").is_null());
  const json::object unknown = TopView(MomentOf(Reading(), ReadingAt(11, 4, 6)));
  EXPECT_TRUE(unknown.at("queries_per_s").is_null());
}

}  // namespace
}  // namespace understudy::ctl
