// The report segment: what the dataplane does, written by it, read by control and understudyctl.
//
// Invariants
//  1. Every field has one writer: the header the dataplane's main thread, a slot its worker.
//     Counters only grow while started_ns stays the same.
//  2. A slot's `observed` names the cut (live word, table_format.h) its worker may be reading now.
//     The control process does not refill a bank that is named by any slot: that is the whole
//     protocol between them (selection.h).
//  3. `received` equals the sum of `outcomes`, whenever the worker is between bursts.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_REPORT_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_REPORT_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/contract/mapping.h"
#include "dataplane/contract/outcome.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/table_format.h"

namespace understudy::contract {

inline constexpr uint64_t kReportMagic = 0x54525052'52444e55;  // "UNDRRPRT"
inline constexpr uint64_t kReportVersion = 6;

// By what the records of positive answers were chosen.
enum class AnsweredBy : uint8_t { kStatic, kPrimary, kSecondary, kFurther };
inline constexpr size_t kAnsweredByCount = 4;
inline constexpr std::string_view kAnsweredByWords[kAnsweredByCount] = {"static", "primary",
                                                                        "secondary", "further"};

// `choice` of the group; group 0 is the static one.
constexpr AnsweredBy AnsweredByOf(uint32_t group, uint8_t choice) {
  if (group == 0) return AnsweredBy::kStatic;
  return choice == 0   ? AnsweredBy::kPrimary
         : choice == 1 ? AnsweredBy::kSecondary
                       : AnsweredBy::kFurther;
}

// A worker's private counts of one burst, added to its slot at the end of the burst.
struct Tally {
  uint64_t received = 0;
  uint64_t outcomes[kOutcomeCount] = {};
  uint64_t answered_by[kAnsweredByCount] = {};
};

struct alignas(128) WorkerSlot {
  std::atomic<uint64_t> observed;          // live word in use; 0 = this worker holds no cut now
  std::atomic<uint64_t> observed_ns;       // MonotonicNs when it was first used
  std::atomic<uint64_t> last_observed;     // live word last used, kept while observed is 0
  std::atomic<uint64_t> table_generation;  // of the table last used
  std::atomic<uint64_t> stale_answers;     // bursts answered while control was silent
  std::atomic<uint64_t> rounds;            // grows while the worker moves, at least every 100 ms
  std::atomic<uint64_t> received;
  std::atomic<uint64_t> outcomes[kOutcomeCount];
  std::atomic<uint64_t> answered_by[kAnsweredByCount];
  char name[32];  // "af_xdp:eth1 q0", "listen udp 127.0.0.1:53"
};
static_assert(sizeof(WorkerSlot) % 128 == 0);  // neighbours never share a line or a prefetched pair

struct ReportSegment {
  uint64_t magic;
  std::atomic<uint64_t>
      started_ns;  // MonotonicNs of the dataplane's start: counters are since then
  std::atomic<int64_t> pid;
  std::atomic<uint64_t> heartbeat_ns;
  uint64_t heartbeat_interval_ns;
  std::atomic<uint64_t> worker_count;
  std::atomic<uint64_t>
      table_generation;  // adopted: every worker uses it or will at its next burst
  std::atomic<uint64_t> retired_generation;  // tables up to this one are unmapped by everybody
  std::atomic<uint64_t> adopted_ns;
  std::atomic<uint64_t> adopted_count;
  std::atomic<uint64_t> refused_count;
  std::atomic<uint64_t> refused_generation;   // the last table refused
  std::atomic<uint64_t> refused_reason;       // Refusal
  std::atomic<uint64_t> control_stale;        // 1 while control's heartbeat is late
  std::atomic<uint64_t> control_stale_count;  // times it became so
  // Until when every worker was seen to move (MonotonicNs; 0: none serves yet, or the dataplane is
  // ending), and which one stood still the longest.
  std::atomic<uint64_t> workers_moved_ns;
  std::atomic<uint64_t> slowest_worker;
  std::atomic<uint64_t> buffers;       // for frames, of all ports
  std::atomic<uint64_t> buffers_free;  // of them, when last looked at: once a second
  std::atomic<uint64_t> version;       // stored last
  // The process that handed over to this one; 0: none did, or it is of a version that does not say.
  std::atomic<int64_t> predecessor;
  WorkerSlot before;  // counted by the lives that handed over to this one, all workers together
  WorkerSlot workers[kMaxWorkers];
};

class ReportReader;

// Dataplane's side. A new file every time: a new life starts its counters at zero, unless it
// continues those of the life that hands the instance over to it.
class ReportWriter {
 public:
  static std::optional<ReportWriter> Create(const InstancePaths& paths, std::string* error);
  // The same in two steps: nobody sees the report before it is published, in the place of another.
  static std::optional<ReportWriter> CreateAside(const InstancePaths& paths, std::string* error);
  std::string Publish(const InstancePaths& paths) const;
  // Keeps a second name of the report that is published now, so that Restore can put it back: this
  // one, which then goes on from what another life has counted in its place.
  static void Keep(const InstancePaths& paths);
  void Restore(const InstancePaths& paths) const;
  static void Forget(const InstancePaths& paths);

  ReportSegment* operator->() const { return reinterpret_cast<ReportSegment*>(mapping_.data()); }
  void Beat() const;
  // Claims the next slot. nullptr when all kMaxWorkers are taken.
  WorkerSlot* AddWorker(std::string_view name) const;
  // The slot of that name, which must have no writer now, or a new one.
  WorkerSlot* SlotOf(std::string_view name) const;
  // Goes on from what the life before has counted, whose writers have ended.
  void Continue(const ReportReader& before) const;

 private:
  Mapping mapping_;
};

void AddTo(WorkerSlot& slot, const Tally& tally) noexcept;

// Readers' side. The dataplane may restart and replace the file: Refresh maps the new one.
class ReportReader {
 public:
  static std::optional<ReportReader> Open(const InstancePaths& paths, std::string* error);
  // True when the path now names another file (a dataplane started since): open anew.
  bool IsReplaced() const;
  // False while the report before this one may still be put back: a hand-over is under way.
  bool IsForGood() const;
  const ReportSegment* operator->() const {
    return reinterpret_cast<const ReportSegment*>(mapping_.data());
  }
  bool IsStale(uint64_t now_ns) const;
  // Of all workers, and of the lives that handed over.
  Tally Sum() const;
  uint64_t StaleAnswers() const;
  // Of the workers of this life alone.
  Tally OwnSum() const;
  uint64_t OwnStaleAnswers() const;

 private:
  uint64_t WorkerCount() const;

  Mapping mapping_;
  std::string path_;
  std::string kept_path_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_REPORT_H_
