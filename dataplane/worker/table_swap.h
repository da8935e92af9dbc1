// The one pointer from which all readers get their table, and the end of the tables before it.
//
// Used by: control_watch (adopts, reclaims: one thread), table_reader (reads: any number).
//
//   adopt: current = new; token = begin grace period; retired += (old, token)
//   reclaim, every millisecond: while the oldest token is over: unmap
//
// Invariants
//  1. A table is unmapped only after a grace period that began when it could no longer be found.
//  2. Nobody waits here: a reader that is stuck keeps retired tables mapped, and nothing else.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_TABLE_SWAP_H_
#define UNDERSTUDY_DATAPLANE_WORKER_TABLE_SWAP_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/contract/group_counts.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/table.h"
#include "dataplane/worker/quiescence.h"

namespace understudy::worker {

// What readers do about control: nothing while it lives, its policy while it is silent.
enum class Staleness : uint8_t { kFresh, kFrozen, kPrimary, kServfail };
Staleness StalenessOf(contract::StalePolicy policy);

// A table in use, with the banks answered from while control is silent and its policy says so.
struct AdoptedTable {
  std::unique_ptr<const contract::Table> table;
  // Never the same twice in a life: tells tables apart even when one is mapped where another was.
  uint64_t sequence = 0;
  std::vector<uint8_t> all_primary;
  std::vector<uint8_t> all_servfail;
  std::optional<contract::GroupCountsWriter> counts;  // none: its answers are not counted by group
};

class TableSwap {
 public:
  explicit TableSwap(GracePeriod& grace_period) : grace_period_(grace_period) {}
  // All readers must have ended.
  ~TableSwap();
  TableSwap(const TableSwap&) = delete;
  TableSwap& operator=(const TableSwap&) = delete;

  void Adopt(std::unique_ptr<const contract::Table> table,
             std::optional<contract::GroupCountsWriter> counts = std::nullopt);
  // Unmaps what nobody reads any more. Returns the generation of the last table it unmapped.
  std::optional<uint64_t> Reclaim();
  size_t retired_count() const { return retired_.size(); }
  void SetStaleness(Staleness staleness) {
    // relaxed: readers may learn it a burst later; it orders nothing.
    staleness_.store(staleness, std::memory_order_relaxed);
  }

  // acquire: pairs with the release in Adopt; the table's members are there with the pointer.
  const AdoptedTable* current() const noexcept { return current_.load(std::memory_order_acquire); }
  Staleness staleness() const noexcept { return staleness_.load(std::memory_order_relaxed); }

 private:
  struct Retired {
    std::unique_ptr<const AdoptedTable> table;
    uint64_t token;
  };

  GracePeriod& grace_period_;
  std::atomic<const AdoptedTable*> current_{nullptr};
  std::atomic<Staleness> staleness_{Staleness::kFresh};
  std::deque<Retired> retired_;
  uint64_t sequence_ = 0;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_TABLE_SWAP_H_
