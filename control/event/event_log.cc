#include "control/event/event_log.h"

#include <algorithm>
#include <utility>

namespace understudy::control {

void EventLog::Restore(std::vector<Event> events) {
  for (Event& event : events) {
    last_id_ = std::max(last_id_, event.id);
    events_.push_back(std::move(event));
  }
  while (events_.size() > kKeptEvents) events_.pop_front();
}

const Event& EventLog::Add(Event event) {
  event.id = ++last_id_;
  events_.push_back(std::move(event));
  if (events_.size() > kKeptEvents) events_.pop_front();
  if (observer_) observer_(events_.back());
  return events_.back();
}

bool EventLog::Filter::Fits(const Event& event) const {
  return event.time >= since &&
         (subjects.empty() || std::ranges::find(subjects, event.subject) != subjects.end());
}

std::vector<Event> EventLog::FindAfter(const Filter& filter) const {
  std::vector<Event> found;
  auto it = std::ranges::upper_bound(events_, *filter.after_id, {}, &Event::id);
  for (; it != events_.end() && found.size() < filter.limit; ++it) {
    if (filter.Fits(*it)) found.push_back(*it);
  }
  return found;
}

std::vector<Event> EventLog::Find(const Filter& filter) const {
  if (filter.after_id) return FindAfter(filter);
  std::vector<Event> found;
  // From the newest on, and through all of them: times may go back when the clock is set.
  for (auto it = events_.rbegin(); it != events_.rend() && found.size() < filter.limit; ++it) {
    if (filter.Fits(*it)) found.push_back(*it);
  }
  std::ranges::reverse(found);
  return found;
}

}  // namespace understudy::control
