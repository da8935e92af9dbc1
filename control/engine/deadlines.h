// When groups have something to do by themselves, soonest first. A group has one time here or none.
//
// Used by: standing, once for each of its clocks.
// Invariants
//  1. Setting one costs the logarithm of how many there are; looking costs only what is due.
#ifndef UNDERSTUDY_CONTROL_ENGINE_DEADLINES_H_
#define UNDERSTUDY_CONTROL_ENGINE_DEADLINES_H_

#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "control/engine/group_standing.h"

namespace understudy::control {

class Deadlines {
 public:
  // Instead of the one it had. The infinite future: none.
  void Set(GroupStanding& group, absl::Time at);
  void Clear();
  // Appends the groups whose time has come to `due`, and forgets those times.
  void TakeDue(absl::Time now, std::vector<GroupStanding*>& due);
  // The infinite future when there is none.
  absl::Time next() const;

 private:
  absl::flat_hash_map<GroupStanding*, absl::Time> times_;
  absl::btree_set<std::pair<absl::Time, GroupStanding*>> by_time_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_DEADLINES_H_
