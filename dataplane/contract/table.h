// A table file as its readers see it: mapped read-only, checked once, then followed blindly.
//
// Used by: the dataplane's main thread (opens), workers (Find and the accessors), understudyctl
// inspect, control (to go on with the tables it finds after a restart).
//
// Invariants
//  1. Open succeeds only for a file whose every offset, position, length and checksum holds, so no
//     accessor below can leave the mapping, whatever the name asked for.
//  2. The mapping lives exactly as long as the Table. Unlinking the file does not end it.
//  3. Accessors are const, lock-free, allocation-free and noexcept.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/contract/mapping.h"
#include "dataplane/contract/table_format.h"

namespace understudy::contract {

// Why a table was not adopted. Counted in the report; one word in the CLI.
enum class Refusal : uint8_t {
  kNone,
  kMissing,     // the file cannot be opened or mapped
  kTruncated,   // shorter than its header says, or than a header
  kForeign,     // no magic, or another layout version
  kUnfinished,  // the version word was never stored
  kChecksum,    // bytes changed since they were written
  kStructure,   // an offset or length that cannot be
};
std::string_view WordOf(Refusal refusal);

class Table {
 public:
  // Maps and checks `path`. nullptr when refused, with the reason in `refusal` and a sentence in
  // `error`. Reads every page, so the mapping is warm when it returns.
  static std::unique_ptr<const Table> Open(const std::string& path, Refusal* refusal,
                                           std::string* error);

  const TableHeader& header() const noexcept { return *header_; }
  uint64_t generation() const noexcept { return header_->generation; }

  // Hash and lookup are apart so that a burst can prefetch. `name`: canonical, `length` octets, and
  // readable and zero for 8 octets behind them (so that any of its suffixes can be looked up too).
  uint64_t Hash(const uint8_t* name, size_t length) const noexcept;
  void Prefetch(uint64_t hash) const noexcept;
  const NodeRecord* Find(uint64_t hash, const uint8_t* name, size_t length) const noexcept;
  // Two lines of the first node whose tag fits: the one Find will most likely return.
  void PrefetchNode(uint64_t hash) const noexcept;

  // The same for a suffix of a name, e.g. on the way to the closest encloser.
  const NodeRecord* Find(const uint8_t* name, size_t length) const noexcept {
    return Find(Hash(name, length), name, length);
  }

  const NodeRecord* NodeAt(uint32_t position) const noexcept {
    return reinterpret_cast<const NodeRecord*>(arena_ + uint64_t{position} * kLine);
  }
  const AnswerRecord* AnswerAt(uint32_t position) const noexcept {
    return reinterpret_cast<const AnswerRecord*>(arena_ + uint64_t{position} * kAnswerUnit);
  }
  const ZoneEntry& ZoneAt(uint32_t index) const noexcept { return zones_[index]; }
  const GroupEntry& GroupAt(uint32_t index) const noexcept { return groups_[index]; }
  std::string_view GroupName(uint32_t index) const noexcept;

  const SelectionHeader& selection() const noexcept { return *selection_; }
  const BankHeader& BankAt(uint32_t bank) const noexcept {
    return *reinterpret_cast<const BankHeader*>(reinterpret_cast<const uint8_t*>(selection_) +
                                                sizeof(SelectionHeader) +
                                                bank * header_->bank_stride);
  }
  static const uint8_t* ChoicesOf(const BankHeader& bank) noexcept {
    return reinterpret_cast<const uint8_t*>(&bank + 1);
  }

 private:
  Table() = default;

  Mapping mapping_;
  const TableHeader* header_ = nullptr;
  const Bucket* buckets_ = nullptr;
  const uint8_t* arena_ = nullptr;
  const ZoneEntry* zones_ = nullptr;
  const GroupEntry* groups_ = nullptr;
  const SelectionHeader* selection_ = nullptr;
};

// Parts of a node. `NameOf` is zero-padded to a multiple of 8.
inline const uint8_t* NameOf(const NodeRecord& node) noexcept {
  return reinterpret_cast<const uint8_t*>(&node + 1);
}
constexpr size_t PadTo8(size_t length) { return (length + 7) & ~size_t{7}; }
inline const TypeEntry* TypesOf(const NodeRecord& node) noexcept {
  return reinterpret_cast<const TypeEntry*>(NameOf(node) + PadTo8(node.name_length));
}
inline const TypeEntry* FindType(const NodeRecord& node, uint16_t type) noexcept {
  const TypeEntry* types = TypesOf(node);
  for (unsigned i = 0; i < node.type_count; ++i) {
    if (types[i].type == type) return &types[i];
  }
  return nullptr;
}
inline const uint8_t* WireOf(const AnswerRecord& answer) noexcept {
  return reinterpret_cast<const uint8_t*>(&answer + 1);
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_H_
