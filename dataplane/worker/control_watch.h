// The dataplane's eye on control: adopts the tables it publishes, notices when it falls silent, and
// writes the header of the report. Everything the main thread does after start.
//
// Used by: main. All of it on one thread; time is given, so tests set it.
//
// Invariants
//  1. A table that does not check out is counted, reported and left alone until another generation
//     is published; the old one goes on. Only a missing file is tried a few times more.
//  2. Nothing here ends the program or the answers: root missing, replaced or damaged means that
//     the last table goes on and control counts as silent.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_CONTROL_WATCH_H_
#define UNDERSTUDY_DATAPLANE_WORKER_CONTROL_WATCH_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/worker/table_opener.h"
#include "dataplane/worker/table_swap.h"

namespace understudy::worker {

class ControlWatch {
 public:
  using Log = std::function<void(const std::string&)>;
  // At most `readers` threads will answer: so many rows has what they count. `on_thread`: see
  // TableOpener.
  ControlWatch(const contract::InstancePaths& paths, TableSwap& swap,
               const contract::ReportWriter& report, uint32_t readers, Log log,
               std::function<void()> on_thread = nullptr);

  // Adopts the current table before it returns, if there is one: to be called before ports open.
  void Start(uint64_t now_ns);
  // To be called about every millisecond.
  void Tick(uint64_t now_ns);

 private:
  void LookAtRoot(uint64_t now_ns);
  void LookAtHeartbeat(uint64_t now_ns);
  void LookAtGeneration(uint64_t now_ns);
  void Settle(OpenedTable opened, uint64_t now_ns);

  const contract::InstancePaths paths_;
  TableSwap& swap_;
  const contract::ReportWriter& report_;
  const uint32_t readers_;
  const Log log_;
  std::optional<contract::RootReader> root_;
  dev_t root_device_ = 0;
  ino_t root_inode_ = 0;
  std::string root_error_;  // the last one logged
  uint64_t look_at_root_ns_ = 0;
  uint64_t beat_ns_ = 0;
  bool stale_ = false;
  contract::StalePolicy policy_ = contract::StalePolicy::kFrozen;  // the last one read
  uint64_t wanted_generation_ = 0;                                 // last requested
  uint64_t retry_ns_ = 0;                                          // 0: no retry is due
  int attempts_ = 0;                                               // to open wanted_generation_
  TableOpener opener_;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_CONTROL_WATCH_H_
