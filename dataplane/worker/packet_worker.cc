#include "dataplane/worker/packet_worker.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <sys/prctl.h>

#include <algorithm>
#include <ctime>
#include <span>

namespace understudy::worker {
namespace {

using contract::Outcome;
using responder::Action;
using responder::Frame;

// Empty rounds before a worker sleeps: long enough to bridge the gaps of a busy line.
constexpr unsigned kRoundsBeforeRest = 64;
constexpr int kLongestRestMs = 10;
constexpr unsigned kRoundsAtTheEnd = 4096 / PacketWorker::kBurst;  // no ring of ours is longer

// Frames on their way out of one device, with what they count as.
struct Outgoing {
  rte_mbuf* mbufs[PacketWorker::kBurst];
  Frame* frames[PacketWorker::kBurst];
  uint16_t count = 0;

  void Add(rte_mbuf* mbuf, Frame* frame) {
    mbufs[count] = mbuf;
    frames[count++] = frame;
  }

  void Send(uint16_t device, uint16_t queue) {
    if (count == 0) return;
    uint16_t sent = rte_eth_tx_burst(device, queue, mbufs, count);
    if (sent < count) {
      sent = static_cast<uint16_t>(sent + rte_eth_tx_burst(device, queue, mbufs + sent,
                                                           static_cast<uint16_t>(count - sent)));
    }
    if (sent == count) return;
    for (uint16_t i = sent; i < count; ++i) frames[i]->outcome = Outcome::kQueueFull;
    rte_pktmbuf_free_bulk(mbufs + sent, count - sent);
  }
};

// The frame in a buffer, with all the room behind it. A frame in several buffers has none: it is
// longer than what any of our ports is meant to carry.
bool FrameOf(rte_mbuf& mbuf, Frame* frame) {
  *frame = Frame();
  if (mbuf.nb_segs != 1) return false;
  frame->data = rte_pktmbuf_mtod(&mbuf, uint8_t*);
  frame->length = mbuf.data_len;
  frame->capacity = static_cast<uint32_t>(mbuf.buf_len - mbuf.data_off);
  return frame->length <= frame->capacity;
}

}  // namespace

PacketWorker::PacketWorker(const TableSwap& swap, Quiescence& quiescence,
                           contract::WorkerSlot& slot, std::vector<ServedQueue> queues,
                           uint32_t idle_sleep_us)
    : reader_(swap, quiescence, slot), queues_(std::move(queues)), idle_sleep_us_(idle_sleep_us) {
  for (const ServedQueue& queue : queues_) {
    if (queue.wait_fd >= 0) waits_.push_back({queue.wait_fd, POLLIN, 0});
  }
  if (waits_.size() != queues_.size()) waits_.clear();
}

// Offline, so that it delays neither flip nor unmap. Woken by a frame, or to look whether to stop.
void PacketWorker::Rest() noexcept {
  reader_.Leave();
  if (!waits_.empty()) {
    poll(waits_.data(), waits_.size(), kLongestRestMs);
    const auto is_broken = [](const pollfd& wait) { return (wait.revents & ~POLLIN) != 0; };
    if (std::ranges::none_of(waits_, is_broken)) return;
    // Its interface is gone: poll would return at once for ever.
  }
  const timespec duration = {0, static_cast<long>(idle_sleep_us_) * 1000};
  nanosleep(&duration, nullptr);
}

void PacketWorker::Run(const std::atomic<bool>& stop) noexcept {
  // The kernel may else round a short sleep up by 50 us.
  prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
  unsigned empty_rounds = 0;
  // relaxed: nothing else is learnt from it.
  while (!stop.load(std::memory_order_relaxed)) {
    if (Serve() != 0) {
      empty_rounds = 0;
    } else if (idle_sleep_us_ != 0 && ++empty_rounds > kRoundsBeforeRest) {
      Rest();
    } else {
      rte_pause();
    }
  }
  // What waits in the rings is answered; on a device whose arrivals go on, as much as fits them.
  for (unsigned round = 0; round < kRoundsAtTheEnd && Serve() != 0; ++round) {
  }
  Leave();
}

unsigned PacketWorker::Serve() noexcept {
  unsigned frames = 0;
  for (const ServedQueue& queue : queues_) {
    frames += ServeDevice(queue);
    if (queue.kernel_side != ServedQueue::kNoDevice) frames += ServeKernelSide(queue);
  }
  return frames;
}

unsigned PacketWorker::ServeDevice(const ServedQueue& queue) noexcept {
  rte_mbuf* mbufs[kBurst];
  const uint16_t received = rte_eth_rx_burst(queue.device, queue.queue, mbufs, kBurst);
  // Also on an empty round: so an idle worker, too, sees a flip at once and holds up no unmap.
  const contract::Cut cut = reader_.Enter();
  if (received == 0) return 0;

  Frame frames[kBurst];
  uint16_t whole = 0;  // frames that can be looked at, moved to the front
  contract::Tally tally;
  for (uint16_t i = 0; i < received; ++i) {
    if (FrameOf(*mbufs[i], &frames[whole])) {
      mbufs[whole++] = mbufs[i];
    } else {
      responder::Count(frames[whole], tally);  // kMalformed: what a frame is until it is read
      rte_pktmbuf_free(mbufs[i]);
    }
  }
  queue.responder->Respond(cut, std::span(frames, whole));

  Outgoing back;
  Outgoing to_kernel;
  for (uint16_t i = 0; i < whole; ++i) {
    switch (frames[i].action) {
      case Action::kSend:
        mbufs[i]->data_len = static_cast<uint16_t>(frames[i].length);
        mbufs[i]->pkt_len = frames[i].length;
        mbufs[i]->ol_flags = 0;  // what the device said about the query is not asked for the answer
        back.Add(mbufs[i], &frames[i]);
        break;
      case Action::kToKernel:
        mbufs[i]->ol_flags = 0;
        to_kernel.Add(mbufs[i], &frames[i]);
        break;
      case Action::kDrop:
        rte_pktmbuf_free(mbufs[i]);
        break;
    }
  }
  back.Send(queue.device, queue.queue);
  if (to_kernel.count != 0) to_kernel.Send(queue.kernel_side, queue.queue);
  for (uint16_t i = 0; i < whole; ++i) responder::Count(frames[i], tally);
  reader_.Account(tally);
  return received;
}

unsigned PacketWorker::ServeKernelSide(const ServedQueue& queue) noexcept {
  rte_mbuf* mbufs[kBurst];
  const uint16_t received = rte_eth_rx_burst(queue.kernel_side, queue.queue, mbufs, kBurst);
  if (received == 0) return 0;
  Frame frames[kBurst];
  Outgoing out;
  for (uint16_t i = 0; i < received; ++i) {
    frames[i].outcome = Outcome::kFromKernel;
    mbufs[i]->ol_flags = 0;
    out.Add(mbufs[i], &frames[i]);
  }
  out.Send(queue.device, queue.queue);
  contract::Tally tally;
  for (uint16_t i = 0; i < received; ++i) responder::Count(frames[i], tally);
  reader_.Account(tally);
  return received;
}

}  // namespace understudy::worker
