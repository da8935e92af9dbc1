// What a host without a kernel must answer itself: ARP, neighbour discovery, echo.
//
// Used by: frame_responder on ports that own their addresses (whole NIC, memif). Answers are made
// in place. RFC 826, RFC 4861 7.2, RFC 792, RFC 4443 4.2.
#ifndef UNDERSTUDY_DATAPLANE_WIRE_NEIGHBOUR_H_
#define UNDERSTUDY_DATAPLANE_WIRE_NEIGHBOUR_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/wire/frame.h"

namespace understudy::wire {

// The IPv4 address an ARP request asks for; null when it is no request.
const uint8_t* ArpTarget(const uint8_t* data, size_t length, const FrameView& view) noexcept;
// Turns the request into the reply that says `mac`. Returns the frame's length.
uint32_t AnswerArp(uint8_t* data, const FrameView& view, const uint8_t* mac) noexcept;

// The IPv6 address a valid neighbour solicitation (RFC 4861 7.1.1) asks for; null when it is none.
const uint8_t* SolicitedTarget(const uint8_t* data, const FrameView& view) noexcept;
// Turns the solicitation into the advertisement that says `mac`. `capacity` of the buffer; 0 when
// the answer does not fit.
uint32_t AnswerSolicitation(uint8_t* data, uint32_t capacity, const FrameView& view,
                            const uint8_t* mac) noexcept;

// Whether a well-formed packet is an ICMP or ICMPv6 echo request.
bool IsEchoRequest(const uint8_t* data, const FrameView& view) noexcept;
uint32_t AnswerEcho(uint8_t* data, const FrameView& view) noexcept;

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_NEIGHBOUR_H_
