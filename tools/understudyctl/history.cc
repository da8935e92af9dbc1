#include "tools/understudyctl/history.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/understudyctl/json_fields.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

namespace json = boost::json;

// An event that begins another state: which one it ended, and which it began.
struct Change {
  absl::Time time;
  std::string from;
  std::string to;
  std::string because;
};

bool TimeOf(const json::object& event, absl::Time* time) {
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, TextIn(event, "time"), time, &error);
}

// A change, or nothing for an event that changed no state. The word of a check's event is its new
// state.
bool ChangeOf(const json::object& event, bool is_group, Change* change) {
  const std::string kind = TextIn(event, "kind");
  if (is_group && kind == "group_changed") {
    change->from = TextIn(event, "from");
    change->to = TextIn(event, "to");
    change->because = TextIn(event, "cause");
    const std::string detail = TextIn(event, "detail");
    if (!detail.empty()) absl::StrAppend(&change->because, ": ", detail);
    return true;
  }
  if (is_group || (kind != "check_healthy" && kind != "check_unhealthy")) return false;
  change->to = kind == "check_healthy" ? "healthy" : "unhealthy";
  change->from = kind == "check_healthy" ? "unhealthy" : "healthy";
  change->because = TextIn(event, "detail");
  return true;
}

void AddTotals(History& history) {
  const absl::Duration all = history.until - history.since;
  for (const Span& span : history.spans) {
    auto total = std::ranges::find(history.totals, span.state, &Total::state);
    if (total == history.totals.end()) {
      history.totals.push_back({.state = span.state, .time = absl::ZeroDuration()});
      total = history.totals.end() - 1;
    }
    total->time += span.until - span.since;
  }
  std::ranges::sort(history.totals, std::greater(),
                    [](const Total& total) { return std::pair(total.time, total.state); });
  history.availability = 0;
  for (Total& total : history.totals) {
    total.share = all > absl::ZeroDuration() ? absl::FDivDuration(total.time, all) : 1;
    if (total.state == (history.is_group ? "primary" : "healthy")) {
      history.availability = total.share;
    }
  }
}

json::string TimeText(absl::Time time) {
  return json::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
}

std::string Percent(double share) { return absl::StrFormat("%.3f %%", share * 100); }

}  // namespace

History HistoryOf(const std::string& name, bool is_group, const json::array& events,
                  const std::string& state, absl::Time since, absl::Time until) {
  History history{.name = name, .is_group = is_group, .since = since, .until = until};
  // Before the first change it was what that one ended; without any, what it is now.
  Span span{.since = since, .until = until};
  bool known = false;
  for (const json::value& value : events) {
    Change change;
    if (!value.is_object() || !TimeOf(value.get_object(), &change.time)) continue;
    const bool changes = ChangeOf(value.get_object(), is_group, &change);
    if (change.time > until) break;
    if (!changes) {
      if (change.time >= since) {
        history.remarks.push_back({change.time, TextIn(value.get_object(), "text")});
      }
      continue;
    }
    if (!known) span.state = change.from;
    known = true;
    if (change.time <= since) {
      span.state = change.to;
      continue;
    }
    const absl::Time begin = std::max(change.time, span.since);  // a clock that was set back
    span.until = begin;
    history.spans.push_back(span);
    span = {.state = change.to, .since = begin, .until = until, .because = change.because};
  }
  if (!known) span.state = state;
  span.until = until;
  history.spans.push_back(span);
  AddTotals(history);
  return history;
}

std::string HistoryText(const History& history) {
  std::string text = absl::StrCat(history.is_group ? "group " : "check ", history.name, ", ",
                                  Age(history.until - history.since), " until ",
                                  std::string(TimeText(history.until)), "\n\n");
  Columns columns({"SINCE", "FOR", history.is_group ? "ANSWER" : "STATE", "BECAUSE"});
  size_t remark = 0;
  for (const Span& span : history.spans) {
    columns.Add({std::string(TimeText(span.since)), Age(span.until - span.since), span.state,
                 span.because.empty() ? "(as before)" : span.because});
    for (; remark < history.remarks.size() && history.remarks[remark].time < span.until; ++remark) {
      columns.Add({std::string(TimeText(history.remarks[remark].time)), "", "",
                   history.remarks[remark].text});
    }
  }
  absl::StrAppend(&text, columns.Text(), "\n");
  Columns totals({"TOTAL", "TIME", "SHARE"});
  for (const Total& total : history.totals) {
    totals.Add({total.state, Age(total.time), Percent(total.share)});
  }
  const size_t changes = history.spans.size() - 1;
  return absl::StrCat(text, totals.Text(), "\n", history.is_group ? "on the primary " : "healthy ",
                      Percent(history.availability), " of the time, ", changes,
                      changes == 1 ? " change\n" : " changes\n");
}

json::object HistoryView(const History& history) {
  json::array spans, totals, remarks;
  for (const Span& span : history.spans) {
    spans.push_back(json::object{{"state", span.state},
                                 {"since", TimeText(span.since)},
                                 {"until", TimeText(span.until)},
                                 {"seconds", absl::ToDoubleSeconds(span.until - span.since)},
                                 {"because", span.because}});
  }
  for (const Total& total : history.totals) {
    totals.push_back(json::object{{"state", total.state},
                                  {"seconds", absl::ToDoubleSeconds(total.time)},
                                  {"share", total.share}});
  }
  for (const Remark& remark : history.remarks) {
    remarks.push_back(json::object{{"time", TimeText(remark.time)}, {"text", remark.text}});
  }
  return {{"name", history.name},
          {"kind", history.is_group ? "group" : "check"},
          {"since", TimeText(history.since)},
          {"until", TimeText(history.until)},
          {"spans", std::move(spans)},
          {"totals", std::move(totals)},
          {"remarks", std::move(remarks)},
          {"availability", history.availability}};
}

}  // namespace understudy::ctl
