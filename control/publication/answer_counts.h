// How often each side of each group was answered, over all tables and lives of the dataplane that
// this control has seen.
//
// Used by: publisher, which knows the tables.
//
// Every life of the dataplane counts by table (dataplane/contract/group_counts.h). What it counts
// there is read while the table is in use, and added up by name when the table is let go of or the
// life has ended for good: its file may be gone by then, the mapping is not. While one takes over
// from another both may count; the one before is not added up until it is sure to stay away, or
// its answers would count twice when it goes on.
//
// Invariant: the answers of a group never shrink, but for a restart of control, which begins at
// what the current table has counted, and for a group that was removed and comes back.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_ANSWER_COUNTS_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_ANSWER_COUNTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dataplane/contract/group_counts.h"
#include "dataplane/contract/report.h"

namespace understudy::control {

struct GroupAnswers {
  std::vector<uint64_t> sides;  // in the order of the group's sides
  uint64_t instead = 0;         // of what its all-down policy says instead of a side
};

class AnswerCounts {
 public:
  // Groups of a table by name, with their index and sides.
  using GroupIndex = std::unordered_map<std::string_view, uint32_t>;
  struct Known {
    const contract::Table* table;
    const GroupIndex* groups;
  };
  // A table that control still has, by generation; nothing for others.
  class Tables {
   public:
    virtual ~Tables() = default;
    virtual std::optional<Known> Find(uint64_t generation) const = 0;
  };

  // Follows the dataplane to the table it answers from now.
  void Look(const contract::InstancePaths& paths, const contract::ReportReader& report,
            const Tables& tables);
  // To be called before a table is let go of.
  void Leave(uint64_t generation, const Tables& tables);
  GroupAnswers Of(std::string_view group, const Tables& tables) const;

 private:
  struct Source {
    uint64_t started_ns;  // of the dataplane
    uint64_t generation;
    contract::GroupCountsReader reader;
  };

  template <typename Predicate>
  void SettleWhere(Predicate is_left, const Tables& tables);
  void Settle(const Source& source, const Tables& tables);
  void ForgetRemoved(const Tables& tables);

  std::vector<Source> sources_;
  absl::flat_hash_map<std::string, GroupAnswers> settled_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_ANSWER_COUNTS_H_
