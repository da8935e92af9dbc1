// One worker of the load: sends queries out of one device queue at its rate and matches what comes
// back, until its time is over.
//
// Used by: main, one for each queue, each on a core of its own.
//
//   turn n -> slot n -> (source port, id)         the answer's port and id say which slot it is of
//
// Invariants
//  1. Sending stops by itself: after the plan's time, its number of queries, or Stop.
//  2. A query counts as sent once the device has taken it; an answer counts once.
//  3. With a rate, a query's latency runs from when it was due, not from when it got away: a
//     generator that was held up does not hide it (coordinated omission).
//  4. A trickle beside the load is paced by itself, whatever the load does, and measured apart:
//     what a client waits while others load the server.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_GENERATOR_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_GENERATOR_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "tools/understudy-load/histogram.h"
#include "tools/understudy-load/query_frame.h"
#include "tools/understudy-load/questions.h"

struct rte_mbuf;
struct rte_mempool;

namespace understudy::load {

// Above what kernels give out by themselves (32768 to 60999), so that answers to others stay
// theirs.
inline constexpr uint16_t kFirstPort = 61000;
inline constexpr uint16_t kPorts = 64;
inline constexpr uint32_t kSlots = uint32_t{kPorts} << 16;

struct LoadPlan {
  double rate = 0;        // queries a second of this worker; 0: as fast as the window allows
  uint32_t window = 256;  // queries under way at once, without a rate
  double trickle = 0;     // queries a second beside that, of this worker; 0: none
  uint32_t idle_us = 0;   // slept whenever there is nothing to send or to receive; 0: spins
  double seconds = 10;
  uint64_t queries = 0;     // at most; 0: only the time ends it
  uint32_t check_each = 1;  // every n-th answer is compared; 0: none, and queries sent back count
};

// Written by one worker, read by anybody.
struct Counts {
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> received{0};
  std::atomic<uint64_t> checked{0};
  std::atomic<uint64_t> unexpected{0};    // answers to nothing that is under way: late, or twice
  std::atomic<uint64_t> foreign{0};       // frames that are no answers to us
  std::atomic<uint64_t> held_back{0};     // queries the device did not take at once
  std::atomic<uint64_t> trickle_sent{0};  // of `sent`
  std::atomic<uint64_t> trickle_received{0};  // of `received`
  std::array<std::atomic<uint64_t>, kVerdictCount> verdicts{};
};

// What is under way, of all workers: an answer may come back on another queue than its query left.
class Slots {
 public:
  struct Slot {
    std::atomic<uint64_t> due_tsc{0};   // 0: nothing under way
    std::atomic<uint32_t> question{0};  // with kTrickle when it is of the trickle
  };
  Slot& operator[](uint32_t slot) { return slots_[slot]; }

 private:
  std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(kSlots);
};

class Generator {
 public:
  struct Lane {
    uint16_t device = 0;
    uint16_t queue = 0;
    rte_mempool* pool = nullptr;
    uint32_t first_slot = 0;  // of `slots` that are this worker's; a power of two
    uint32_t slots = kSlots;
  };
  Generator(const LoadPlan& plan, const Questions& questions, const QueryFrame& frame, Slots& slots,
            const Lane& lane);

  // Sends, then waits for what is still under way, at most a second.
  void Run(const std::atomic<bool>& stop) noexcept;

  const Counts& counts() const { return counts_; }
  const Histogram& latency_ns() const { return latency_ns_; }  // of the load alone
  const Histogram& trickle_ns() const { return trickle_ns_; }
  // How long it sent, in seconds; once Run is over.
  double sent_for_s() const { return sent_for_s_; }

 private:
  static constexpr uint16_t kBurst = 32;
  static constexpr uint32_t kTrickle = 1U << 31;

  uint32_t Send(uint64_t now) noexcept;
  uint32_t Allowed(uint64_t now) const noexcept;
  uint64_t Paced() const noexcept;
  // `trickle_due`: when the one query, which is of the trickle, was due; 0: they are of the load.
  uint32_t SendBurst(uint32_t count, uint64_t now, uint64_t trickle_due) noexcept;
  uint64_t DueOf(uint64_t turn, uint64_t now) const noexcept;
  uint32_t ReceiveBurst() noexcept;
  void Idle() const noexcept;
  void Receive(rte_mbuf& mbuf, uint64_t now) noexcept;
  void WriteOffWhatIsOverdue(uint64_t now) noexcept;

  const LoadPlan plan_;
  const Questions& questions_;
  const QueryFrame& frame_;
  Slots& slots_;
  const Lane lane_;
  const double tsc_hz_;
  Counts counts_;
  Histogram latency_ns_;
  Histogram trickle_ns_;
  uint64_t trickles_ = 0;  // that were due so far
  uint64_t started_ = 0;
  uint64_t turn_ = 0;         // queries sent so far
  uint64_t written_off_ = 0;  // of those, not waited for any more
  uint64_t last_answer_ = 0;
  double sent_for_s_ = 0;
};

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_GENERATOR_H_
