// Ethernet frames in, Ethernet frames out, in the same buffer: the packet path without the NIC.
//
// Used by: worker (over mbufs), tests, fuzz targets and bench (over plain memory). Joins wire
// (frames) and responder (messages); knows no DPDK. The fast path answers what nearly every frame
// is; what it leaves goes through parse frame -> Responder::Respond -> address the answer, which
// knows every rule.
//
// Invariants: those of responder.h, and
//  1. A frame that is answered goes back the way it came: MACs, VLAN tags, addresses and ports
//     swapped, with valid IPv4 header and UDP checksums.
//  2. Only frames to one of our service addresses are answered, whatever the port.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_

#include <cstdint>
#include <span>

#include "dataplane/responder/fast_path.h"
#include "dataplane/responder/frame_burst.h"
#include "dataplane/responder/responder.h"
#include "dataplane/wire/frame.h"

namespace understudy::responder {

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

  void RespondAtLength(const contract::Cut& cut, std::span<Frame> burst,
                       std::span<const uint8_t> which) const noexcept;

  FrameOptions options_;
  Responder responder_;
  FastPath fast_path_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_FRAME_RESPONDER_H_
