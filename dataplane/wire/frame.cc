#include "dataplane/wire/frame.h"

#include <cstring>
#include <utility>

#include "dataplane/wire/checksum.h"

namespace understudy::wire {
namespace {

constexpr uint16_t kFragmentMask = 0x3fff;  // more fragments, and the offset (RFC 791 3.1)

void ReadIpv4(const uint8_t* data, size_t length, FrameView* view) {
  if (length < view->layer3_offset + sizeof(Ipv4Header)) return;
  const auto* ip = reinterpret_cast<const Ipv4Header*>(data + view->layer3_offset);
  view->layer3 = Layer3::kIpv4;
  view->source = ip->source;
  view->destination = ip->destination;
  view->protocol = ip->protocol;
  view->fragment = (ip->fragment.host() & kFragmentMask) != 0;
  const size_t header = size_t{ip->version_length & 0x0fu} * 4;
  const size_t total = ip->total_length.host();
  view->plain = header == sizeof(Ipv4Header);
  view->well_formed = ip->version_length >> 4 == 4 && header >= sizeof(Ipv4Header) &&
                      total >= header && view->layer3_offset + total <= length;
  if (!view->well_formed) return;
  view->layer4_offset = static_cast<uint16_t>(view->layer3_offset + header);
  view->payload_length = static_cast<uint16_t>(total - header);
}

void ReadIpv6(const uint8_t* data, size_t length, FrameView* view) {
  if (length < view->layer3_offset + sizeof(Ipv6Header)) return;
  const auto* ip = reinterpret_cast<const Ipv6Header*>(data + view->layer3_offset);
  view->layer3 = Layer3::kIpv6;
  view->source = ip->source;
  view->destination = ip->destination;
  view->protocol = ip->next_header;
  view->fragment = ip->next_header == kProtocolFragment;
  view->plain = ip->next_header == kProtocolUdp || ip->next_header == kProtocolIcmpv6;
  view->layer4_offset = static_cast<uint16_t>(view->layer3_offset + sizeof(Ipv6Header));
  view->payload_length = ip->payload_length.host();
  view->well_formed =
      ip->version_flow[0] >> 4 == 6 && size_t{view->layer4_offset} + view->payload_length <= length;
}

bool IsAnswerable6(const uint8_t* address) {
  if (address[0] == 0xff) return false;
  static constexpr uint8_t kZeros[15] = {};
  return std::memcmp(address, kZeros, sizeof(kZeros)) != 0 || address[15] > 1;  // :: and ::1
}

void TurnIpv4(uint8_t* data, const FrameView& view, uint16_t payload) {
  auto* ip = reinterpret_cast<Ipv4Header*>(data + view.layer3_offset);
  ip->total_length = Big16(static_cast<uint16_t>(sizeof(Ipv4Header) + payload));
  ip->id = Big16(0);  // never fragmented, so no identity is needed (RFC 6864 4.1)
  ip->fragment = Big16(kDontFragment);
  ip->ttl = kHopLimit;
  uint8_t swapped[4];
  std::memcpy(swapped, ip->source, 4);
  std::memcpy(ip->source, ip->destination, 4);
  std::memcpy(ip->destination, swapped, 4);
  ip->checksum = Big16(0);
  const uint32_t sum = SumOf(reinterpret_cast<const uint8_t*>(ip), sizeof(Ipv4Header));
  ip->checksum = Big16(static_cast<uint16_t>(~Fold(sum)));
}

void TurnIpv6(uint8_t* data, const FrameView& view, uint16_t payload) {
  auto* ip = reinterpret_cast<Ipv6Header*>(data + view.layer3_offset);
  ip->payload_length = Big16(payload);
  ip->hop_limit = kHopLimit;
  uint8_t swapped[16];
  std::memcpy(swapped, ip->source, 16);
  std::memcpy(ip->source, ip->destination, 16);
  std::memcpy(ip->destination, swapped, 16);
}

}  // namespace

FrameView ReadFrame(const uint8_t* data, size_t length) noexcept {
  FrameView view;
  if (length < sizeof(EthernetHeader)) return view;
  size_t at = sizeof(EthernetHeader);
  uint16_t type = Get16(data + at - 2);
  for (int tags = 0; tags < 2 && (type == kEtherVlan || type == kEtherQinQ); ++tags) {
    at += 4;
    if (length < at) return view;
    type = Get16(data + at - 2);
  }
  view.layer3_offset = static_cast<uint16_t>(at);
  if (type == kEtherIpv4) ReadIpv4(data, length, &view);
  if (type == kEtherIpv6) ReadIpv6(data, length, &view);
  if (type == kEtherArp) view.layer3 = Layer3::kArp;
  return view;
}

const UdpHeader* ReadUdp(const uint8_t* data, const FrameView& view) noexcept {
  if (view.payload_length < sizeof(UdpHeader)) return nullptr;
  const auto* udp = reinterpret_cast<const UdpHeader*>(data + view.layer4_offset);
  const uint16_t length = udp->length.host();
  return length >= sizeof(UdpHeader) && length <= view.payload_length ? udp : nullptr;
}

bool IsAnswerable(const FrameView& view) noexcept {
  return view.layer3 == Layer3::kIpv4 ? IsAnswerable4(view.source) : IsAnswerable6(view.source);
}

void SwapMacs(uint8_t* data) noexcept {
  auto* ethernet = reinterpret_cast<EthernetHeader*>(data);
  for (size_t i = 0; i < kMacLength; ++i) std::swap(ethernet->source[i], ethernet->destination[i]);
}

uint32_t PseudoSum(const FrameView& view, uint8_t protocol, uint16_t length) noexcept {
  const size_t size = view.layer3 == Layer3::kIpv4 ? 4 : 16;
  return SumOf(view.source, size) + SumOf(view.destination, size) + protocol + length;
}

uint32_t TurnAround(uint8_t* data, const FrameView& view, uint16_t length, uint32_t sum) noexcept {
  const auto datagram = static_cast<uint16_t>(sizeof(UdpHeader) + length);
  SwapMacs(data);
  auto* udp = reinterpret_cast<UdpHeader*>(data + view.layer4_offset);
  std::swap(udp->source, udp->destination);
  udp->length = Big16(datagram);
  // Addresses only change places, which a sum does not notice.
  const uint64_t total = uint64_t{sum} + PseudoSum(view, kProtocolUdp, datagram) +
                         udp->source.host() + udp->destination.host() + datagram;
  const auto checksum = static_cast<uint16_t>(~Fold(total));
  udp->checksum = Big16(checksum != 0 ? checksum : uint16_t{0xffff});  // 0 means none (RFC 768)
  if (view.layer3 == Layer3::kIpv4) {
    TurnIpv4(data, view, datagram);
  } else {
    TurnIpv6(data, view, datagram);
  }
  return view.layer4_offset + uint32_t{datagram};
}

}  // namespace understudy::wire
