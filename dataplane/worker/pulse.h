// Whether every worker moves, seen from outside of them: each makes `rounds` of its slot grow, and
// the main thread looks whether it did.
//
// Used by: main (ticks it; the watchdog is fed only while it beats). Readers of the report
// (understudyctl ready, control) read what it writes.
//
// Invariants
//  1. A worker that hangs, wherever it hangs, is found within kStuckAfterNs and one look.
//  2. A worker that has just been added counts as having moved then.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_PULSE_H_
#define UNDERSTUDY_DATAPLANE_WORKER_PULSE_H_

#include <cstdint>

#include "dataplane/contract/report.h"

namespace understudy::worker {

class Pulse {
 public:
  static constexpr uint64_t kLookEveryNs = 50'000'000;
  static constexpr uint64_t kStuckAfterNs = contract::StaleAfterNs(contract::kHeartbeatIntervalNs);

  explicit Pulse(const contract::ReportWriter& report) : report_(report) {}

  // Looks, when it is time to, and writes what it sees to the report.
  void Tick(uint64_t now_ns) noexcept;
  // The dataplane is about to end: says in the report that it serves no more.
  void Stop() noexcept;
  // Every worker moved lately.
  bool IsBeating(uint64_t now_ns) const noexcept { return now_ns <= moved_ns_ + kStuckAfterNs; }

 private:
  struct Seen {
    uint64_t rounds = 0;
    uint64_t moved_ns = 0;
  };

  const contract::ReportWriter& report_;
  Seen seen_[contract::kMaxWorkers];
  uint64_t look_ns_ = 0;
  uint64_t moved_ns_ = 0;
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_PULSE_H_
