// The bytes of a table file: the one description of the layout that both processes compile.
//
// Used by: table_writer (control, tests, bench) and table_reader (dataplane, understudyctl
// inspect). A table file holds one configuration generation, complete in itself. Everything but the
// selection is immutable once the file has its name.
//
//   +--------------------+ 0
//   | TableHeader        |   version is stored last: a file without it was never finished
//   +--------------------+ buckets_offset          (64-byte aligned, like every section)
//   | Bucket[]           |   hash index: home bucket = range(hash), tags first, then node positions
//   +--------------------+ arena_offset
//   | NodeRecord ...     |   a node and its answers lie together, each node on a fresh 64-byte line
//   |   name, padded     |
//   |   TypeEntry[]      |
//   |   AnswerRecord ... |   one per side of every record set, in wire form
//   +--------------------+ zones_offset
//   | ZoneEntry[]        |
//   +--------------------+ groups_offset
//   | GroupEntry[]       |   group 0 is the static group: always side 0, used by ordinary records
//   +--------------------+ strings_offset
//   | group names        |   for people (inspect); workers never read them
//   +--------------------+ selection_offset        (== end of the checksummed part)
//   | SelectionHeader    |   the live word: swung once per health change
//   | bank[bank_count]   |   BankHeader, then one Choice byte per group; rows bank_stride apart
//   +--------------------+ file_size
//
// Invariants
//  1. Every offset and position is checked once, by TableReader::Open, on the reader's own mapping.
//     After that workers follow them without looking again, because nothing but selection changes.
//  2. Names are in canonical wire form: lower case, uncompressed, 1..255 octets with the root label
//     (RFC 1035 3.1, RFC 4343). In the file they are padded with zeros to a multiple of 16.
//  3. Every ancestor of a node up to its zone's apex is a node (empty non-terminals, RFC 8020).
//  4. Integers are in host order, except inside `wire` bytes: the file never leaves the machine.
//  5. Position 0 means none. Node positions count 64-byte lines, answer positions 16-byte units,
//     both from the start of the arena, whose first line is unused.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_FORMAT_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_FORMAT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace understudy::contract {

inline constexpr uint64_t kTableMagic = 0x59445453'52444e55;  // "UNDRSTDY" in little-endian bytes
inline constexpr uint64_t kTableVersion = 3;                  // raised by every change of this file
inline constexpr size_t kLine = 64;  // cache line; alignment of every section
inline constexpr size_t kAnswerUnit = 16;
inline constexpr size_t kMaxName = 255;  // RFC 1035 3.1
inline constexpr size_t kNamePad = 16;
inline constexpr size_t kPaddedName = 256;
inline constexpr size_t kZerosBehindName = 16;  // what HashName reads behind a suffix, at most
inline constexpr uint32_t kNowhere = 0;
inline constexpr uint32_t kNoZone = 0xffffffff;

// What is answered for a group now. Values below kMaxSides are sides in order of preference.
enum class Choice : uint8_t {
  kPrimary = 0,
  kSecondary = 1,
  kServfail = 0xfd,
  kNoData = 0xfe,
  kRefused = 0xff,
};
inline constexpr uint8_t kMaxSides = 16;
// No side, but what is done instead of answering one.
constexpr bool IsPolicy(Choice choice) {
  return choice == Choice::kServfail || choice == Choice::kNoData || choice == Choice::kRefused;
}
// The word of a choice, in the CLI, JSON and events. Control has names for further sides.
constexpr std::string_view WordOf(Choice choice) {
  switch (choice) {
    case Choice::kPrimary:
      return "primary";
    case Choice::kSecondary:
      return "secondary";
    case Choice::kServfail:
      return "servfail";
    case Choice::kNoData:
      return "nodata";
    case Choice::kRefused:
      return "refused";
  }
  constexpr std::string_view kFurther[] = {"side3",  "side4",  "side5",  "side6",  "side7",
                                           "side8",  "side9",  "side10", "side11", "side12",
                                           "side13", "side14", "side15", "side16"};
  const auto further = static_cast<size_t>(choice) - 2;
  return further < std::size(kFurther) ? kFurther[further] : "unknown";
}

struct TableHeader {
  uint64_t magic;
  uint64_t generation;  // > 0, grows by every publication of an instance
  uint64_t file_size;   // of the whole file, selection included
  uint64_t checksum;    // Checksum() of [0, selection_offset) with checksum and version as 0
  uint64_t hash_seed;
  int64_t created_unix_ns;  // wall clock, for people
  uint64_t buckets_offset;
  uint64_t arena_offset;
  uint64_t arena_size;
  uint64_t zones_offset;
  uint64_t groups_offset;
  uint64_t strings_offset;
  uint64_t strings_size;
  uint64_t selection_offset;
  uint64_t bank_stride;
  uint32_t bucket_count;
  uint32_t node_count;
  uint32_t record_set_count;
  uint32_t zone_count;
  uint32_t group_count;  // the static group included, so never 0
  uint32_t bank_count;
  uint8_t reserved[40];
  std::atomic<uint64_t> version;  // stored last, with release
};
static_assert(sizeof(TableHeader) == 192);

