#include "dataplane/worker/table_reader.h"

namespace understudy::worker {

void TableReader::ShowLife() noexcept {
  // relaxed, and from a copy of our own: one store, which orders nothing.
  slot_.rounds.store(++rounds_, std::memory_order_relaxed);
}

contract::Cut TableReader::Enter() noexcept {
  ShowLife();
  if (online_) {
    quiescence_.Report(id_);
  } else {
    quiescence_.GoOnline(id_);
    online_ = true;
  }
  const AdoptedTable* adopted = swap_.current();
  if (adopted == nullptr) [[unlikely]]
    return {};
  if (adopted->sequence != sequence_) [[unlikely]] {
    // The selection reader knows tables by address, and this one may lie where an old one was.
    selection_.Leave();
    sequence_ = adopted->sequence;
    counter_ = adopted->counts ? adopted->counts->RowOf(id_) : contract::GroupCounter{};
  }
  contract::Cut cut = selection_.Enter(*adopted->table);
  cut.counter = counter_;
  switch (swap_.staleness()) {
    case Staleness::kFresh:
    case Staleness::kFrozen:
      break;
    case Staleness::kPrimary:
      cut.choices = adopted->all_primary.data();
      break;
    case Staleness::kServfail:
      cut.choices = adopted->all_servfail.data();
      break;
  }
  return cut;
}

void TableReader::Leave() noexcept {
  ShowLife();
  if (!online_) return;
  selection_.Leave();
  sequence_ = 0;
  quiescence_.GoOffline(id_);
  online_ = false;
}

void TableReader::Account(const contract::Tally& tally) noexcept {
  if (tally.received == 0) return;
  contract::AddTo(slot_, tally);
  if (swap_.staleness() != Staleness::kFresh) {
    // relaxed, load and store: this thread is the slot's only writer.
    slot_.stale_answers.store(slot_.stale_answers.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
  }
}

}  // namespace understudy::worker
