#include "dataplane/contract/table_check.h"

#include <cstring>
#include <vector>

#include "dataplane/contract/digest.h"
#include "dataplane/contract/lookup.h"

namespace understudy::contract {
namespace {

constexpr size_t kRecordHead = 12;  // pointer, type, class, TTL, length (RFC 1035 3.2.1)

// Types whose data a Walk follows, so it must be a name.
bool IsAlias(unsigned type) { return type == kTypeCname || type == kTypeDname; }

unsigned Get16(const uint8_t* at) { return unsigned{at[0]} << 8 | at[1]; }

bool IsSuffix(const NodeRecord& ancestor, const NodeRecord& node) {
  if (ancestor.name_length > node.name_length) return false;
  const uint8_t* tail = NameOf(node) + (node.name_length - ancestor.name_length);
  return std::memcmp(tail, NameOf(ancestor), ancestor.name_length) == 0;
}

class Checker {
 public:
  Checker(const uint8_t* base, size_t size)
      : base_(base), size_(size), header_(*reinterpret_cast<const TableHeader*>(base)) {}

  Refusal Run(std::string* error) {
    const Refusal refusal = Header(error);
    if (refusal != Refusal::kNone) return refusal;
    if (ChecksumOf(base_) != header_.checksum) {
      *error = "checksum does not match: bytes changed since the table was written";
      return Refusal::kChecksum;
    }
    arena_ = base_ + header_.arena_offset;
    nodes_.assign(header_.arena_size / kLine, false);
    const char* wrong = Contents();
    if (wrong == nullptr) return Refusal::kNone;
    *error = std::string("impossible structure: ") + wrong;
    return Refusal::kStructure;
  }

 private:
  Refusal Header(std::string* error) const {
    // acquire: pairs with the writer's release of the version, stored last.
    const uint64_t version = header_.version.load(std::memory_order_acquire);
    if (header_.magic != kTableMagic) {
      *error = "no table: wrong magic";
      return Refusal::kForeign;
    }
    if (version == 0) {
      *error = "was never finished: no version";
      return Refusal::kUnfinished;
    }
    if (version != kTableVersion) {
      *error = "layout version " + std::to_string(version) + ", this program reads " +
               std::to_string(kTableVersion);
      return Refusal::kForeign;
    }
    if (header_.file_size != size_) {
      *error = "is " + std::to_string(size_) + " bytes, its header says " +
               std::to_string(header_.file_size);
      return Refusal::kTruncated;
    }
    if (!Sections()) {
      *error = "sections do not fit the file";
      return Refusal::kStructure;
    }
    return Refusal::kNone;
  }

  // A section of `count` items of `item` bytes from `from` ends at or before `to`.
  static bool Fits(uint64_t from, uint64_t count, uint64_t item, uint64_t to) {
    return from % kLine == 0 && from <= to && count <= (to - from) / item;
  }

  bool Sections() const {
    const TableHeader& h = header_;
    return h.generation != 0 && h.bucket_count != 0 && h.group_count != 0 && h.bank_count != 0 &&
           h.bank_count <= 256 && h.buckets_offset >= sizeof(TableHeader) &&
           Fits(h.buckets_offset, h.bucket_count, sizeof(Bucket), h.arena_offset) &&
           Fits(h.arena_offset, h.arena_size, 1, h.zones_offset) && h.arena_size % kLine == 0 &&
           Fits(h.zones_offset, h.zone_count, sizeof(ZoneEntry), h.groups_offset) &&
           Fits(h.groups_offset, h.group_count, sizeof(GroupEntry), h.strings_offset) &&
           Fits(h.strings_offset, h.strings_size, 1, h.selection_offset) &&
           h.bank_stride % kLine == 0 && h.bank_stride <= size_ &&
           h.bank_stride >= sizeof(BankHeader) + h.group_count &&
           Fits(h.selection_offset, 1, sizeof(SelectionHeader), size_) &&
           size_ - h.selection_offset - sizeof(SelectionHeader) == h.bank_count * h.bank_stride;
  }

