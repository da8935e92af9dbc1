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

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/contract/digest.h"
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
  // readable and zero for kZerosBehindName behind them (so that its suffixes can be looked up too).
  uint64_t Hash(const uint8_t* name, size_t length) const noexcept {
    return HashName(name, length, header_->hash_seed);
  }
  // always_inline: to gcc 12 a function that only prefetches has no effect, and it drops its calls.
  [[gnu::always_inline]] void Prefetch(uint64_t hash) const noexcept {
    __builtin_prefetch(&buckets_[HomeOf(hash, header_->bucket_count)]);
  }
  // The first node whose tag fits, with two of its lines prefetched: the one Find will most likely
  // return, but its name is still to be compared. Null: none in the home bucket, and with
  // `elsewhere` false none in the table.
  [[gnu::always_inline]] const NodeRecord* Candidate(uint64_t hash, bool* elsewhere) const noexcept;
  const NodeRecord* Find(uint64_t hash, const uint8_t* name, size_t length) const noexcept;

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

// The slots of `bucket` that carry `tag`, as bits.
inline uint32_t SlotsOf(const Bucket& bucket, uint16_t tag) noexcept {
#ifdef __SSE2__
  // Slots 0 to 7, and 2 to 9: compared as 16 bits each, told as 8.
  const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(tag));
  const auto* tags = reinterpret_cast<const __m128i*>(bucket.tags);
  const auto* last = reinterpret_cast<const __m128i*>(bucket.tags + kBucketSlots - 8);
  const __m128i same = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(tags), wanted),
                                       _mm_cmpeq_epi16(_mm_loadu_si128(last), wanted));
  const auto bits = static_cast<uint32_t>(_mm_movemask_epi8(same));
  static_assert(kBucketSlots == 10);
  return (bits & 0xff) | (bits >> 14) << 8;
#else
  uint32_t bits = 0;
  for (size_t slot = 0; slot < kBucketSlots; ++slot)
    bits |= uint32_t{bucket.tags[slot] == tag} << slot;
  return bits;
#endif
}

// Parts of a node. `NameOf` is zero-padded to a multiple of kNamePad.
inline const uint8_t* NameOf(const NodeRecord& node) noexcept {
  return reinterpret_cast<const uint8_t*>(&node + 1);
}
constexpr size_t PaddedLength(size_t length) { return (length + kNamePad - 1) & ~(kNamePad - 1); }
inline const TypeEntry* TypesOf(const NodeRecord& node) noexcept {
  return reinterpret_cast<const TypeEntry*>(NameOf(node) + PaddedLength(node.name_length));
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

// `name` as for Table::Find.
inline bool IsNamed(const NodeRecord& node, const uint8_t* name, size_t length) noexcept {
  if (node.name_length != length) return false;
  const uint8_t* own = NameOf(node);
  // Behind the name both are zero.
#ifdef __SSE2__
  __m128i difference = _mm_setzero_si128();
  for (size_t i = 0; i < length; i += 16) {
    const auto* theirs = reinterpret_cast<const __m128i*>(name + i);
    difference = _mm_or_si128(
        difference, _mm_xor_si128(_mm_load_si128(reinterpret_cast<const __m128i*>(own + i)),
                                  _mm_loadu_si128(theirs)));
  }
  return _mm_movemask_epi8(_mm_cmpeq_epi8(difference, _mm_setzero_si128())) == 0xffff;
#else
  uint64_t difference = 0;
  for (size_t i = 0; i < length; i += 8) difference |= Load8(own + i) ^ Load8(name + i);
  return difference == 0;
#endif
}

inline const NodeRecord* Table::Candidate(uint64_t hash, bool* elsewhere) const noexcept {
  const Bucket& bucket = buckets_[HomeOf(hash, header_->bucket_count)];
  const uint32_t slots = SlotsOf(bucket, TagOf(hash));
  *elsewhere = bucket.overflowed != 0;
  if (slots == 0) return nullptr;
  const NodeRecord* node = NodeAt(bucket.nodes[std::countr_zero(slots)]);
  __builtin_prefetch(node);
  __builtin_prefetch(reinterpret_cast<const uint8_t*>(node) + kLine);
  return node;
}

inline const NodeRecord* Table::Find(uint64_t hash, const uint8_t* name,
                                     size_t length) const noexcept {
  const uint32_t count = header_->bucket_count;
  const uint16_t tag = TagOf(hash);
  uint32_t index = HomeOf(hash, count);
  for (uint32_t probed = 0; probed < count; ++probed) {
    const Bucket& bucket = buckets_[index];
    for (uint32_t slots = SlotsOf(bucket, tag); slots != 0; slots &= slots - 1) {
      const NodeRecord* node = NodeAt(bucket.nodes[std::countr_zero(slots)]);
      if (IsNamed(*node, name, length)) return node;
    }
    if (bucket.overflowed == 0) return nullptr;
    index = index + 1 == count ? 0 : index + 1;
  }
  return nullptr;
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_H_
