// All packet workers: shares the queues of the ports out, starts each on its core, ends them.
//
// Used by: main.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_WORKER_GROUP_H_
#define UNDERSTUDY_DATAPLANE_WORKER_WORKER_GROUP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/contract/report.h"
#include "dataplane/port/port.h"
#include "dataplane/worker/packet_worker.h"

namespace understudy::worker {

class WorkerGroup {
 public:
  struct Settings {
    std::vector<std::unique_ptr<port::Port>>* ports = nullptr;
    std::vector<uint32_t> cores;  // EAL's numbers; one worker each
    std::optional<uint32_t> idle_sleep_us;
    std::function<void()> on_thread;  // called first of all on each worker's thread; may be unset
  };

  // Null and a sentence when there are no slots or cores left.
  static std::unique_ptr<WorkerGroup> Start(const Settings& settings, const TableSwap& swap,
                                            Quiescence& quiescence,
                                            const contract::ReportWriter& report,
                                            std::string* error);
  // Ends the workers and waits for them.
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  size_t size() const { return workers_.size(); }

 private:
  struct OnCore {
    std::unique_ptr<PacketWorker> worker;
    const WorkerGroup* group = nullptr;
    uint32_t core = 0;
  };

  WorkerGroup() = default;

  std::atomic<bool> stop_{false};
  std::function<void()> on_thread_;
  std::vector<OnCore> workers_;
  size_t started_ = 0;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_WORKER_GROUP_H_
