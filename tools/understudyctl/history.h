// History: what a group answered, or how a check stood, over a stretch of time: spans, and what
// they add up to.
//
// Used by: the command history. Pure: from events to spans.
// Invariants
//  1. The spans follow each other without gaps, from the beginning of the stretch to its end.
//  2. The totals add up to its length.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_HISTORY_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_HISTORY_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace understudy::ctl {

struct Span {
  std::string state;  // the side answered; "healthy" or "unhealthy"
  absl::Time since;
  absl::Time until;
  std::string because;  // what began it; empty: it was so before
};

struct Total {
  std::string state;
  absl::Duration time;
  double share = 0;  // of the whole stretch, 0 to 1
};

// Something that happened to it without another answer: forced, drained, all down.
struct Remark {
  absl::Time time;
  std::string text;
};

struct History {
  std::string name;
  bool is_group = false;
  absl::Time since;
  absl::Time until;
  std::vector<Span> spans;
  std::vector<Total> totals;  // the longest first
  std::vector<Remark> remarks;
  double availability = 1;  // share of time on the primary, or healthy
};

// `events`: all that are kept of it, oldest first. `state`: how it stands at `until`. Since: the
// stretch begins there, or when the oldest event of all is younger, with that.
History HistoryOf(const std::string& name, bool is_group, const boost::json::array& events,
                  const std::string& state, absl::Time since, absl::Time until);

std::string HistoryText(const History& history);
boost::json::object HistoryView(const History& history);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_HISTORY_H_
