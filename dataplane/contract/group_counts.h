// How often each side of each failover group was answered: a file beside the report for each table
// in use, counts.<generation>.<started_ns of the report>: while one dataplane takes over from
// another, each has its own. The dataplane writes, control reads.
//
// Used by: worker (makes one for each table it adopts; each thread that answers adds to a row of
// its own), control (metrics).
//
//   +-------------------+ 0
//   | GroupCountsHeader |
//   | rows              |  `stride` octets apart; a row is uint64_t[group_count][columns]
//   +-------------------+
//
// The column of a Choice is its side; the last column counts what is said instead of a side.
//
// Invariants
//  1. A row has one writer, and its counts only grow.
//  2. All of it is reserved when it is made: adding never fails for want of memory.
//  3. The file goes with its writer; a reader that has it mapped reads on, so the last counts of a
//     table are not lost. What a dataplane that was killed leaves, the next one removes.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_GROUP_COUNTS_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_GROUP_COUNTS_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/contract/mapping.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/table.h"

namespace understudy::contract {

inline constexpr uint64_t kGroupCountsMagic = 0x544e4343'52444e55;  // "UNDRCCNT"
inline constexpr uint64_t kGroupCountsVersion = 1;

struct GroupCountsHeader {
  uint64_t magic;
  uint64_t generation;   // of the table
  uint64_t stride;       // octets from row to row
  uint32_t group_count;  // the static group included, whose counts stay 0
  uint32_t columns;      // the most sides of any group, and one
  uint32_t rows;
  uint32_t reserved;
  uint8_t padding[16];
  std::atomic<uint64_t> version;  // stored last
};
static_assert(sizeof(GroupCountsHeader) == 64);

// Where a thread counts. Empty: it does not.
struct GroupCounter {
  uint64_t* row = nullptr;
  uint32_t columns = 0;

  void Add(uint32_t group, uint8_t choice) const noexcept {
    if (row == nullptr) return;
    const uint32_t column = choice < columns ? choice : columns - 1;
    // relaxed, load and store: this thread is the row's only writer.
    std::atomic_ref<uint64_t> count(row[uint64_t{group} * columns + column]);
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

// Dataplane's side.
class GroupCountsWriter {
 public:
  // For the groups of `table`, with `rows` rows of zeros, by the dataplane that started then.
  static std::optional<GroupCountsWriter> Create(const InstancePaths& paths, uint64_t started_ns,
                                                 const Table& table, uint32_t rows,
                                                 std::string* error);
  // Removes what other dataplanes left, of which none may need it any more.
  static void RemoveOthers(const InstancePaths& paths, uint64_t started_ns);
  ~GroupCountsWriter();
  GroupCountsWriter(GroupCountsWriter&&) noexcept = default;
  GroupCountsWriter& operator=(GroupCountsWriter&&) = delete;

  // Empty when there are not so many rows.
  GroupCounter RowOf(uint32_t row) const noexcept;

 private:
  GroupCountsWriter() = default;

  Mapping mapping_;
  std::string path_;
  ino_t inode_ = 0;
};

// Readers' side.
class GroupCountsReader {
 public:
  // Checked: whatever the file holds, Sum stays inside it.
  static std::optional<GroupCountsReader> Open(const InstancePaths& paths, uint64_t started_ns,
                                               uint64_t generation, std::string* error);
  uint32_t group_count() const { return group_count_; }
  uint32_t columns() const { return columns_; }
  // Over all rows. `group` and `column` below the counts above.
  uint64_t Sum(uint32_t group, uint32_t column) const;

 private:
  Mapping mapping_;
  // As they were checked: the other side's memory may change.
  uint64_t stride_ = 0;
  uint32_t group_count_ = 0, columns_ = 0, rows_ = 0;
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_GROUP_COUNTS_H_
