// The root segment: which table is current, and control's sign of life. Control writes, all read.
//
// Files of an instance, in <shm-dir>/<instance>/ (shm-dir is /dev/shm/understudy unless set):
//   root             this segment
//   table.<N>        the table of generation N (table_format.h)
//   report           the dataplane's segment (report.h)
//   counts.<N>.<S>   answers by group while table N is in use, of the dataplane that started at S
//                    (group_counts.h)
//   control.lock, dataplane.lock   owner locks (mapping.h)
//   dataplane.sock                 where a dataplane asks the running one to hand over
//   *.tmp, report.before           what is being made; what a hand-over may put back
//
// Invariants
//  1. table_generation is the one word that publishes a table: stored (release) after table.<N> has
//     its name, and never points at a file that is gone.
//  2. No user but root and those of the directory's group reads or writes any of these files (mode
//     0640), and of the two processes each writes its own.
//  3. The file `root` appears complete (written aside and renamed), its version word stored last.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_ROOT_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_ROOT_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/contract/mapping.h"

namespace understudy::contract {

inline constexpr uint64_t kRootMagic = 0x544f4f52'52444e55;  // "UNDRROOT"
inline constexpr uint64_t kRootVersion = 1;
inline constexpr uint64_t kHeartbeatIntervalNs = 400'000'000;  // written by both sides this often
// A writer is stale when this long silent: within two heartbeats of its death, yet tolerant of one
// that comes half an interval late on a busy machine.
constexpr uint64_t StaleAfterNs(uint64_t interval_ns) { return interval_ns + interval_ns / 2; }

// What workers answer for failover groups while control is silent.
enum class StalePolicy : uint64_t { kFrozen = 0, kPrimary = 1, kServfail = 2 };

struct RootSegment {
  uint64_t magic;
  std::atomic<uint64_t> table_generation;  // 0 = nothing published yet
  std::atomic<uint64_t> heartbeat_ns;      // MonotonicNs of the last sign of life
  uint64_t heartbeat_interval_ns;
  std::atomic<uint64_t> stale_policy;  // StalePolicy
  std::atomic<int64_t> pid;            // of control
  std::atomic<uint64_t> started_ns;    // MonotonicNs of control's start
  std::atomic<uint64_t> version;       // stored last when the file is made
};
static_assert(sizeof(RootSegment) == 64);

// The paths of one instance.
struct InstancePaths {
  std::string directory;
  std::string root() const { return directory + "/root"; }
  std::string report() const { return directory + "/report"; }
  std::string table(uint64_t generation) const;
  std::string counts(uint64_t started_ns, uint64_t generation) const;
  std::string control_lock() const { return directory + "/control.lock"; }
  std::string dataplane_lock() const { return directory + "/dataplane.lock"; }
  std::string dataplane_socket() const { return directory + "/dataplane.sock"; }
};
inline constexpr char kDefaultShmDir[] = "/dev/shm/understudy";
// Instance names are 1..64 of [a-z0-9-]. Nothing for any other.
std::optional<InstancePaths> PathsOf(const std::string& shm_dir, const std::string& instance);

// Creates the directory and its parent when missing (mode 3770: the two processes may be two users
// of one group). Error text, empty when it is there: a link, and what another user made or may
// change, is refused.
std::string MakeDirectory(const InstancePaths& paths);

// Control's side: maps `root` for writing, making a new one when it is missing or of another
// layout.
class RootWriter {
 public:
  static std::optional<RootWriter> Open(const InstancePaths& paths, std::string* error);
  RootSegment* operator->() const { return reinterpret_cast<RootSegment*>(mapping_.data()); }
  void Beat() const;

 private:
  Mapping mapping_;
};

// Everybody else's side.
class RootReader {
 public:
  static std::optional<RootReader> Open(const InstancePaths& paths, std::string* error);
  const RootSegment* operator->() const {
    return reinterpret_cast<const RootSegment*>(mapping_.data());
  }
  // Nanoseconds since control's last sign of life.
  uint64_t HeartbeatAgeNs(uint64_t now_ns) const;
  bool IsStale(uint64_t now_ns) const;

 private:
  Mapping mapping_;
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_ROOT_H_
