#include "dataplane/worker/table_swap.h"

#include <utility>

namespace understudy::worker {
namespace {

std::vector<uint8_t> BankOfAll(const contract::Table& table, contract::Choice choice) {
  std::vector<uint8_t> bank(table.header().group_count, static_cast<uint8_t>(choice));
  bank[0] = 0;  // the static group has one side, whatever happens
  return bank;
}

}  // namespace

Staleness StalenessOf(contract::StalePolicy policy) {
  switch (policy) {
    case contract::StalePolicy::kPrimary:
      return Staleness::kPrimary;
    case contract::StalePolicy::kServfail:
      return Staleness::kServfail;
    case contract::StalePolicy::kFrozen:
      break;
  }
  return Staleness::kFrozen;  // also for a word that control of another version may have written
}

TableSwap::~TableSwap() { delete current_.load(std::memory_order_relaxed); }

void TableSwap::Adopt(std::unique_ptr<const contract::Table> table,
                      std::optional<contract::GroupCountsWriter> counts) {
  auto next = std::make_unique<AdoptedTable>();
  next->all_primary = BankOfAll(*table, contract::Choice::kPrimary);
  next->all_servfail = BankOfAll(*table, contract::Choice::kServfail);
  next->table = std::move(table);
  next->sequence = ++sequence_;
  if (counts) next->counts.emplace(*std::move(counts));
  // release: readers that see the pointer see what it points to.
  std::unique_ptr<const AdoptedTable> old(
      current_.exchange(next.release(), std::memory_order_acq_rel));
  if (old) retired_.push_back({std::move(old), grace_period_.Begin()});
}

std::optional<uint64_t> TableSwap::Reclaim() {
  std::optional<uint64_t> generation;
  while (!retired_.empty() && grace_period_.IsOver(retired_.front().token)) {
    generation = retired_.front().table->table->generation();
    retired_.pop_front();
  }
  return generation;
}

}  // namespace understudy::worker
