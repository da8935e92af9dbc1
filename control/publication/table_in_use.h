// A table whose selection is kept up to date: the current one, or one that the dataplane has not
// left yet.
//
// Invariants
//  1. A choice means the side of its name, in whatever order this table has its sides. What this
//     table has no side for leaves the group as it is answered here.
// Used by: publisher.
#ifndef UNDERSTUDY_CONTROL_PUBLICATION_TABLE_IN_USE_H_
#define UNDERSTUDY_CONTROL_PUBLICATION_TABLE_IN_USE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/failover/decision.h"
#include "control/publication/answer_counts.h"
#include "control/publication/side_orders.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"

namespace understudy::control {

class TableInUse {
 public:
  using Sides = std::shared_ptr<const SideOrders>;

  // Reads every page: slow. `sides`: the order of its sides; null: not known.
  static std::optional<TableInUse> Open(const std::string& path, Sides sides, std::string* error);

  const contract::Table& table() const { return writer_.table(); }
  uint64_t generation() const { return table().generation(); }
  uint64_t selection_generation() const { return contract::GenerationOf(writer_.live()); }
  const std::vector<Choice>& choices() const { return choices_; }
  const AnswerCounts::GroupIndex& group_index() const { return group_index_; }

  const Sides& sides() const { return sides_; }
  void NameSides(Sides sides) { sides_ = std::move(sides); }

  // Changes the groups named, by the order `given` of their sides, all in one cut. False: no bank
  // is free, the old cut goes on.
  bool Publish(uint64_t generation, const GroupChoices& changes, const Sides& given,
               const contract::ReportSegment* report);

  // Another one took its place at that time (MonotonicNs). The first time counts.
  void Supersede(uint64_t at_ns) {
    if (superseded_ns_ == 0) superseded_ns_ = at_ns;
  }
  uint64_t superseded_ns() const { return superseded_ns_; }

 private:
  TableInUse(contract::SelectionWriter writer, Sides sides);
  std::optional<Choice> ByOwnOrder(const GroupChoice& change, const Sides& given) const;

  contract::SelectionWriter writer_;
  Sides sides_;
  std::vector<Choice> choices_;           // by index of the group
  AnswerCounts::GroupIndex group_index_;  // the names lie in the table
  uint64_t superseded_ns_ = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_PUBLICATION_TABLE_IN_USE_H_
