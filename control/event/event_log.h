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
#include <functional>
#include <optional>
#include <string>
#include <utility>
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

  // `observer` is told of every event from now on, when it has its id.
  using Observer = std::function<void(const Event&)>;
  void Observe(Observer observer) { observer_ = std::move(observer); }

  struct Filter {
    absl::Time since = absl::InfinitePast();
    std::optional<uint64_t> after_id;   // only events with a higher id
    std::vector<std::string> subjects;  // only events about one of these; empty: all
    size_t limit = 100;  // of those that fit the newest; with after_id the oldest: what comes next

    bool Fits(const Event& event) const;
  };
  // Oldest first.
  std::vector<Event> Find(const Filter& filter) const;

  // Oldest first.
  const std::deque<Event>& kept() const { return events_; }
  // 0: none yet.
  uint64_t last_id() const { return last_id_; }
  // Of the oldest event that is kept; last_id + 1 when none is.
  uint64_t first_id() const { return events_.empty() ? last_id_ + 1 : events_.front().id; }

 private:
  std::vector<Event> FindAfter(const Filter& filter) const;

  Observer observer_;
  std::deque<Event> events_;
  uint64_t last_id_ = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_EVENT_EVENT_LOG_H_
