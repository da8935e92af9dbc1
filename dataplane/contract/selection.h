// Which side of every group is answered now: one writer, many readers, nobody waits.
//
//   control                                     worker, once per burst
//   -------                                     ----------------------
//   pick a bank: not live, named by no slot     word = live
//   bank.generation = 0                         if word is not the one in use:
//   fill the choices                              do { slot.observed = word; word' = live }
//   bank.generation = G                           until word' == word
//   live = (G, bank)          <- the flip       read choices from the bank of `word`
//
// Why it holds: `observed` and `live` are a hazard pointer. A worker that named a bank and then
// still saw it live named it before the writer left it, so the writer, which looks at the slots
// after it left a bank and before it refills it, sees the name. Both accesses on either side are
// seq_cst: each side stores one word and then loads the other's, which nothing weaker orders (store
// buffering).
//
// Invariants
//  1. A cut is never changed while a worker may read it: all answers of a burst are from one cut.
//  2. Selection generations of an instance only grow, over restarts of control and across tables,
//     so a word never comes back with another meaning.
//  3. With workers + 2 banks one is always free: a worker that is stuck or dead pins one bank and
//     delays nobody.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_SELECTION_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_SELECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/contract/group_counts.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/table.h"

namespace understudy::contract {

// What a burst is answered from.
struct Cut {
  const Table* table = nullptr;
  const uint8_t* choices = nullptr;  // one Choice per group; choices[0] is always 0
  uint64_t live = 0;                 // the word it was read under
  GroupCounter counter;              // where answers for groups are counted
};

// A worker's side.
class SelectionReader {
 public:
  explicit SelectionReader(WorkerSlot& slot) : slot_(slot) {}
  SelectionReader(const SelectionReader&) = delete;
  SelectionReader& operator=(const SelectionReader&) = delete;

  // The cut to answer from until the next Enter or Leave. `table` stays mapped until then: that is
  // the caller's grace period.
  Cut Enter(const Table& table) noexcept;
  // Holds nothing any more: for a worker that is about to sleep, or that ends.
  void Leave() noexcept;

 private:
  WorkerSlot& slot_;
  const Table* table_ = nullptr;
  uint64_t word_ = 0;
  const uint8_t* choices_ = nullptr;
};

// Control's side, over one table file (there may be two: the current one and one not yet replaced).
class SelectionWriter {
 public:
  // Maps `path` for writing after checking it as a reader would.
  static std::optional<SelectionWriter> Open(const std::string& path, std::string* error);

  const Table& table() const { return *table_; }
  // Publishes `choices` (one per group) as one cut. `generation` > the live one. `report` may be
  // null (no dataplane). Returns false only if every bank is pinned, which invariant 3 excludes for
  // a report written by a sane dataplane; the old cut goes on.
  bool Publish(uint64_t generation, std::span<const Choice> choices, const ReportSegment* report);
  uint64_t live() const;
  // The cut that is live now.
  std::vector<Choice> Choices() const;

 private:
  std::unique_ptr<const Table> table_;
  Mapping mapping_;
};

// A consistent copy of the live cut for readers that own no slot (inspect, control after a
// restart). Empty when the writer outran us 100 times.
std::vector<Choice> SnapshotChoices(const Table& table, uint64_t* live);

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_SELECTION_H_
