#include "dataplane/contract/table_writer.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "dataplane/contract/digest.h"
#include "dataplane/contract/lookup.h"
#include "dataplane/contract/mapping.h"
#include "dataplane/contract/table.h"
#include "dataplane/contract/table_check.h"
#include "dataplane/contract/table_draft.h"

namespace understudy::contract {
namespace {

constexpr uint16_t kTypeA = 1, kTypeAaaa = 28, kClassIn = 1;  // RFC 1035 3.2, RFC 3596
constexpr uint64_t kHashSeed =
    0x756e6465'72737479;              // names are the operator's: no attacker chooses
constexpr double kBucketLoad = 0.55;  // 5.5 of 10 slots: 3 in 100 names live outside their home

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

void Put16(std::string& wire, size_t value) {
  wire += static_cast<char>(value >> 8 & 0xff);
  wire += static_cast<char>(value & 0xff);
}

uint32_t Get32(std::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// RFC 1071 over `wire` as if it began at an even offset; not complemented.
uint16_t SumOf(std::string_view wire) {
  uint64_t sum = 0;
  for (size_t i = 0; i < wire.size(); ++i) {
    sum += uint64_t{static_cast<uint8_t>(wire[i])} << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// An AnswerRecord while it grows.
struct AnswerDraft {
  uint16_t answers = 0, authorities = 0, additionals = 0;
  std::string wire;

  void Append(std::string_view owner, uint16_t type, uint32_t ttl_s, std::string_view rdata) {
    wire += owner;
    Put16(wire, type);
    Put16(wire, kClassIn);
    Put16(wire, ttl_s >> 16);
    Put16(wire, ttl_s & 0xffff);
    Put16(wire, rdata.size());
    wire += rdata;
  }
  uint64_t size() const { return RoundUp(sizeof(AnswerRecord) + wire.size(), kAnswerUnit); }
};
constexpr std::string_view kQuestionName = "\xC0\x0C";

AnswerDraft AnswerFor(const Side& side, uint16_t type) {
  AnswerDraft answer;
  for (const std::string& rdata : side.rdata) {
    answer.Append(kQuestionName, type, side.ttl_s, rdata);
    ++answer.answers;
  }
  return answer;
}

// RFC 2308 3: the SOA with the smaller of its TTL and its MINIMUM field, the last four octets.
AnswerDraft NegativeFor(const Side& soa) {
  AnswerDraft answer;
  const std::string& rdata = soa.rdata.at(0);
  const uint32_t minimum_s = Get32(std::string_view(rdata).substr(rdata.size() - 4));
  answer.Append(kQuestionName, kTypeSoa, std::min(soa.ttl_s, minimum_s), rdata);
  answer.authorities = 1;
  return answer;
}

// The NS set of a cut, and the addresses we hold of the servers it names (RFC 9471).
AnswerDraft ReferralFor(const TableDraft& draft, const Side& servers) {
  AnswerDraft answer;
  for (const std::string& server : servers.rdata) {
    answer.Append(kQuestionName, kTypeNs, servers.ttl_s, server);
    ++answer.authorities;
  }
  for (const std::string& server : servers.rdata) {
    std::string owner = server;
    for (char& c : owner) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (const uint16_t type : {kTypeA, kTypeAaaa}) {
      const SetDraft* glue = draft.FindSet(owner, type);
      if (glue == nullptr || glue->group != 0) continue;
      for (const std::string& address : glue->sides[0].rdata) {
        if (answer.wire.size() + owner.size() + 10 + address.size() > UINT16_MAX) return answer;
        answer.Append(owner, type, glue->sides[0].ttl_s, address);
        ++answer.additionals;
      }
    }
  }
  return answer;
}

// What becomes of one record set in the file.
struct Entry {
  uint16_t type = 0;
  uint32_t group = 0;
  std::vector<AnswerDraft> sides;
  uint64_t stride = 0;  // bytes
};

Entry EntryFor(const SetDraft& set) {
  Entry entry{set.type, set.group, {}, 0};
  for (const Side& side : set.sides) {
    entry.sides.push_back(AnswerFor(side, set.type));
    entry.stride = std::max(entry.stride, entry.sides.back().size());
  }
  return entry;
}

// The entries of a node, in the order of their types.
std::vector<Entry> EntriesOf(const TableDraft& draft, const NodeDraft& node) {
  std::vector<Entry> entries;
  if ((node.flags & kNodeOccluded) != 0) return entries;
  const bool cut = (node.flags & kNodeDelegation) != 0;
  if (cut) {
    Entry entry{kReferralType, 0, {}, 0};
    entry.sides.push_back(ReferralFor(draft, draft.FindSet(node, kTypeNs)->sides[0]));
    entry.stride = entry.sides[0].size();
    entries.push_back(std::move(entry));
  }
  for (const SetDraft& set : node.sets) {
    // At a cut only DS is ours to answer (RFC 4035 2.4).
    if (!cut || set.type == kTypeDs) entries.push_back(EntryFor(set));
  }
  return entries;
}

// Lays nodes and answers into the arena. Runs twice: with no memory it only measures.
class Arena {
 public:
  explicit Arena(uint8_t* base) : base_(base) {}

  uint32_t PutAnswer(const AnswerDraft& draft) {
    const uint64_t at = Take(draft.size(), kAnswerUnit);
    data_ += draft.wire.size();
    if (base_ != nullptr) Lay(at, draft);
    return static_cast<uint32_t>(at / kAnswerUnit);
  }

  uint32_t PutNode(const NodeDraft& node, const std::vector<Entry>& entries) {
    const size_t padded = PaddedLength(node.name.size());
    const uint64_t head = sizeof(NodeRecord) + padded + entries.size() * sizeof(TypeEntry);
    const uint64_t at = Take(head, kLine);
    data_ += node.name.size();
    if (base_ != nullptr) {
      auto* record = reinterpret_cast<NodeRecord*>(base_ + at);
      record->zone = node.zone;
      record->flags = node.flags;
      record->name_length = static_cast<uint8_t>(node.name.size());
      record->type_count = static_cast<uint8_t>(entries.size());
      std::memcpy(record + 1, node.name.data(), node.name.size());
    }
    uint64_t type_at = at + sizeof(NodeRecord) + padded;
    for (const Entry& entry : entries) {
      PutEntry(entry, type_at);
      type_at += sizeof(TypeEntry);
    }
    return static_cast<uint32_t>(at / kLine);
  }

  uint64_t size() const { return RoundUp(used_, kLine); }
  uint64_t data() const { return data_; }

 private:
  uint64_t Take(uint64_t bytes, uint64_t alignment) {
    const uint64_t at = RoundUp(used_, alignment);
    used_ = at + bytes;
    return at;
  }

  void PutEntry(const Entry& entry, uint64_t type_at) {
    const uint64_t first = Take(entry.stride * entry.sides.size(), kAnswerUnit);
    for (size_t side = 0; side < entry.sides.size(); ++side) {
      data_ += entry.sides[side].wire.size();
      if (base_ != nullptr) Lay(first + side * entry.stride, entry.sides[side]);
    }
    if (base_ == nullptr) return;
    *reinterpret_cast<TypeEntry*>(base_ + type_at) = {
        .type = entry.type,
        .sides = static_cast<uint8_t>(entry.sides.size()),
        .reserved = 0,
        .group = entry.group,
        .answer = static_cast<uint32_t>(first / kAnswerUnit),
        .stride = static_cast<uint32_t>(entry.stride / kAnswerUnit)};
  }

  void Lay(uint64_t at, const AnswerDraft& draft) {
    auto* record = reinterpret_cast<AnswerRecord*>(base_ + at);
    *record = {.length = static_cast<uint16_t>(draft.wire.size()),
               .sum = SumOf(draft.wire),
               .counts = {0, 1, High(draft.answers), Low(draft.answers), High(draft.authorities),
                          Low(draft.authorities), High(draft.additionals), Low(draft.additionals)}};
    std::memcpy(record + 1, draft.wire.data(), draft.wire.size());
  }

  static uint8_t High(unsigned count) { return static_cast<uint8_t>(count >> 8); }
  static uint8_t Low(unsigned count) { return static_cast<uint8_t>(count); }

  uint8_t* base_;
  uint64_t used_ = kLine;  // position 0 means none
  uint64_t data_ = 0;
};

// Where every node and negative answer went.
struct Placement {
  std::vector<uint32_t> nodes;
  std::vector<uint32_t> negatives;
  uint32_t record_sets = 0;
};

Placement Fill(const TableDraft& draft, Arena& arena) {
  Placement placement;
  for (const ZoneDraft& zone : draft.zones()) {
    const SetDraft* soa = draft.FindSet(zone.apex, kTypeSoa);
    placement.negatives.push_back(arena.PutAnswer(NegativeFor(soa->sides[0])));
  }
  placement.nodes.reserve(draft.nodes().size());
  for (const NodeDraft& node : draft.nodes()) {
    const std::vector<Entry> entries = EntriesOf(draft, node);
    placement.record_sets += static_cast<uint32_t>(entries.size());
    placement.nodes.push_back(arena.PutNode(node, entries));
  }
  return placement;
}

void Insert(Bucket* buckets, uint32_t count, uint64_t hash, uint32_t node) {
  for (uint32_t i = HomeOf(hash, count);; i = i + 1 == count ? 0 : i + 1) {
    for (size_t slot = 0; slot < kBucketSlots; ++slot) {
      if (buckets[i].tags[slot] != 0) continue;
      buckets[i].tags[slot] = TagOf(hash);
      buckets[i].nodes[slot] = node;
      return;
    }
    if (buckets[i].overflowed != UINT16_MAX) ++buckets[i].overflowed;
  }
}

void FillIndex(const TableDraft& draft, const Placement& placement, uint8_t* base,
               const TableHeader& header) {
  auto* buckets = reinterpret_cast<Bucket*>(base + header.buckets_offset);
  const auto position = [&](uint32_t node) {
    return node == kNoNode ? kNowhere : placement.nodes[node];
  };
  for (size_t i = 0; i < draft.nodes().size(); ++i) {
    const NodeDraft& node = draft.nodes()[i];
    auto* record = reinterpret_cast<NodeRecord*>(base + header.arena_offset +
                                                 uint64_t{placement.nodes[i]} * kLine);
    record->cut = position(node.cut);
    record->wildcard = position(node.wildcard);
    const auto* name = reinterpret_cast<const uint8_t*>(record + 1);
    Insert(buckets, header.bucket_count, HashName(name, node.name.size(), header.hash_seed),
           placement.nodes[i]);
  }
}

void FillZones(const TableDraft& draft, const Placement& placement, uint8_t* base,
               const TableHeader& header) {
  auto* zones = reinterpret_cast<ZoneEntry*>(base + header.zones_offset);
  for (size_t i = 0; i < draft.zones().size(); ++i) {
    const ZoneDraft& zone = draft.zones()[i];
    const std::string& soa = draft.FindSet(zone.apex, kTypeSoa)->sides[0].rdata[0];
    // The serial is the first of five 32-bit fields behind the two names (RFC 1035 3.3.13).
    zones[i] = {placement.nodes[zone.node], placement.negatives[i], zone.parent,
                Get32(std::string_view(soa).substr(soa.size() - 20))};
  }
}

void FillGroups(const TableDraft& draft, uint8_t* base, const TableHeader& header) {
  auto* groups = reinterpret_cast<GroupEntry*>(base + header.groups_offset);
  uint32_t at = 0;
  for (const GroupDraft& group : draft.groups()) {
    const auto length = static_cast<uint16_t>(std::min<size_t>(group.name.size(), UINT16_MAX));
    *groups++ = {at, length, group.sides, 0};
    std::memcpy(base + header.strings_offset + at, group.name.data(), length);
    at += length;
  }
}

void FillSelection(uint8_t* base, const TableHeader& header, uint64_t generation,
                   const std::vector<Choice>& choices) {
  auto* selection = reinterpret_cast<SelectionHeader*>(base + header.selection_offset);
  auto* bank = reinterpret_cast<BankHeader*>(selection + 1);
  auto* bytes = reinterpret_cast<uint8_t*>(bank + 1);
  for (size_t group = 1; group < choices.size() && group < header.group_count; ++group) {
    bytes[group] = static_cast<uint8_t>(choices[group]);
  }
  // relaxed: nobody knows the file yet; the rename publishes it.
  bank->generation.store(generation, std::memory_order_relaxed);
  selection->live.store(LiveWord(generation, 0), std::memory_order_relaxed);
}

// Offsets of every section, one behind the other.
void LayOut(const TableDraft& draft, const Arena& measured, TableHeader& header) {
  header.magic = kTableMagic;
  header.hash_seed = kHashSeed;
  header.created_unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  header.node_count = static_cast<uint32_t>(draft.nodes().size());
  header.zone_count = static_cast<uint32_t>(draft.zones().size());
  header.group_count = static_cast<uint32_t>(draft.groups().size());
  header.bank_count = kBankCount;
  header.bucket_count =
      static_cast<uint32_t>(static_cast<double>(header.node_count) / (kBucketLoad * kBucketSlots)) +
      1;
  for (const GroupDraft& group : draft.groups()) header.strings_size += group.name.size();

  uint64_t at = sizeof(TableHeader);
  const auto section = [&at](uint64_t bytes) {
    const uint64_t start = RoundUp(at, kLine);
    at = start + bytes;
    return start;
  };
  header.buckets_offset = section(uint64_t{header.bucket_count} * sizeof(Bucket));
  header.arena_size = measured.size();
  header.arena_offset = section(header.arena_size);
  header.zones_offset = section(header.zone_count * sizeof(ZoneEntry));
  header.groups_offset = section(header.group_count * sizeof(GroupEntry));
  header.strings_offset = section(header.strings_size);
  header.bank_stride = RoundUp(sizeof(BankHeader) + header.group_count, kLine);
  header.selection_offset =
      section(sizeof(SelectionHeader) + header.bank_count * header.bank_stride);
  header.file_size = at;
}

}  // namespace

TableWriter::TableWriter() : draft_(std::make_unique<TableDraft>()) {}
TableWriter::~TableWriter() = default;

void TableWriter::Reserve(size_t names) { draft_->Reserve(names); }

bool TableWriter::AddZone(std::string_view apex) { return draft_->AddZone(apex); }

uint32_t TableWriter::AddGroup(std::string_view name, uint8_t sides) {
  return draft_->AddGroup(name, sides);
}

std::string TableWriter::Add(std::string_view zone_apex, RecordSet set) {
  return draft_->Add(zone_apex, std::move(set));
}

std::string TableWriter::Write(const std::string& path, uint64_t generation,
                               uint64_t selection_generation, const std::vector<Choice>& choices,
                               Size* size) {
  if (std::string wrong = draft_->Derive(); !wrong.empty()) return wrong;
  Arena measured(nullptr);
  Fill(*draft_, measured);
  TableHeader layout{};
  LayOut(*draft_, measured, layout);
  if (layout.arena_size / kAnswerUnit > UINT32_MAX) return "the table would exceed 64 GiB";

  const std::string aside = path + ".tmp";
  std::string error;
  Mapping file = Mapping::Create(aside, layout.file_size, &error);
  if (!file) return error;
  uint8_t* base = file.data();
  auto* header = new (base) TableHeader{};
  std::memcpy(base, &layout, offsetof(TableHeader, version));
  header->generation = generation;
  Arena arena(base + layout.arena_offset);
  const Placement placement = Fill(*draft_, arena);
  header->record_set_count = placement.record_sets;
  FillIndex(*draft_, placement, base, *header);
  FillZones(*draft_, placement, base, *header);
  FillGroups(*draft_, base, *header);
  FillSelection(base, *header, selection_generation, choices);
  header->checksum = ChecksumOf(base);
  // release: the version says that everything before it is there.
  header->version.store(kTableVersion, std::memory_order_release);
  if (rename(aside.c_str(), path.c_str()) != 0) {
    error = "cannot rename " + aside + " to " + path + ": " + std::strerror(errno);
    unlink(aside.c_str());
    return error;
  }
  if (size != nullptr) {
    *size = {layout.file_size, arena.data(), layout.node_count, placement.record_sets};
  }
  return "";
}

}  // namespace understudy::contract
