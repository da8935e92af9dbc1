// How often the sides of failover groups are answered: the workers' counts beside the report, and
// how fast they grew between two looks.
//
// Used by: traffic, top_page.
// Invariants
//  1. Rates are told only between two looks at the counts of one table: those of another begin at
//     zero, and its groups may be others.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_GROUP_TRAFFIC_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_GROUP_TRAFFIC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/contract/group_counts.h"
#include "dataplane/contract/table.h"

namespace understudy::ctl {

// Of the groups of a table, in its order, without the static group.
using GroupNames = std::shared_ptr<const std::vector<std::string>>;
GroupNames NamesOf(const contract::Table& table);

struct GroupTraffic {
  uint64_t generation = 0;  // of the table; 0: nothing is known
  uint32_t columns = 0;
  GroupNames names;
  std::vector<uint64_t> counts;  // by group, then by column; the last one is no side of the group
};
GroupTraffic ReadGroupTraffic(const contract::GroupCountsReader& reader, uint64_t generation,
                              GroupNames names);

// Answers a second.
struct GroupRate {
  std::string name;
  double answers = 0;
  std::vector<double> sides;  // by side; the last: what is said instead of one
};
// Those that are answered at all, the busiest first, at most `limit`.
std::vector<GroupRate> BusiestBetween(const GroupTraffic& before, const GroupTraffic& after,
                                      double seconds, size_t limit);
// "primary", "secondary", "third" ...; "none" for the last of `sides`.
std::string WordOfSide(size_t side, size_t sides);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_GROUP_TRAFFIC_H_
