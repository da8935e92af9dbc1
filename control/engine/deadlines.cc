#include "control/engine/deadlines.h"

namespace understudy::control {

void Deadlines::Set(GroupStanding& group, absl::Time at) {
  const auto known = times_.find(&group);
  if (known == times_.end()) {
    if (at == absl::InfiniteFuture()) return;
    times_.emplace(&group, at);
  } else {
    if (known->second == at) return;
    by_time_.erase({known->second, &group});
    if (at == absl::InfiniteFuture()) {
      times_.erase(known);
      return;
    }
    known->second = at;
  }
  by_time_.emplace(at, &group);
}

void Deadlines::Clear() {
  times_.clear();
  by_time_.clear();
}

void Deadlines::TakeDue(absl::Time now, std::vector<GroupStanding*>& due) {
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    due.push_back(by_time_.begin()->second);
    Set(*due.back(), absl::InfiniteFuture());
  }
}

absl::Time Deadlines::next() const {
  return by_time_.empty() ? absl::InfiniteFuture() : by_time_.begin()->first;
}

}  // namespace understudy::control
