// Ethernet frames in, Ethernet frames out, in the same buffer: the packet path without the NIC.
//
// Used by: worker (over mbufs), tests, fuzz targets and bench (over plain memory). Joins wire
// (frames) and responder (messages); knows no DPDK. A burst runs in phases so that cache misses
// overlap: parse frames -> Responder::Respond (parse, hash, find, compose) -> address the answers.
//
// Invariants: those of responder.h, and
//  1. A frame that is answered goes back the way it came: MACs, VLAN tags, addresses and ports
//     swapped, with valid IPv4 header and UDP checksums.
//  2. Only frames to one of our service addresses are answered, whatever the port.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/responder/responder.h"
#include "dataplane/wire/frame.h"

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
// Ethernet, two VLAN tags, IPv6, UDP and the largest message.
inline constexpr uint32_t kFrameRoom = 14 + 8 + 40 + 8 + kMaxUdpMessage;

inline void Count(const Frame& frame, contract::Tally& tally) noexcept {
  ++tally.received;
  ++tally.outcomes[static_cast<size_t>(frame.outcome)];
  if (frame.outcome == contract::Outcome::kPositive) {
    ++tally.answered_by[static_cast<size_t>(frame.answered_by)];
  }
}

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
};
inline constexpr size_t kMaxServices = 16;

class FrameResponder {
 public:
  explicit FrameResponder(const FrameOptions& options);

  // At most kMaxBurst frames. Lengths are updated where action is kSend.
  void Respond(const contract::Cut& cut, std::span<Frame> burst) const noexcept;

 private:
  bool IsService4(const uint8_t* address) const noexcept;
  bool IsService6(const uint8_t* address) const noexcept;
  bool IsService(const wire::FrameView& view) const noexcept;
  bool IsQuery(Frame& frame, const wire::FrameView& view) const noexcept;
  bool AnswerNeighbour(Frame& frame, const wire::FrameView& view) const noexcept;
  void PassOn(Frame& frame) const noexcept;

  FrameOptions options_;
  Responder responder_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_
