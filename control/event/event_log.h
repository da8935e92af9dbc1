// The newest events, in memory: what the API answers from, whatever became of the disk.
//
// Invariants
//  1. Ids grow by one, also over a restart (Restore).
//  2. At most kKeptEvents are kept; the oldest go first.
// Used by: engine, api.
#ifndef UNDERSTUDY_CONTROL_EVENT_EVENT_LOG_H_
#define UNDERSTUDY_CONTROL_EVENT_EVENT_LOG_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "control/event/event.h"

namespace understudy::control {

inline constexpr size_t kKeptEvents = 10'000;  // in memory and in the store

class EventLog {
 public:
  // Events of a predecessor, oldest first. Before the first Add.
  void Restore(std::vector<Event> events);

  // Gives `event` its id and keeps it.
  const Event& Add(Event event);

  struct Filter {
    absl::Time since = absl::InfinitePast();
    uint64_t after_id = 0;  // only events with a higher id
    size_t limit = 100;     // the newest of those that fit
  };
  // Oldest first.
  std::vector<Event> Find(const Filter& filter) const;

 private:
  std::deque<Event> events_;
  uint64_t last_id_ = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_EVENT_EVENT_LOG_H_
