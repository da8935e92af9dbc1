#include "dataplane/contract/table.h"

#include "dataplane/contract/table_check.h"

namespace understudy::contract {
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
  // Not the selection: control writes there, and would wait while pages move.
  table->mapping_.UseHugePages(header->selection_offset);
  table->header_ = header;
  table->buckets_ = reinterpret_cast<const Bucket*>(base + header->buckets_offset);
  table->arena_ = base + header->arena_offset;
  table->zones_ = reinterpret_cast<const ZoneEntry*>(base + header->zones_offset);
  table->groups_ = reinterpret_cast<const GroupEntry*>(base + header->groups_offset);
  table->selection_ = reinterpret_cast<const SelectionHeader*>(base + header->selection_offset);
  return table;
}

std::string_view Table::GroupName(uint32_t index) const noexcept {
  const GroupEntry& group = groups_[index];
  const auto* strings = reinterpret_cast<const char*>(mapping_.data() + header_->strings_offset);
  return {strings + group.name_offset, group.name_length};
}

}  // namespace understudy::contract
