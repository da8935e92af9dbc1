// Time to failover: the longest it may take from the moment an endpoint dies until nobody is
// answered by it any more, and from the moment it is back until everybody is. Worked out from the
// settings, term by term, each with its source.
//
//   detection    threshold x (interval + the longest failing attempt): the endpoint dies just after
//                a good answer, and then swallows every attempt (route53.md 2.3 to 2.5)
//   publication  the slowest that was measured
//   hold-down    on the way back alone
//   TTL          of the values that were answered before: resolvers may keep them so long
//
// Used by: inquiries (GET /v1/groups/{group}/time-to-failover). Pure over what is standing.
#ifndef UNDERSTUDY_CONTROL_API_TIME_TO_FAILOVER_H_
#define UNDERSTUDY_CONTROL_API_TIME_TO_FAILOVER_H_

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/engine/standing.h"
#include "control/event/event.h"

namespace understudy::control {

// From the word that publishes a selection until every worker answers from it.
struct MeasuredPublication {
  size_t count = 0;
  absl::Duration slowest;

  // Counts the event if it measured one.
  void Add(const Event& event);
};

struct Term {
  std::string what;
  absl::Duration takes;
  std::string source;  // the settings it is made of
};

// How long resolvers keep the values before the turn.
struct Kept {
  uint16_t type = 0;
  uint32_t ttl_s = 0;
};

// One tier is lost, or is answered again.
struct Turn {
  std::string tier;
  std::string check;        // empty: it has none
  std::vector<Term> terms;  // until the dataplane answers otherwise
  std::vector<Kept> kept;   // by type
  std::string never;        // not empty: it does not come by itself, and why

  absl::Duration AtTheSource() const;  // the sum of the terms
  absl::Duration Everywhere() const;   // and the longest TTL
};

struct TimeToFailover {
  std::string group;
  std::vector<Turn> loss;    // by tier; of the last one nothing but the all-down policy follows
  std::vector<Turn> regain;  // by tier, without the last
  std::vector<std::string> notes;
};

TimeToFailover TimeToFailoverOf(const GroupStanding& group, const MeasuredPublication& measured);
boost::json::object TimeToFailoverView(const TimeToFailover& time);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_TIME_TO_FAILOVER_H_
