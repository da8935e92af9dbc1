#include "tools/understudyctl/history.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

namespace understudy::ctl {
namespace {

namespace json = boost::json;

absl::Time Noon() { return absl::FromUnixSeconds(1'800'000'000); }  // 2027-01-15T08:00:00Z

json::object Changed(absl::Time time, const char* from, const char* to) {
  return {{"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone())},
          {"kind", "group_changed"},
          {"from", from},
          {"to", to},
          {"cause", "primary_unhealthy"}};
}

json::object Other(absl::Time time, const char* kind) {
  return {{"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone())},
          {"kind", kind},
          {"text", kind},
          {"detail", "why"}};
}

// "primary 60s, secondary 30s"
std::string Spans(const History& history) {
  std::string text;
  for (const Span& span : history.spans) {
    text += (text.empty() ? "" : ", ") + span.state + " " +
            absl::FormatDuration(span.until - span.since);
  }
  return text;
}

History OfGroup(const json::array& events, const char* state, absl::Duration length) {
  return HistoryOf("app", true, events, state, Noon() - length, Noon());
}

TEST(HistoryTest, WithoutEventsItWasAlwaysAsItIsNow) {
  const History history = OfGroup({}, "primary", absl::Minutes(1));
  EXPECT_EQ(Spans(history), "primary 1m");
  EXPECT_DOUBLE_EQ(history.availability, 1);
}

TEST(HistoryTest, SpansFollowEachOtherAndAddUpToTheStretch) {
  const History history = OfGroup({Changed(Noon() - absl::Seconds(40), "primary", "secondary"),
                                   Changed(Noon() - absl::Seconds(10), "secondary", "primary")},
                                  "primary", absl::Seconds(100));
  EXPECT_EQ(Spans(history), "primary 1m, secondary 30s, primary 10s");
  EXPECT_DOUBLE_EQ(history.availability, 0.7);
  ASSERT_EQ(history.totals.size(), 2u);
  EXPECT_EQ(history.totals[0].state, "primary");
  EXPECT_EQ(history.totals[0].time + history.totals[1].time, absl::Seconds(100));
  EXPECT_EQ(history.spans[0].because, "") << "it was so before";
  EXPECT_EQ(history.spans[1].because, "primary_unhealthy");
}

TEST(HistoryTest, WhatChangedBeforeTheStretchSaysHowItBegan) {
  const History history = OfGroup({Changed(Noon() - absl::Hours(5), "primary", "secondary")},
                                  "secondary", absl::Minutes(1));
  EXPECT_EQ(Spans(history), "secondary 1m");
  EXPECT_DOUBLE_EQ(history.availability, 0);
}

TEST(HistoryTest, TheFirstChangeThatIsKeptSaysWhatWasBefore) {
  const History history = OfGroup({Changed(Noon() - absl::Seconds(20), "third", "primary")},
                                  "primary", absl::Minutes(1));
  EXPECT_EQ(Spans(history), "third 40s, primary 20s");
}

TEST(HistoryTest, AClockThatWasSetBackMakesNoNegativeSpan) {
  const History history = OfGroup({Changed(Noon() - absl::Seconds(10), "primary", "secondary"),
                                   Changed(Noon() - absl::Seconds(30), "secondary", "primary")},
                                  "primary", absl::Minutes(1));
  EXPECT_EQ(Spans(history), "primary 50s, secondary 0, primary 10s");
}

TEST(HistoryTest, ChecksAreHealthyOrNot) {
  const History history = HistoryOf("eu", false,
                                    {Other(Noon() - absl::Seconds(30), "check_unhealthy"),
                                     Other(Noon() - absl::Seconds(15), "check_healthy")},
                                    "healthy", Noon() - absl::Minutes(1), Noon());
  EXPECT_EQ(Spans(history), "healthy 30s, unhealthy 15s, healthy 15s");
  EXPECT_DOUBLE_EQ(history.availability, 0.75);
}

TEST(HistoryTest, WhatHappenedInBetweenStandsInItsSpan) {
  const History history = OfGroup(
      {Other(Noon() - absl::Hours(1), "forced"), Other(Noon() - absl::Seconds(30), "drained"),
       Changed(Noon() - absl::Seconds(10), "primary", "secondary")},
      "secondary", absl::Minutes(1));
  ASSERT_EQ(history.remarks.size(), 1u);
  const std::string text = HistoryText(history);
  EXPECT_LT(text.find("(as before)"), text.find("drained")) << text;
  EXPECT_LT(text.find("drained"), text.find("primary_unhealthy")) << text;
  EXPECT_NE(text.find("on the primary 83.333 % of the time, 1 change\n"), std::string::npos)
      << text;
}

TEST(HistoryTest, AnEmptyStretchIsNoDivisionByZero) {
  const History history = OfGroup({}, "primary", absl::ZeroDuration());
  EXPECT_EQ(Spans(history), "primary 0");
  EXPECT_DOUBLE_EQ(history.availability, 1);
}

}  // namespace
}  // namespace understudy::ctl
