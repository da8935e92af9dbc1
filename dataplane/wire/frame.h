// Ethernet frames read from their bytes and turned around: headers only, no DNS, no table.
//
// Used by: frame_responder, the frame fuzz target. RFC 894, IEEE 802.1Q, RFC 791, RFC 8200, RFC
// 768.
//
// Invariants
//  1. Reads only [data, data + length).
//  2. A view is only valid for the bytes it was read from; offsets in it are below length.
#ifndef UNDERSTUDY_DATAPLANE_WIRE_FRAME_H_
#define UNDERSTUDY_DATAPLANE_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/wire/byte_order.h"

namespace understudy::wire {

inline constexpr size_t kMacLength = 6;
struct EthernetHeader {
  uint8_t destination[kMacLength];
  uint8_t source[kMacLength];
  Big16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

struct Ipv4Header {
  uint8_t version_length;  // version 4, header length in 32-bit words
  uint8_t service;
  Big16 total_length;
  Big16 id;
  Big16 fragment;  // flags and offset
  uint8_t ttl;
  uint8_t protocol;
  Big16 checksum;
  uint8_t source[4];
  uint8_t destination[4];
};
static_assert(sizeof(Ipv4Header) == 20);

struct Ipv6Header {
  uint8_t version_flow[4];
  Big16 payload_length;
  uint8_t next_header;
  uint8_t hop_limit;
  uint8_t source[16];
  uint8_t destination[16];
};
static_assert(sizeof(Ipv6Header) == 40);

struct UdpHeader {
  Big16 source;
  Big16 destination;
  Big16 length;
  Big16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

inline constexpr uint16_t kEtherIpv4 = 0x0800, kEtherArp = 0x0806, kEtherIpv6 = 0x86dd,
                          kEtherVlan = 0x8100, kEtherQinQ = 0x88a8;  // IEEE 802
inline constexpr uint8_t kProtocolIcmp = 1, kProtocolUdp = 17, kProtocolFragment = 44,
                         kProtocolIcmpv6 = 58;     // IANA protocol numbers
inline constexpr uint16_t kDontFragment = 0x4000;  // in Ipv4Header::fragment
inline constexpr uint8_t kHopLimit = 64;           // RFC 1700: recommended default

enum class Layer3 : uint8_t { kOther, kArp, kIpv4, kIpv6 };

struct FrameView {
  Layer3 layer3 = Layer3::kOther;
  bool well_formed = false;         // lengths in the headers agree with each other and the frame
  bool fragment = false;            // a piece of a larger IP packet
  bool plain = false;               // no IPv4 options, no IPv6 extension headers
  uint8_t protocol = 0;             // what follows the IP header
  uint16_t layer3_offset = 0;       // IP header, or ARP packet
  uint16_t layer4_offset = 0;       // behind the IP header
  uint16_t payload_length = 0;      // bytes behind the IP header, by the IP header
  const uint8_t* source = nullptr;  // IP addresses, 4 or 16 octets; null without an IP header
  const uint8_t* destination = nullptr;
};

// Up to two VLAN tags are passed over. Whatever cannot be read is Layer3::kOther.
FrameView ReadFrame(const uint8_t* data, size_t length) noexcept;

// The UDP datagram of a well-formed, plain IP packet. Null when its length field cannot be.
const UdpHeader* ReadUdp(const uint8_t* data, const FrameView& view) noexcept;

// Whether an answer to this source can arrive anywhere: not multicast, broadcast, unspecified,
// loopback (RFC 1122 3.2.1.3, RFC 4291 2.7).
bool IsAnswerable(const FrameView& view) noexcept;
inline bool IsAnswerable4(const uint8_t* address) noexcept {
  // 0/8, 127/8, and 224/4 with 240/4 above it, the broadcast address included.
  return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

// Sends the datagram back: swaps MACs, addresses and ports, sets lengths, TTL and checksums for a
// payload of `length` octets whose ones'-complement sum is `sum`. Returns the new frame length.
uint32_t TurnAround(uint8_t* data, const FrameView& view, uint16_t length, uint32_t sum) noexcept;

void SwapMacs(uint8_t* data) noexcept;
// The sum of the pseudo header: addresses, protocol, length (RFC 768, RFC 8200 8.1).
uint32_t PseudoSum(const FrameView& view, uint8_t protocol, uint16_t length) noexcept;

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_FRAME_H_