// A cache line of the index. An entry whose home bucket is full lives in the next bucket with room;
// each bucket it passed counts it in `overflowed`, so a search ends at the first bucket that has 0.
inline constexpr size_t kBucketSlots = 10;
struct alignas(kLine) Bucket {
  uint16_t tags[kBucketSlots];  // 0 = empty slot; else TagOf(hash)
  uint16_t overflowed;
  uint16_t reserved;
  uint32_t nodes[kBucketSlots];
};
static_assert(sizeof(Bucket) == kLine);

enum NodeFlag : uint16_t {
  kNodeApex = 1 << 0,  // the apex of a zone
  kNodeDelegation =
      1 << 1,  // a zone cut: NS below the apex (RFC 1034 4.2.1); owns a kReferralType entry
  kNodeDname = 1 << 2,     // owns a DNAME (RFC 6672): names below it are synthesized
  kNodeOccluded = 1 << 3,  // below a cut or a DNAME, named by `cut`: its own data is never answered
  kNodeCname = 1 << 4,     // owns a CNAME, for every side of its group (RFC 1034 3.6.2)
};

struct NodeRecord {
  uint32_t zone;      // index into ZoneEntry[]
  uint32_t cut;       // node position of the delegation or DNAME above it (kNodeOccluded)
  uint32_t wildcard;  // node position of "*.<this name>" (RFC 4592), or kNowhere
  uint16_t flags;     // NodeFlag
  uint8_t name_length;
  uint8_t type_count;
  // uint8_t name[name_length padded to kNamePad], then TypeEntry types[type_count], sorted by type
};
static_assert(sizeof(NodeRecord) == 16);

// Pseudo type of the referral at a delegation: its NS set as authority, its glue as additional.
// Type 0 is reserved and never queried for (RFC 6895 3.1).
inline constexpr uint16_t kReferralType = 0;

struct TypeEntry {
  uint16_t type;
  uint8_t sides;  // number of AnswerRecords; 1 for the static group
  uint8_t reserved;
  uint32_t group;   // index into GroupEntry[] and into a bank
  uint32_t answer;  // answer position of side 0
  uint32_t stride;  // answer units from one side to the next
};
static_assert(sizeof(TypeEntry) == 16);

// Records ready to be sent. Each begins with the two-byte compression pointer 0xC00C: the name in
// the question (RFC 1035 4.1.4), which the composer moves when the owner is another name. Glue
// (additional) carries its owner in full. No answers in a record set: this side has no such set.
struct AnswerRecord {
  uint16_t length;  // bytes of `wire`
  uint16_t sum;     // ones'-complement sum of `wire`, first byte in the high half (RFC 1071)
  // The last eight octets of the message's header when nothing else is said: one question, and how
  // many records each section has, in network order.
  uint8_t counts[8];
  // uint8_t wire[length]

  uint16_t answers() const { return CountAt(2); }
  uint16_t authorities() const { return CountAt(4); }
  uint16_t additionals() const { return CountAt(6); }

 private:
  uint16_t CountAt(size_t at) const {
    return static_cast<uint16_t>(counts[at] << 8 | counts[at + 1]);
  }
};
static_assert(sizeof(AnswerRecord) == 12);

struct ZoneEntry {
  uint32_t apex;      // node position
  uint32_t negative;  // answer position: the SOA as authority, TTL by RFC 2308 3
  uint32_t parent;    // index of the closest enclosing zone of this table, or kNoZone (for DS)
  uint32_t serial;
};
static_assert(sizeof(ZoneEntry) == 16);

struct GroupEntry {
  uint32_t name_offset;  // from strings_offset
  uint16_t name_length;
  uint8_t sides;
  uint8_t reserved;
};
static_assert(sizeof(GroupEntry) == 8);

// The live word: selection generation in the high 56 bits, bank in the low 8. 0 = none yet.
inline constexpr uint32_t kMaxWorkers = 62;
inline constexpr uint32_t kBankCount = kMaxWorkers + 2;  // so the writer always finds a free one
constexpr uint64_t LiveWord(uint64_t generation, uint32_t bank) { return generation << 8 | bank; }
constexpr uint64_t GenerationOf(uint64_t word) { return word >> 8; }
constexpr uint32_t BankOf(uint64_t word) { return static_cast<uint32_t>(word & 0xff); }

struct alignas(kLine) SelectionHeader {
  std::atomic<uint64_t> live;
  uint64_t reserved[7];
};
static_assert(sizeof(SelectionHeader) == kLine);

struct BankHeader {
  std::atomic<uint64_t> generation;  // of the cut in this bank; 0 while it is being filled
  // uint8_t choices[group_count]
};
static_assert(sizeof(BankHeader) == 8);

static_assert(std::atomic<uint64_t>::is_always_lock_free);  // else not shareable between processes

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_TABLE_FORMAT_H_
