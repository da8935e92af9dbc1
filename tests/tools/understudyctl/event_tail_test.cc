#include "tools/understudyctl/event_tail.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

json::object EventAt(int64_t id, const std::string& time) {
  return {{"id", id}, {"time", time}, {"text", "something"}};
}

json::object Answer(const std::vector<json::object>& events, int64_t last, int64_t missed = 0) {
  json::array list;
  for (const json::object& event : events) list.push_back(event);
  return {{"events", std::move(list)}, {"last", last}, {"missed", missed}};
}

std::vector<int64_t> Ids(const json::array& events) {
  std::vector<int64_t> ids;
  for (const json::value& event : events) ids.push_back(event.as_object().at("id").as_int64());
  return ids;
}

using List = std::vector<int64_t>;

TEST(EventTailTest, NothingThatHappenedBeforeIsGivenOutUnlessItWasAskedFor) {
  EventTail watch("");
  EXPECT_EQ(watch.FirstTarget("", 1), "/v1/events?limit=1");
  EXPECT_EQ(Ids(watch.Begin(Answer({EventAt(7, "a")}, 7), false)), List());
  EXPECT_EQ(watch.NextTarget("30s"), "/v1/events?limit=1000&after=7&wait=30s");

  EventTail follow("app,eu");
  EXPECT_EQ(follow.FirstTarget("10m", 100), "/v1/events?limit=100&since=10m&subject=app%2Ceu");
  EXPECT_EQ(Ids(follow.Begin(Answer({EventAt(7, "a")}, 7), true)), List({7}));
  EXPECT_EQ(follow.NextTarget("30s"), "/v1/events?limit=1000&after=7&wait=30s&subject=app%2Ceu");
}

TEST(EventTailTest, EventsAreGivenOutAsTheyCome) {
  EventTail tail("");
  tail.Begin(Answer({EventAt(1, "a")}, 1), false);
  EXPECT_EQ(Ids(tail.Take(Answer({EventAt(2, "b"), EventAt(3, "c")}, 3))), List({2, 3}));
  EXPECT_EQ(Ids(tail.Take(Answer({}, 3))), List());
  EXPECT_EQ(tail.missed(), 0);
}

TEST(EventTailTest, AfterARestartWhatWasSeenIsAskedForAgainAndNotToldAgain) {
  EventTail tail("");
  tail.Begin(Answer({EventAt(1, "a")}, 1), false);
  tail.Take(Answer({EventAt(2, "b"), EventAt(3, "c")}, 3));
  tail.LookBack();
  tail.LookBack();
  EXPECT_EQ(tail.NextTarget("30s"), "/v1/events?limit=1000&after=0&wait=0s");
  EXPECT_EQ(Ids(tail.Take(
                Answer({EventAt(1, "a"), EventAt(2, "b"), EventAt(3, "c"), EventAt(4, "d")}, 4))),
            List({4}));
  EXPECT_EQ(tail.NextTarget("30s"), "/v1/events?limit=1000&after=4&wait=30s");
}

TEST(EventTailTest, IdsGivenAwayAgainByAControlThatForgotThemAreNewEvents) {
  EventTail tail("");
  tail.Begin(Answer({EventAt(1, "a")}, 1), false);
  tail.Take(Answer({EventAt(2, "b"), EventAt(3, "c")}, 3));
  tail.LookBack();
  EXPECT_EQ(Ids(tail.Take(Answer(
                {EventAt(1, "a"), EventAt(2, "b"), EventAt(3, "other"), EventAt(4, "d")}, 4))),
            List({3, 4}));
}

TEST(EventTailTest, AnEmptyStateIsFollowedFromItsFirstEvent) {
  EventTail tail("");
  tail.Begin(Answer({EventAt(500, "a")}, 500), false);
  tail.LookBack();
  EXPECT_EQ(Ids(tail.Take(Answer({}, 2))), List());
  EXPECT_EQ(tail.NextTarget("30s"), "/v1/events?limit=1000&after=0&wait=30s");
  EXPECT_EQ(Ids(tail.Take(Answer({EventAt(1, "x"), EventAt(2, "y")}, 2))), List({1, 2}));
}

TEST(EventTailTest, WhatIsNoLongerKeptIsCounted) {
  EventTail tail("");
  tail.Begin(Answer({EventAt(1, "a")}, 1), false);
  tail.Take(Answer({EventAt(900, "z")}, 900, 898));
  EXPECT_EQ(tail.missed(), 898);
}

TEST(EventTailTest, ItsMemoryIsBounded) {
  EventTail tail("");
  tail.Begin(Answer({}, 0), false);
  for (int64_t id = 1; id <= 1000; ++id) tail.Take(Answer({EventAt(id, absl::StrCat(id))}, id));
  tail.LookBack();
  EXPECT_EQ(
      tail.NextTarget("30s"),
      absl::StrCat("/v1/events?limit=1000&after=", 1000 - EventTail::kRemembered, "&wait=0s"));
}

}  // namespace
}  // namespace understudy::ctl
