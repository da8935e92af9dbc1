// Opens tables on a thread of its own: checking a large one takes longer than a heartbeat may.
//
// Used by: control_watch. One request at a time is under way; a newer one replaces one that waits.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_TABLE_OPENER_H_
#define UNDERSTUDY_DATAPLANE_WORKER_TABLE_OPENER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dataplane/contract/table.h"

namespace understudy::worker {

struct OpenedTable {
  uint64_t generation = 0;
  std::unique_ptr<const contract::Table> table;  // null when refused
  contract::Refusal refusal = contract::Refusal::kNone;
  std::string error;
};
// Opens and checks `path`, which must hold `generation`.
OpenedTable OpenTable(uint64_t generation, const std::string& path);

class TableOpener {
 public:
  // `on_thread` is called first of all on its thread; may be unset.
  explicit TableOpener(std::function<void()> on_thread = nullptr);
  ~TableOpener();

  void Request(uint64_t generation, std::string path);
  // What was opened since the last call, if anything.
  std::optional<OpenedTable> Take();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wanted_;
  bool stop_ = false;
  uint64_t generation_ = 0;
  std::string path_;  // empty: no request waits
  std::optional<OpenedTable> opened_;
  std::thread thread_;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_TABLE_OPENER_H_
