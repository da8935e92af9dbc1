#include "tools/understudy-load/generator.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include <algorithm>
#include <ctime>

#include "dataplane/wire/frame.h"
#include "dataplane/wire/message.h"

namespace understudy::load {
namespace {

constexpr double kDrainS = 1.0;
// Without a rate, what has not come for so long makes room for new queries.
constexpr double kOverdueS = 0.1;

// Written by its worker alone, so a plain addition; relaxed: a reader wants the number, no more.
void Count(std::atomic<uint64_t>& counter, uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

Generator::Generator(const LoadPlan& plan, const Questions& questions, const QueryFrame& frame,
                     Slots& slots, const Lane& lane)
    : plan_(plan),
      questions_(questions),
      frame_(frame),
      slots_(slots),
      lane_(lane),
      tsc_hz_(static_cast<double>(rte_get_tsc_hz())) {}

void Generator::Run(const std::atomic<bool>& stop) noexcept {
  started_ = last_answer_ = rte_rdtsc();
  const uint64_t end = started_ + static_cast<uint64_t>(plan_.seconds * tsc_hz_);
  uint64_t now = started_;
  // relaxed: nothing else is learnt from it.
  while (now < end && !stop.load(std::memory_order_relaxed) &&
         (plan_.queries == 0 || turn_ < plan_.queries)) {
    const uint32_t sent = Send(now);
    const uint32_t received = ReceiveBurst();
    if (sent + received == 0) Idle();
    now = rte_rdtsc();
    WriteOffWhatIsOverdue(now);
  }
  sent_for_s_ = static_cast<double>(now - started_) / tsc_hz_;
  const uint64_t patience = now + static_cast<uint64_t>(kDrainS * tsc_hz_);
  while (rte_rdtsc() < patience && counts_.received.load(std::memory_order_relaxed) < turn_) {
    ReceiveBurst();
  }
}

// The trickle first, one at a time; then as many of the load as may leave now.
uint32_t Generator::Send(uint64_t now) noexcept {
  uint32_t sent = 0;
  if (plan_.trickle > 0) {
    const uint64_t due =
        started_ + static_cast<uint64_t>(static_cast<double>(trickles_) / plan_.trickle * tsc_hz_);
    if (now >= due) sent = SendBurst(1, now, due);
    trickles_ += sent;
  }
  const uint32_t allowed = Allowed(now);
  return allowed == 0 ? sent : sent + SendBurst(allowed, now, 0);
}

// A CPU of one's own is spun on; one that others need too is left to them.
void Generator::Idle() const noexcept {
  if (plan_.idle_us == 0) return rte_pause();
  const timespec time = {.tv_sec = 0, .tv_nsec = plan_.idle_us * 1000L};
  nanosleep(&time, nullptr);  // woken early it only looks again
}

// Queries of the load that were sent.
uint64_t Generator::Paced() const noexcept { return turn_ - trickles_; }

// How many queries of the load may leave now.
uint32_t Generator::Allowed(uint64_t now) const noexcept {
  uint64_t allowed = kBurst;
  if (plan_.rate > 0) {
    const double due = static_cast<double>(now - started_) / tsc_hz_ * plan_.rate;
    const uint64_t paced = Paced();
    allowed = due > static_cast<double>(paced) ? static_cast<uint64_t>(due) - paced : 0;
  } else {
    const uint64_t answered = counts_.received.load(std::memory_order_relaxed) + written_off_;
    const uint64_t under_way = turn_ > answered ? turn_ - answered : 0;
    allowed = under_way < plan_.window ? plan_.window - under_way : 0;
  }
  if (plan_.queries != 0) allowed = std::min(allowed, plan_.queries - turn_);
  return static_cast<uint32_t>(std::min<uint64_t>(allowed, kBurst));
}

// When the query of the load that comes as number `turn` was due.
uint64_t Generator::DueOf(uint64_t turn, uint64_t now) const noexcept {
  if (plan_.rate == 0) return now;
  return started_ + static_cast<uint64_t>(static_cast<double>(turn) / plan_.rate * tsc_hz_);
}

uint32_t Generator::SendBurst(uint32_t count, uint64_t now, uint64_t trickle_due) noexcept {
  rte_mbuf* mbufs[kBurst];
  if (rte_pktmbuf_alloc_bulk(lane_.pool, mbufs, count) != 0) return 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t turn = turn_ + i;
    const uint32_t slot = lane_.first_slot + static_cast<uint32_t>(turn & (lane_.slots - 1));
    const uint32_t question = questions_.Draw(turn);
    // release: who finds the query under way finds what it asked.
    const bool trickles = trickle_due != 0;
    slots_[slot].question.store(trickles ? question | kTrickle : question,
                                std::memory_order_relaxed);
    slots_[slot].due_tsc.store(trickles ? trickle_due : DueOf(Paced() + i, now),
                               std::memory_order_release);
    const auto message = questions_.Message(question);
    const uint32_t length = frame_.LengthOf(message.size());
    mbufs[i]->data_len = static_cast<uint16_t>(length);
    mbufs[i]->pkt_len = length;
    frame_.Write(rte_pktmbuf_mtod(mbufs[i], uint8_t*), message, static_cast<uint16_t>(slot),
                 static_cast<uint16_t>(kFirstPort + (slot >> 16)));
  }
  const uint16_t sent =
      rte_eth_tx_burst(lane_.device, lane_.queue, mbufs, static_cast<uint16_t>(count));
  turn_ += sent;
  Count(counts_.sent, sent);
  if (trickle_due != 0) Count(counts_.trickle_sent, sent);
  if (sent == count) return sent;
  Count(counts_.held_back, count - sent);
  for (uint32_t i = sent; i < count; ++i) {
    const uint64_t turn = turn_ + i - sent;
    const uint32_t slot = lane_.first_slot + static_cast<uint32_t>(turn & (lane_.slots - 1));
    slots_[slot].due_tsc.store(0, std::memory_order_relaxed);
  }
  rte_pktmbuf_free_bulk(mbufs + sent, count - sent);
  return sent;
}

uint32_t Generator::ReceiveBurst() noexcept {
  rte_mbuf* mbufs[kBurst];
  const uint16_t received = rte_eth_rx_burst(lane_.device, lane_.queue, mbufs, kBurst);
  if (received == 0) return 0;
  const uint64_t now = rte_rdtsc();
  last_answer_ = now;
  for (uint16_t i = 0; i < received; ++i) Receive(*mbufs[i], now);
  rte_pktmbuf_free_bulk(mbufs, received);
  return received;
}

void Generator::Receive(rte_mbuf& mbuf, uint64_t now) noexcept {
  const uint8_t* data = rte_pktmbuf_mtod(&mbuf, const uint8_t*);
  const wire::FrameView view = wire::ReadFrame(data, mbuf.data_len);
  const wire::UdpHeader* udp =
      view.well_formed && view.plain && !view.fragment && view.protocol == wire::kProtocolUdp
          ? wire::ReadUdp(data, view)
          : nullptr;
  const auto* payload = reinterpret_cast<const uint8_t*>(udp + 1);
  const int port = udp == nullptr ? -1 : udp->destination.host() - kFirstPort;
  if (port < 0 || port >= kPorts ||
      udp->length.host() < sizeof(*udp) + sizeof(wire::MessageHeader)) {
    return Count(counts_.foreign);
  }
  Slots::Slot& slot = slots_[uint32_t{static_cast<uint16_t>(port)} << 16 | wire::Get16(payload)];
  // acquire: pairs with SendBurst. An exchange, so that an answer that comes twice counts once.
  const uint64_t due = slot.due_tsc.exchange(0, std::memory_order_acquire);
  if (due == 0) return Count(counts_.unexpected);
  Count(counts_.received);
  const double elapsed = now > due ? static_cast<double>(now - due) : 0;
  const uint32_t question = slot.question.load(std::memory_order_relaxed);
  const bool trickles = (question & kTrickle) != 0;
  if (trickles) Count(counts_.trickle_received);
  (trickles ? trickle_ns_ : latency_ns_).Record(static_cast<uint64_t>(elapsed / tsc_hz_ * 1e9));
  const uint64_t received = counts_.received.load(std::memory_order_relaxed);
  if (plan_.check_each == 0 || received % plan_.check_each != 0) return;
  Count(counts_.checked);
  const size_t length = udp->length.host() - sizeof(*udp);
  const Verdict verdict = questions_.Check(question & ~kTrickle, {payload, length});
  Count(counts_.verdicts[static_cast<size_t>(verdict)]);
}

void Generator::WriteOffWhatIsOverdue(uint64_t now) noexcept {
  if (plan_.rate > 0 || now - last_answer_ < static_cast<uint64_t>(kOverdueS * tsc_hz_)) return;
  const uint64_t answered = counts_.received.load(std::memory_order_relaxed);
  if (turn_ > answered) written_off_ = turn_ - answered;
  last_answer_ = now;
}

}  // namespace understudy::load
