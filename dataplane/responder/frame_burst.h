// What goes into the packet path and comes out of it, and what it serves.
//
// Used by: frame_responder and fast_path, and by whoever has frames: worker, tests, bench.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_BURST_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_BURST_H_

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/responder/name_pass.h"
#include "dataplane/responder/responder.h"

namespace understudy::responder {

enum class Action : uint8_t { kDrop, kSend, kToKernel };

struct Frame {
  // in
  uint8_t* data = nullptr;
  uint32_t length = 0;
  uint32_t capacity =
      0;  // bytes usable from data; at least kFrameRoom for an answer to be possible
  // out
  Action action = Action::kDrop;
  contract::Outcome outcome = contract::Outcome::kMalformed;
  contract::AnsweredBy answered_by = contract::AnsweredBy::kStatic;
};
// What the fast path may write behind an answer: it copies whole blocks.
inline constexpr uint32_t kBlockRoom = 64;
// Ethernet, two VLAN tags, IPv6, UDP and the largest message.
inline constexpr uint32_t kFrameRoom = 14 + 8 + 40 + 8 + kMaxUdpMessage + kBlockRoom;

inline void Count(const Frame& frame, contract::Tally& tally) noexcept {
  ++tally.received;
  ++tally.outcomes[static_cast<size_t>(frame.outcome)];
  if (frame.outcome == contract::Outcome::kPositive) {
    ++tally.answered_by[static_cast<size_t>(frame.answered_by)];
  }
}

// How frames are answered, never what.
struct FastPathOptions {
  bool enabled = true;
  SimdWidth widest = SimdWidth::k512;
};

using Ipv4 = std::array<uint8_t, 4>;  // network order
using Ipv6 = std::array<uint8_t, 16>;
using Mac = std::array<uint8_t, 6>;

struct FrameOptions {
  ResponderOptions responder;
  std::vector<Ipv4> services4;  // at most kMaxServices of each family
  std::vector<Ipv6> services6;
  uint16_t port = 53;
  bool answer_neighbours =
      false;                 // ARP, neighbour discovery, echo for the service addresses are ours
  Mac mac{};                 // said in ARP and neighbour advertisements
  bool kernel_side = false;  // frames that are not ours go to the kernel, else they are dropped
  FastPathOptions fast_path;
};
inline constexpr size_t kMaxServices = 16;

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_BURST_H_
