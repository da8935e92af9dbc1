#include "control/publication/followed_report.h"

#include <algorithm>
#include <atomic>
#include <string>

namespace understudy::control {

void FollowedReport::Follow(const contract::InstancePaths& paths) {
  if (reader_ && !reader_->IsReplaced()) return;
  std::string absent;
  reader_ = contract::ReportReader::Open(paths, &absent);
}

uint64_t FollowedReport::AdoptedTable() const {
  // acquire: the dataplane says "adopted" after its workers were told.
  return reader_ ? segment()->table_generation.load(std::memory_order_acquire) : 0;
}

bool FollowedReport::HasRetired(uint64_t table_generation) const {
  // acquire: it says so after the table was unmapped.
  return reader_ &&
         segment()->retired_generation.load(std::memory_order_acquire) >= table_generation;
}

uint64_t FollowedReport::HighestTable() const {
  if (!reader_) return 0;
  return std::max(segment()->table_generation.load(), segment()->refused_generation.load());
}

uint64_t FollowedReport::HighestSelection() const {
  uint64_t highest = 0;
  if (!reader_) return highest;
  for (const contract::WorkerSlot& slot : segment()->workers) {
    highest = std::max({highest, contract::GenerationOf(slot.observed.load()),
                        contract::GenerationOf(slot.last_observed.load())});
  }
  return highest;
}

void FollowedReport::Observe(uint64_t selection_generation, Observation& observation) const {
  if (!reader_) return;
  // acquire: pairs with AddWorker.
  const uint64_t workers = std::min<uint64_t>(
      segment()->worker_count.load(std::memory_order_acquire), contract::kMaxWorkers);
  observation.workers = static_cast<uint32_t>(workers);
  for (uint64_t i = 0; i < workers; ++i) {
    const contract::WorkerSlot& slot = segment()->workers[i];
    const uint64_t word = slot.observed.load(std::memory_order_acquire);
    if (word != 0 && contract::GenerationOf(word) < selection_generation) continue;
    ++observation.observed;
    if (contract::GenerationOf(slot.last_observed.load(std::memory_order_relaxed)) >=
        selection_generation) {
      observation.last_observed_ns =
          std::max(observation.last_observed_ns, slot.observed_ns.load(std::memory_order_relaxed));
    }
  }
}

}  // namespace understudy::control
