#include "dataplane/contract/group_counts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace understudy::contract {
namespace {

constexpr uint64_t kRowAlignment = 128;  // neighbours never share a line or a prefetched pair
constexpr char kPrefix[] = "counts.";

uint32_t MostSides(const Table& table) {
  uint8_t most = 1;
  for (uint32_t i = 0; i < table.header().group_count; ++i) {
    most = std::max(most, table.GroupAt(i).sides);
  }
  return most;
}

uint64_t RowBytes(uint64_t groups, uint64_t columns) { return groups * columns * sizeof(uint64_t); }

ino_t InodeOf(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::optional<GroupCountsWriter> GroupCountsWriter::Create(const InstancePaths& paths,
                                                           uint64_t started_ns, const Table& table,
                                                           uint32_t rows, std::string* error) {
  const uint32_t groups = table.header().group_count;
  const uint32_t columns = MostSides(table) + 1;
  const uint64_t stride =
      (RowBytes(groups, columns) + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  const std::string path = paths.counts(started_ns, table.generation());
  const std::string aside = path + ".tmp";
  GroupCountsWriter writer;
  writer.mapping_ = Mapping::Create(aside, sizeof(GroupCountsHeader) + rows * stride, error);
  if (!writer.mapping_) return std::nullopt;
  auto& header = *reinterpret_cast<GroupCountsHeader*>(writer.mapping_.data());
  header.magic = kGroupCountsMagic;
  header.generation = table.generation();
  header.stride = stride;
  header.group_count = groups;
  header.columns = columns;
  header.rows = rows;
  // release: whoever sees the version sees the fields before it.
  header.version.store(kGroupCountsVersion, std::memory_order_release);
  if (rename(aside.c_str(), path.c_str()) != 0) {
    *error = "cannot rename " + aside + " to " + path + ": " + std::strerror(errno);
    unlink(aside.c_str());
    return std::nullopt;
  }
  writer.path_ = path;
  writer.inode_ = InodeOf(path);
  return writer;
}

void GroupCountsWriter::RemoveOthers(const InstancePaths& paths, uint64_t started_ns) {
  const std::string own = "." + std::to_string(started_ns);
  std::error_code ignored;  // what cannot be removed is in nobody's way
  for (const auto& entry : std::filesystem::directory_iterator(paths.directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && !name.ends_with(own)) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

GroupCountsWriter::~GroupCountsWriter() {
  // A table that was adopted twice has a file of the same name that is not ours.
  if (mapping_ && InodeOf(path_) == inode_) unlink(path_.c_str());
}

GroupCounter GroupCountsWriter::RowOf(uint32_t row) const noexcept {
  const auto& header = *reinterpret_cast<const GroupCountsHeader*>(mapping_.data());
  if (row >= header.rows) return {};
  return {reinterpret_cast<uint64_t*>(mapping_.data() + sizeof(GroupCountsHeader) +
                                      row * header.stride),
          header.columns};
}

std::optional<GroupCountsReader> GroupCountsReader::Open(const InstancePaths& paths,
                                                         uint64_t started_ns, uint64_t generation,
                                                         std::string* error) {
  GroupCountsReader reader;
  const std::string path = paths.counts(started_ns, generation);
  reader.mapping_ = Mapping::OpenReadOnly(path, error);
  if (!reader.mapping_) return std::nullopt;
  const size_t size = reader.mapping_.size();
  if (size >= sizeof(GroupCountsHeader)) {
    const auto& header = *reinterpret_cast<const GroupCountsHeader*>(reader.mapping_.data());
    // acquire: pairs with the release that stores version last.
    const bool ours = header.version.load(std::memory_order_acquire) == kGroupCountsVersion &&
                      header.magic == kGroupCountsMagic && header.generation == generation;
    reader.stride_ = header.stride;
    reader.group_count_ = header.group_count;
    reader.columns_ = header.columns;
    reader.rows_ = header.rows;
    const uint64_t room = size - sizeof(GroupCountsHeader);
    if (ours && reader.columns_ <= kMaxSides + 1 && reader.rows_ <= kMaxWorkers &&
        RowBytes(reader.group_count_, reader.columns_) <= reader.stride_ &&
        reader.stride_ % sizeof(uint64_t) == 0 && reader.stride_ <= room &&
        reader.rows_ * reader.stride_ <= room) {
      return reader;
    }
  }
  *error = path + " holds no counts of generation " + std::to_string(generation);
  return std::nullopt;
}

uint64_t GroupCountsReader::Sum(uint32_t group, uint32_t column) const {
  uint64_t sum = 0;
  for (uint32_t row = 0; row < rows_; ++row) {
    auto* counts =
        reinterpret_cast<uint64_t*>(mapping_.data() + sizeof(GroupCountsHeader) + row * stride_);
    // relaxed: a count orders nothing.
    sum += std::atomic_ref<uint64_t>(counts[uint64_t{group} * columns_ + column])
               .load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace understudy::contract
