#include "control/event/event.h"

#include <gtest/gtest.h>

#include <set>

#include "control/event/event_log.h"

namespace understudy::control {
namespace {

Event At(int second) {
  Event event;
  event.time = absl::FromUnixSeconds(second);
  event.subject = std::to_string(second);
  return event;
}

TEST(EventTest, EveryKindHasAWordOfItsOwnThatLeadsBackToIt) {
  std::set<std::string_view> words;
  for (size_t i = 0; i < kEventKindCount; ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_TRUE(words.insert(WordOf(kind)).second) << WordOf(kind);
    EXPECT_EQ(EventKindOf(WordOf(kind)), kind);
  }
  EXPECT_EQ(EventKindOf("no_such_kind"), std::nullopt);
}

TEST(EventTest, ASentenceSaysWhoWhatWhyAndHowLong) {
  Event event;
  event.kind = EventKind::kGroupChanged;
  event.subject = "app";
  event.from = "primary";
  event.to = "secondary";
  event.cause = "primary_unhealthy";
  event.detail = "check eu is unhealthy";
  event.selection = 42;
  EXPECT_EQ(Sentence(event),
            "group app changed side from primary to secondary (primary_unhealthy): check eu is "
            "unhealthy [selection 42]");
  Event forced;
  forced.kind = EventKind::kForced;
  forced.subject = "app";
  forced.to = "secondary";
  forced.detail = "for 1h";
  forced.reason = "maintenance";
  forced.author = "ann (uid 0)";
  EXPECT_EQ(Sentence(forced),
            "group app forced to secondary: for 1h, reason: maintenance, by ann (uid 0)");
  Event seen;
  seen.kind = EventKind::kSelectionObserved;
  seen.subject = "42";
  seen.detail = "by 4/4 workers";
  seen.took = absl::Microseconds(312);
  EXPECT_EQ(Sentence(seen), "selection 42 seen: by 4/4 workers, after 312us");
}

TEST(EventLogTest, IdsGoOnAfterWhatWasRestored) {
  EventLog log;
  Event old = At(1);
  old.id = 41;
  log.Restore({old});
  EXPECT_EQ(log.Add(At(2)).id, 42u);
}

TEST(EventLogTest, OnlyTheNewestAreKept) {
  EventLog log;
  for (int i = 1; i <= static_cast<int>(kKeptEvents) + 5; ++i) log.Add(At(i));
  const auto all = log.Find({.limit = 2 * kKeptEvents});
  ASSERT_EQ(all.size(), kKeptEvents);
  EXPECT_EQ(all.front().id, 6u);
}

TEST(EventLogTest, FindGivesTheNewestThatFitOldestFirst) {
  EventLog log;
  for (int i = 1; i <= 10; ++i) log.Add(At(i));
  const auto newest = log.Find({.limit = 3});
  ASSERT_EQ(newest.size(), 3u);
  EXPECT_EQ(newest.front().subject, "8");
  EXPECT_EQ(newest.back().subject, "10");
  EXPECT_EQ(log.Find({.since = absl::FromUnixSeconds(6)}).size(), 5u);
  EXPECT_EQ(log.Find({.after_id = 9}).size(), 1u);
}

TEST(EventLogTest, AClockThatWasSetBackHidesNothing) {
  EventLog log;
  log.Add(At(100));
  log.Add(At(50));
  log.Add(At(51));
  EXPECT_EQ(log.Find({.since = absl::FromUnixSeconds(90)}).size(), 1u);
}

}  // namespace
}  // namespace understudy::control
