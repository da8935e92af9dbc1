// The live feed: GET /v1/events?after=ID&wait=30s.
#include "control/api/events.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/control/api/served_site.h"

namespace understudy::control {
namespace {

class EventsTest : public testing::Test {
 protected:
  uint64_t Last() {
    return site_.OnLoop([this] { return site_.engine().events().last_id(); });
  }
  ServedSite::HttpAnswer After(uint64_t id, const std::string& more) {
    return site_.Ask("GET", absl::StrCat("/v1/events?after=", id, more));
  }
  static uint64_t Number(const ServedSite::HttpAnswer& answer, const std::string& field) {
    return answer.body.at(field).to_number<uint64_t>();
  }
  // Whether asking becomes `status` before a defect would hang the test.
  bool Becomes(int status) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (After(Last(), "&wait=1ms").status == status) return true;
    }
    return false;
  }
  static const boost::json::array& EventsIn(const ServedSite::HttpAnswer& answer) {
    return answer.body.at("events").as_array();
  }
  ServedSite site_{SiteWith({"app", "shop"}), std::chrono::milliseconds(5000)};
};

TEST_F(EventsTest, AWaiterIsAnsweredWithTheEventThatHappens) {
  const uint64_t last = Last();
  auto waiting = std::async(std::launch::async, [&] { return After(last, "&wait=60s"); });
  // However late the waiter comes, it must not miss it.
  site_.Probe("eu", false, 3);
  const auto answer = waiting.get();
  ASSERT_EQ(answer.status, 200);
  ASSERT_FALSE(EventsIn(answer).empty());
  EXPECT_EQ(EventsIn(answer)[0].at("kind").as_string(), "check_unhealthy");
  EXPECT_EQ(Number(answer, "last"), EventsIn(answer).back().at("id").to_number<uint64_t>());
}

TEST_F(EventsTest, AWaiterThatIsThereBeforeTheEventIsWokenByIt) {
  const uint64_t last = Last();
  RawClient client(site_.socket());
  client.Send(absl::StrCat("GET /v1/events?after=", last,
                           "&wait=60s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  site_.Probe("eu", false, 3);
  const auto answer = ServedSite::Parse(client.ReadAll());
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(EventsIn(answer).empty());
}

TEST_F(EventsTest, WithoutAnEventTheAnswerComesAfterTheWaitAndSaysWhereToGoOn) {
  const uint64_t last = Last();
  const auto answer = After(last, "&wait=10ms");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(EventsIn(answer).empty());
  EXPECT_EQ(Number(answer, "last"), last);
  EXPECT_EQ(Number(answer, "missed"), 0u);
}

TEST_F(EventsTest, AFollowerGetsEveryEventInOrderHoweverSmallItsPages) {
  site_.Probe("eu", false, 3);
  site_.Probe("eu", true, 3);
  const uint64_t last = Last();
  std::vector<uint64_t> seen;
  for (uint64_t id = 0; id < last;) {
    const auto answer = After(id, "&limit=1&wait=10s");
    id = Number(answer, "last");
    seen.push_back(id);
  }
  ASSERT_EQ(seen.size(), last);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
}

TEST_F(EventsTest, AnIdOfAnotherStateFileIsAnsweredAtOnceWithOurs) {
  const auto answer = After(1'000'000, "&wait=60s");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(EventsIn(answer).empty());
  EXPECT_EQ(Number(answer, "last"), Last());
}

TEST_F(EventsTest, AFollowerThatWasAwayTooLongIsToldHowManyEventsItMissed) {
  const uint64_t before = Last();
  site_.OnLoop([this] {
    for (size_t i = 0; i < kKeptEvents + 100; ++i) {
      site_.engine().Note(EventOf(EventKind::kControlStarted));
    }
    return 0;
  });
  EXPECT_EQ(Number(After(before, "&limit=1"), "missed"), 100u);
}

TEST_F(EventsTest, OnlySoManyMayWaitAndTheOthersAreToldSo) {
  const std::string request =
      absl::StrCat("GET /v1/events?after=", Last(), "&wait=60s HTTP/1.1\r\nHost: x\r\n\r\n");
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (size_t i = 0; i < kMaxWaiters; ++i) {
    waiting.push_back(std::make_unique<RawClient>(site_.socket()));
    waiting.back()->Send(request);
  }
  // They arrive one after another; until then a further one would get a place.
  EXPECT_TRUE(Becomes(503));
  EXPECT_EQ(site_.Ask("GET", "/v1/version").status, 200);
  site_.Probe("eu", false, 3);
  EXPECT_TRUE(Becomes(200));
}

}  // namespace
}  // namespace understudy::control
