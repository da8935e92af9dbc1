#include "dataplane/contract/table.h"

#include "dataplane/contract/digest.h"
#include "dataplane/contract/table_check.h"

namespace understudy::contract {
namespace {

bool SameName(const NodeRecord& node, const uint8_t* name, size_t length) noexcept {
  if (node.name_length != length) return false;
  const uint8_t* own = NameOf(node);
  uint64_t difference = 0;
  size_t i = 0;
  for (; i + 8 <= length; i += 8) difference |= Load8(own + i) ^ Load8(name + i);
  // The last word: behind the name both are zero in the table, and at least readable in `name`.
  if (i < length) {
    const uint64_t mask = ~uint64_t{0} >> (8 * (8 - (length - i)));
    difference |= (Load8(own + i) ^ Load8(name + i)) & mask;
  }
  return difference == 0;
}

}  // namespace

std::string_view WordOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kMissing:
      return "missing";
    case Refusal::kTruncated:
      return "truncated";
    case Refusal::kForeign:
      return "foreign";
    case Refusal::kUnfinished:
      return "unfinished";
    case Refusal::kChecksum:
      return "checksum";
    case Refusal::kStructure:
      return "structure";
  }
  return "unknown";
}

std::unique_ptr<const Table> Table::Open(const std::string& path, Refusal* refusal,
                                         std::string* error) {
  std::unique_ptr<Table> table(new Table);
  table->mapping_ = Mapping::OpenReadOnly(path, error);
  if (!table->mapping_) {
    *refusal = Refusal::kMissing;
    return nullptr;
  }
  const uint8_t* base = table->mapping_.data();
  *refusal = CheckTable(base, table->mapping_.size(), error);
  if (*refusal != Refusal::kNone) {
    *error = path + ": " + *error;
    return nullptr;
  }
  const auto* header = reinterpret_cast<const TableHeader*>(base);
  table->header_ = header;
  table->buckets_ = reinterpret_cast<const Bucket*>(base + header->buckets_offset);
  table->arena_ = base + header->arena_offset;
  table->zones_ = reinterpret_cast<const ZoneEntry*>(base + header->zones_offset);
  table->groups_ = reinterpret_cast<const GroupEntry*>(base + header->groups_offset);
  table->selection_ = reinterpret_cast<const SelectionHeader*>(base + header->selection_offset);
  return table;
}

uint64_t Table::Hash(const uint8_t* name, size_t length) const noexcept {
  return HashName(name, length, header_->hash_seed);
}

void Table::Prefetch(uint64_t hash) const noexcept {
  __builtin_prefetch(&buckets_[HomeOf(hash, header_->bucket_count)]);
}

void Table::PrefetchNode(uint64_t hash) const noexcept {
  const Bucket& bucket = buckets_[HomeOf(hash, header_->bucket_count)];
  const uint16_t tag = TagOf(hash);
  for (size_t slot = 0; slot < kBucketSlots; ++slot) {
    if (bucket.tags[slot] != tag) continue;
    const auto* node = reinterpret_cast<const uint8_t*>(NodeAt(bucket.nodes[slot]));
    __builtin_prefetch(node);
    __builtin_prefetch(node + kLine);
    return;
  }
}

const NodeRecord* Table::Find(uint64_t hash, const uint8_t* name, size_t length) const noexcept {
  const uint32_t count = header_->bucket_count;
  const uint16_t tag = TagOf(hash);
  uint32_t index = HomeOf(hash, count);
  for (uint32_t probed = 0; probed < count; ++probed) {
    const Bucket& bucket = buckets_[index];
    for (size_t slot = 0; slot < kBucketSlots; ++slot) {
      if (bucket.tags[slot] != tag) continue;
      const NodeRecord* node = NodeAt(bucket.nodes[slot]);
      if (SameName(*node, name, length)) return node;
    }
    if (bucket.overflowed == 0) return nullptr;
    index = index + 1 == count ? 0 : index + 1;
  }
  return nullptr;
}

std::string_view Table::GroupName(uint32_t index) const noexcept {
  const GroupEntry& group = groups_[index];
  const auto* strings = reinterpret_cast<const char*>(mapping_.data() + header_->strings_offset);
  return {strings + group.name_offset, group.name_length};
}

}  // namespace understudy::contract
