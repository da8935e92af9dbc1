#include "dataplane/worker/pulse.h"

#include <algorithm>

namespace understudy::worker {

void Pulse::Tick(uint64_t now_ns) noexcept {
  if (now_ns < look_ns_) return;
  look_ns_ = now_ns + kLookEveryNs;
  const contract::ReportSegment& report = *report_.operator->();
  // acquire: pairs with AddWorker's release.
  const uint64_t count = std::min<uint64_t>(report.worker_count.load(std::memory_order_acquire),
                                            contract::kMaxWorkers);
  moved_ns_ = now_ns;
  uint64_t slowest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    Seen& seen = seen_[i];
    // relaxed: a sign of life orders nothing.
    const uint64_t rounds = report.workers[i].rounds.load(std::memory_order_relaxed);
    if (seen.moved_ns == 0 || rounds != seen.rounds) seen = {rounds, now_ns};
    if (seen.moved_ns < moved_ns_) {
      moved_ns_ = seen.moved_ns;
      slowest = i;
    }
  }
  report_->slowest_worker.store(slowest, std::memory_order_relaxed);
  report_->workers_moved_ns.store(moved_ns_, std::memory_order_relaxed);
}

void Pulse::Stop() noexcept {
  moved_ns_ = 0;
  report_->workers_moved_ns.store(0, std::memory_order_relaxed);
}

}  // namespace understudy::worker
