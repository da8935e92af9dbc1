#include "dataplane/contract/selection.h"

#include <algorithm>
#include <cstring>

namespace understudy::contract {
namespace {

BankHeader& WritableBank(const Mapping& mapping, const TableHeader& header, uint32_t bank) {
  return *reinterpret_cast<BankHeader*>(mapping.data() + header.selection_offset +
                                        sizeof(SelectionHeader) + bank * header.bank_stride);
}

std::atomic<uint64_t>& WritableLive(const Mapping& mapping, const TableHeader& header) {
  return reinterpret_cast<SelectionHeader*>(mapping.data() + header.selection_offset)->live;
}

}  // namespace

Cut SelectionReader::Enter(const Table& table) noexcept {
  // acquire: the choices of the bank named by the word are visible with it. On the common path,
  // where nothing changed, this load is all there is.
  uint64_t live = table.selection().live.load(std::memory_order_acquire);
  if (live != word_ || &table != table_) [[unlikely]] {
    // A damaged word names no bank: go on with the cut we hold, if it is of this table.
    if (BankOf(live) >= table.header().bank_count) {
      if (&table == table_) return {table_, choices_, word_, {}};
      live = LiveWord(0, 0);
    }
    uint64_t named;
    do {
      named = live;
      // seq_cst on both: our store of the name must be ordered before our load of live, against the
      // writer's store of live before its load of the names (store buffering, selection.h).
      slot_.observed.store(named, std::memory_order_seq_cst);
      live = table.selection().live.load(std::memory_order_seq_cst);
    } while (live != named && BankOf(live) < table.header().bank_count);
    table_ = &table;
    word_ = named;
    choices_ = Table::ChoicesOf(table.BankAt(BankOf(named)));
    // relaxed: for people and for timing, they order nothing.
    slot_.observed_ns.store(MonotonicNs(), std::memory_order_relaxed);
    slot_.last_observed.store(named, std::memory_order_relaxed);
    slot_.table_generation.store(table.generation(), std::memory_order_relaxed);
  }
  return {table_, choices_, word_, {}};
}

void SelectionReader::Leave() noexcept {
  // release: our reads of the bank come before the writer may refill it.
  slot_.observed.store(0, std::memory_order_release);
  table_ = nullptr;
  word_ = 0;
  choices_ = nullptr;
}

std::optional<SelectionWriter> SelectionWriter::Open(const std::string& path, std::string* error) {
  SelectionWriter writer;
  Refusal refusal = Refusal::kNone;
  writer.table_ = Table::Open(path, &refusal, error);
  if (!writer.table_) return std::nullopt;
  writer.mapping_ = Mapping::OpenWritable(path, error);
  if (!writer.mapping_) return std::nullopt;
  if (writer.mapping_.size() != writer.table_->header().file_size) {
    *error = path + " was replaced while it was opened";
    return std::nullopt;
  }
  return writer;
}

bool SelectionWriter::Publish(uint64_t generation, std::span<const Choice> choices,
                              const ReportSegment* report) {
  const TableHeader& header = table_->header();
  std::atomic<uint64_t>& live = WritableLive(mapping_, header);
  bool taken[256] = {};
  taken[BankOf(live.load(std::memory_order_relaxed))] = true;  // relaxed: we are its only writer
  for (uint32_t i = 0; report != nullptr && i < kMaxWorkers; ++i) {
    // seq_cst: after our last store of live, before any refill (store buffering, selection.h). All
    // slots are looked at, claimed or not: a slot that is about to be claimed may already be in
    // use.
    const uint64_t observed = report->workers[i].observed.load(std::memory_order_seq_cst);
    if (observed != 0) taken[BankOf(observed)] = true;
  }
  uint32_t bank = 0;
  while (bank < header.bank_count && taken[bank]) ++bank;
  if (bank == header.bank_count) return false;

  BankHeader& target = WritableBank(mapping_, header, bank);
  // The choices follow this 0 with release, so a snapshot that sees one of them sees the old cut
  // gone.
  target.generation.store(0, std::memory_order_relaxed);
  auto* bytes = reinterpret_cast<uint8_t*>(&target + 1);
  for (uint32_t group = 0; group < header.group_count; ++group) {
    const Choice choice = group < choices.size() && group != 0 ? choices[group] : Choice::kPrimary;
    std::atomic_ref(bytes[group]).store(static_cast<uint8_t>(choice), std::memory_order_release);
  }
  // release: whoever sees the generation sees the choices.
  target.generation.store(generation, std::memory_order_release);
  // seq_cst: the flip. Readers that see it see the bank; and it is ordered before our next look at
  // the names.
  live.store(LiveWord(generation, bank), std::memory_order_seq_cst);
  return true;
}

uint64_t SelectionWriter::live() const {
  return table_->selection().live.load(std::memory_order_acquire);
}

std::vector<Choice> SelectionWriter::Choices() const {
  uint64_t live = 0;
  return SnapshotChoices(*table_, &live);
}

std::vector<Choice> SnapshotChoices(const Table& table, uint64_t* live) {
  std::vector<Choice> choices(table.header().group_count);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint64_t word = table.selection().live.load(std::memory_order_acquire);
    if (BankOf(word) >= table.header().bank_count) break;
    const BankHeader& bank = table.BankAt(BankOf(word));
    const uint64_t before = bank.generation.load(std::memory_order_acquire);
    auto* bytes = const_cast<uint8_t*>(Table::ChoicesOf(bank));  // atomic_ref takes no const
    for (uint32_t group = 0; group < choices.size(); ++group) {
      // acquire: the generation below is read after every choice (a sequence lock).
      choices[group] =
          static_cast<Choice>(std::atomic_ref(bytes[group]).load(std::memory_order_acquire));
    }
    const uint64_t after = bank.generation.load(std::memory_order_relaxed);
    if (before == after && before == GenerationOf(word)) {
      *live = word;
      return choices;
    }
  }
  return {};
}

}  // namespace understudy::contract