  const char* Contents() {
    for (uint32_t i = 0; i < header_.group_count; ++i) {
      const auto& group = At<GroupEntry>(header_.groups_offset, i);
      if (group.sides == 0 || group.sides > kMaxSides) return "a group without sides";
      if (uint64_t{group.name_offset} + group.name_length > header_.strings_size) {
        return "a group's name outside the strings";
      }
    }
    if (const char* wrong = Index()) return wrong;
    for (uint32_t i = 0; i < header_.zone_count; ++i) {
      const auto& zone = At<ZoneEntry>(header_.zones_offset, i);
      if (!IsNode(zone.apex)) return "a zone without apex";
      if (zone.parent != kNoZone && zone.parent >= header_.zone_count) return "a zone's parent";
      // One SOA in the authority section: the responder moves one owner.
      if (!Answer(zone.negative) || !IsOneAuthority(zone.negative))
        return "a zone's negative answer";
    }
    for (uint32_t i = 0; i < header_.zone_count; ++i) {
      const uint32_t parent = At<ZoneEntry>(header_.zones_offset, i).parent;
      if (parent != kNoZone && !IsSuffix(ApexOf(parent), ApexOf(i))) return "a zone's parent";
    }
    return References();
  }

  const char* Index() {
    uint64_t found = 0;
    for (uint32_t i = 0; i < header_.bucket_count; ++i) {
      const auto& bucket = At<Bucket>(header_.buckets_offset, i);
      for (size_t slot = 0; slot < kBucketSlots; ++slot) {
        if (bucket.tags[slot] == 0) continue;
        if (const char* wrong = Node(bucket.nodes[slot])) return wrong;
        ++found;
      }
    }
    return found == header_.node_count ? nullptr : "the index does not hold every node once";
  }

  const char* Node(uint32_t position) {
    const uint64_t at = uint64_t{position} * kLine;
    if (position == kNowhere || at >= header_.arena_size) return "a node outside the arena";
    if (nodes_[position]) return "a node twice in the index";
    nodes_[position] = true;
    const auto& node = *reinterpret_cast<const NodeRecord*>(arena_ + at);
    const uint64_t room = header_.arena_size - at - sizeof(NodeRecord);
    const uint64_t padded = PaddedLength(node.name_length);
    if (padded + node.type_count * sizeof(TypeEntry) > room) return "a node across the arena's end";
    if (NameLength(NameOf(node), padded) != node.name_length) return "a name that is none";
    for (size_t i = node.name_length; i < padded; ++i) {
      if (NameOf(node)[i] != 0) return "a name that is not padded with zeros";
    }
    for (unsigned i = 0; i < node.type_count; ++i) {
      if (!RecordSet(TypesOf(node)[i])) return "a record set that cannot be";
    }
    return nullptr;
  }

  bool RecordSet(const TypeEntry& set) const {
    if (set.group >= header_.group_count || set.sides == 0) return false;
    if (set.sides != At<GroupEntry>(header_.groups_offset, set.group).sides) return false;
    for (unsigned side = 0; side < set.sides; ++side) {
      const uint64_t position = set.answer + uint64_t{side} * set.stride;
      if (position > UINT32_MAX || !Answer(static_cast<uint32_t>(position))) return false;
      if (IsAlias(set.type) && !HoldsAlias(static_cast<uint32_t>(position), set.type)) return false;
    }
    return true;
  }

  bool IsOneAuthority(uint32_t position) const {
    const auto& answer =
        *reinterpret_cast<const AnswerRecord*>(arena_ + uint64_t{position} * kAnswerUnit);
    return answer.answers() == 0 && answer.authorities() == 1 && answer.additionals() == 0;
  }

  // The records are walked as the composer will walk them.
  bool Answer(uint32_t position) const {
    const uint64_t at = uint64_t{position} * kAnswerUnit;
    if (position == kNowhere || at + sizeof(AnswerRecord) > header_.arena_size) return false;
    const auto& answer = *reinterpret_cast<const AnswerRecord*>(arena_ + at);
    if (at + sizeof(AnswerRecord) + answer.length > header_.arena_size) return false;
    if (answer.counts[0] != 0 || answer.counts[1] != 1) return false;  // one question
    const uint8_t* wire = WireOf(answer);
    size_t left = answer.length;
    const size_t named = size_t{answer.answers()} + answer.authorities();
    for (size_t i = 0; i < named + answer.additionals(); ++i) {
      const size_t owner = i < named ? 2 : NameLength(wire, left);
      if (owner == 0 || left < owner + kRecordHead - 2) return false;
      if (i < named && (wire[0] != 0xC0 || wire[1] != 0x0C)) return false;
      const size_t length = owner + kRecordHead - 2 + Get16(wire + owner + 8);
      if (left < length) return false;
      const size_t data_length = length - owner - (kRecordHead - 2);
      if (IsAlias(Get16(wire + owner)) &&
          NameLength(wire + length - data_length, data_length) != data_length) {
        return false;
      }
      wire += length;
      left -= length;
    }
    return left == 0;
  }

