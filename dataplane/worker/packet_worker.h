// One thread serving queues of ports: receive, answer, send, count; then the next queue.
//
// Used by: worker_group (one per core), tests (Serve by hand).
//
// Invariants
//  1. Every buffer taken from a device is given to a device or freed, whatever happens to its
//  frame.
//  2. Never blocks on a full queue: what a device does not take after one more try is dropped and
//     counted (kQueueFull).
//  3. A burst is answered from one cut, and counted before the next one is received.
#ifndef UNDERSTUDY_DATAPLANE_WORKER_PACKET_WORKER_H_
#define UNDERSTUDY_DATAPLANE_WORKER_PACKET_WORKER_H_

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "dataplane/responder/frame_responder.h"
#include "dataplane/worker/table_reader.h"

struct rte_mbuf;

namespace understudy::worker {

// A queue of a device, by DPDK's numbers, and what answers its frames.
struct ServedQueue {
  static constexpr uint16_t kNoDevice = 0xffff;

  uint16_t device = 0;
  uint16_t queue = 0;
  uint16_t kernel_side = kNoDevice;  // TAP: served on the queue of the same number
  int wait_fd = -1;                  // readable when a frame waits; -1: can only be polled
  const responder::FrameResponder* responder = nullptr;
};

class PacketWorker {
 public:
  static constexpr uint16_t kBurst = 32;
  static_assert(kBurst <= responder::kMaxBurst);

  // idle_sleep_us: how long to sleep when there is nothing to do; 0 = spin. Where every queue can
  // be waited on, frames end the sleep, and it may last longer.
  PacketWorker(const TableSwap& swap, Quiescence& quiescence, contract::WorkerSlot& slot,
               std::vector<ServedQueue> queues, uint32_t idle_sleep_us);

  // Serves until `stop`, then what is in the rings.
  void Run(const std::atomic<bool>& stop) noexcept;
  // Serves every queue once. Returns how many frames there were.
  unsigned Serve() noexcept;
  // Holds nothing any more: what Run does at its end.
  void Leave() noexcept { reader_.Leave(); }

 private:
  void Rest() noexcept;
  unsigned ServeDevice(const ServedQueue& queue) noexcept;
  unsigned ServeKernelSide(const ServedQueue& queue) noexcept;

  TableReader reader_;
  const std::vector<ServedQueue> queues_;
  const uint32_t idle_sleep_us_;
  std::vector<pollfd> waits_;  // one per queue, or none
};

}  // namespace understudy::worker

#endif  // UNDERSTUDY_DATAPLANE_WORKER_PACKET_WORKER_H_