  // At most one record of that type, and nothing else: a Walk takes it without looking.
  bool HoldsAlias(uint32_t position, unsigned type) const {
    const auto& answer =
        *reinterpret_cast<const AnswerRecord*>(arena_ + uint64_t{position} * kAnswerUnit);
    if (answer.authorities() != 0 || answer.additionals() != 0) return false;
    return answer.answers() == 0 || (answer.answers() == 1 && Get16(WireOf(answer) + 2) == type);
  }

  const NodeRecord& NodeAt(uint64_t position) const {
    return *reinterpret_cast<const NodeRecord*>(arena_ + position * kLine);
  }
  const NodeRecord& ApexOf(uint32_t zone) const {
    return NodeAt(At<ZoneEntry>(header_.zones_offset, zone).apex);
  }

  bool IsNode(uint32_t position) const { return position < nodes_.size() && nodes_[position]; }

  // What nodes say of each other, once all nodes are known.
  const char* References() const {
    for (size_t position = 0; position < nodes_.size(); ++position) {
      if (!nodes_[position]) continue;
      const NodeRecord& node = NodeAt(position);
      if (node.zone >= header_.zone_count) return "a node of no zone";
      if (!IsSuffix(ApexOf(node.zone), node)) return "a node outside its zone";
      if (node.wildcard != kNowhere && !IsNode(node.wildcard)) return "a wildcard that is no node";
      if ((node.flags & kNodeOccluded) != 0 && !IsCutOf(node.cut, node)) {
        return "a zone cut that is none";
      }
      if ((node.flags & kNodeDelegation) != 0 && !FindType(node, kReferralType)) {
        return "a delegation without referral";
      }
      if ((node.flags & kNodeCname) != 0 && !FindType(node, kTypeCname)) {
        return "an alias without CNAME";
      }
    }
    return nullptr;
  }

  bool IsCutOf(uint32_t position, const NodeRecord& node) const {
    if (!IsNode(position)) return false;
    const NodeRecord& cut = NodeAt(position);
    return (cut.flags & (kNodeDelegation | kNodeDname)) != 0 && (cut.flags & kNodeOccluded) == 0 &&
           IsSuffix(cut, node);
  }

  template <typename Item>
  const Item& At(uint64_t offset, uint64_t index) const {
    return reinterpret_cast<const Item*>(base_ + offset)[index];
  }

  const uint8_t* base_;
  size_t size_;
  const TableHeader& header_;
  const uint8_t* arena_ = nullptr;
  std::vector<bool> nodes_;  // by position: is a node of the index
};

}  // namespace

size_t NameLength(const uint8_t* name, size_t available) {
  size_t at = 0;
  while (at < available && name[at] != 0) {
    if (name[at] > 63) return 0;  // RFC 1035 2.3.4; a pointer is no part of canonical form
    at += name[at] + size_t{1};
  }
  return at < available && at < kMaxName ? at + 1 : 0;
}

uint64_t ChecksumOf(const uint8_t* base) {
  // The header as it was before its checksum and version were known.
  uint8_t blank[sizeof(TableHeader)];
  std::memcpy(blank, base, sizeof(blank));
  std::memset(blank + offsetof(TableHeader, checksum), 0, sizeof(uint64_t));
  std::memset(blank + offsetof(TableHeader, version), 0, sizeof(uint64_t));
  const uint64_t head = Checksum(blank, sizeof(blank), 0);
  const auto* header = reinterpret_cast<const TableHeader*>(base);
  return Checksum(base + sizeof(TableHeader), header->selection_offset - sizeof(TableHeader), head);
}

Refusal CheckTable(const uint8_t* base, size_t size, std::string* error) {
  if (size < sizeof(TableHeader)) {
    *error = "is " + std::to_string(size) + " bytes, shorter than a header";
    return Refusal::kTruncated;
  }
  return Checker(base, size).Run(error);
}

}  // namespace understudy::contract
