#include "dataplane/wire/neighbour.h"

#include <algorithm>
#include <cstring>

#include "dataplane/wire/checksum.h"

namespace understudy::wire {
namespace {

struct ArpPacket {  // RFC 826, for Ethernet and IPv4
  Big16 hardware;
  Big16 protocol;
  uint8_t hardware_length;
  uint8_t protocol_length;
  Big16 operation;
  uint8_t sender_mac[6];
  uint8_t sender_ip[4];
  uint8_t target_mac[6];
  uint8_t target_ip[4];
};
static_assert(sizeof(ArpPacket) == 28);

struct IcmpHeader {
  uint8_t type;
  uint8_t code;
  Big16 checksum;
  uint8_t rest[4];
};
static_assert(sizeof(IcmpHeader) == 8);

struct NeighbourMessage {  // solicitation and advertisement alike (RFC 4861 4.3, 4.4)
  IcmpHeader icmp;
  uint8_t target[16];
};
static_assert(sizeof(NeighbourMessage) == 24);

constexpr uint16_t kArpRequest = 1, kArpReply = 2, kHardwareEthernet = 1;
constexpr uint8_t kEchoRequest4 = 8, kEchoReply4 = 0;      // RFC 792
constexpr uint8_t kEchoRequest6 = 128, kEchoReply6 = 129;  // RFC 4443
constexpr uint8_t kSolicitation = 135, kAdvertisement = 136;
constexpr uint8_t kFullHopLimit = 255;                  // not forwarded by any router (RFC 4861)
constexpr uint8_t kSolicited = 0x40, kOverride = 0x20;  // flags of an advertisement
constexpr uint8_t kTargetLinkLayer = 2;                 // option (RFC 4861 4.6.1)
constexpr uint16_t kAdvertisementLength = sizeof(NeighbourMessage) + 8;

bool IsUnspecified(const uint8_t* address) {
  return std::all_of(address, address + 16, [](uint8_t octet) { return octet == 0; });
}

}  // namespace

const uint8_t* ArpTarget(const uint8_t* data, size_t length, const FrameView& view) noexcept {
  if (length < view.layer3_offset + sizeof(ArpPacket)) return nullptr;
  const auto* arp = reinterpret_cast<const ArpPacket*>(data + view.layer3_offset);
  const bool request = arp->hardware.host() == kHardwareEthernet &&
                       arp->protocol.host() == kEtherIpv4 && arp->hardware_length == 6 &&
                       arp->protocol_length == 4 && arp->operation.host() == kArpRequest;
  return request ? arp->target_ip : nullptr;
}

uint32_t AnswerArp(uint8_t* data, const FrameView& view, const uint8_t* mac) noexcept {
  auto* arp = reinterpret_cast<ArpPacket*>(data + view.layer3_offset);
  arp->operation = Big16(kArpReply);
  uint8_t asked[4];
  std::memcpy(asked, arp->target_ip, 4);
  std::memcpy(arp->target_mac, arp->sender_mac, 6);
  std::memcpy(arp->target_ip, arp->sender_ip, 4);
  std::memcpy(arp->sender_mac, mac, 6);
  std::memcpy(arp->sender_ip, asked, 4);
  auto* ethernet = reinterpret_cast<EthernetHeader*>(data);
  std::memcpy(ethernet->destination, ethernet->source, 6);
  std::memcpy(ethernet->source, mac, 6);
  return static_cast<uint32_t>(view.layer3_offset + sizeof(ArpPacket));
}

const uint8_t* SolicitedTarget(const uint8_t* data, const FrameView& view) noexcept {
  if (view.layer3 != Layer3::kIpv6 || !view.well_formed || view.protocol != kProtocolIcmpv6 ||
      view.payload_length < sizeof(NeighbourMessage)) {
    return nullptr;
  }
  const auto* ip = reinterpret_cast<const Ipv6Header*>(data + view.layer3_offset);
  const auto* message = reinterpret_cast<const NeighbourMessage*>(data + view.layer4_offset);
  if (message->icmp.type != kSolicitation || message->icmp.code != 0 ||
      ip->hop_limit != kFullHopLimit || message->target[0] == 0xff) {
    return nullptr;
  }
  const uint32_t sum = PseudoSum(view, kProtocolIcmpv6, view.payload_length) +
                       SumOf(data + view.layer4_offset, view.payload_length);
  return Fold(sum) == 0xffff ? message->target : nullptr;
}

uint32_t AnswerSolicitation(uint8_t* data, uint32_t capacity, const FrameView& view,
                            const uint8_t* mac) noexcept {
  const uint32_t length = view.layer4_offset + uint32_t{kAdvertisementLength};
  if (capacity < length) return 0;
  auto* ethernet = reinterpret_cast<EthernetHeader*>(data);
  auto* ip = reinterpret_cast<Ipv6Header*>(data + view.layer3_offset);
  auto* message = reinterpret_cast<NeighbourMessage*>(data + view.layer4_offset);
  // Somebody who has no address yet (duplicate address detection) is told through all nodes.
  static constexpr uint8_t kAllNodes[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr uint8_t kAllNodesMac[6] = {0x33, 0x33, 0, 0, 0, 1};  // RFC 2464 7
  const bool to_all = IsUnspecified(ip->source);
  std::memcpy(ip->destination, to_all ? kAllNodes : ip->source, 16);
  std::memcpy(ethernet->destination, to_all ? kAllNodesMac : ethernet->source, 6);
  std::memcpy(ip->source, message->target, 16);
  std::memcpy(ethernet->source, mac, 6);
  ip->payload_length = Big16(kAdvertisementLength);
  message->icmp = {kAdvertisement, 0, Big16(0), {}};
  message->icmp.rest[0] = static_cast<uint8_t>(kOverride | (to_all ? 0 : kSolicited));
  uint8_t* option = data + view.layer4_offset + sizeof(NeighbourMessage);
  option[0] = kTargetLinkLayer;
  option[1] = 1;  // in units of eight octets
  std::memcpy(option + 2, mac, 6);
  const uint32_t sum = PseudoSum(view, kProtocolIcmpv6, kAdvertisementLength) +
                       SumOf(data + view.layer4_offset, kAdvertisementLength);
  message->icmp.checksum = Big16(static_cast<uint16_t>(~Fold(sum)));
  return length;
}

bool IsEchoRequest(const uint8_t* data, const FrameView& view) noexcept {
  if (view.payload_length < sizeof(IcmpHeader)) return false;
  const uint8_t type = data[view.layer4_offset];
  if (view.layer3 == Layer3::kIpv4) return view.protocol == kProtocolIcmp && type == kEchoRequest4;
  return view.protocol == kProtocolIcmpv6 && type == kEchoRequest6;
}

uint32_t AnswerEcho(uint8_t* data, const FrameView& view) noexcept {
  SwapMacs(data);
  auto* icmp = reinterpret_cast<IcmpHeader*>(data + view.layer4_offset);
  const bool ipv4 = view.layer3 == Layer3::kIpv4;
  const uint8_t reply = ipv4 ? kEchoReply4 : kEchoReply6;
  // RFC 1624: only the type changes, in the high half of its word. Addresses change places.
  const uint32_t sum = uint32_t{static_cast<uint16_t>(~icmp->checksum.host())} +
                       static_cast<uint16_t>(~(icmp->type << 8)) + (uint32_t{reply} << 8);
  icmp->type = reply;
  icmp->checksum = Big16(static_cast<uint16_t>(~Fold(sum)));
  if (ipv4) {
    auto* ip = reinterpret_cast<Ipv4Header*>(data + view.layer3_offset);
    ip->ttl = kHopLimit;
    std::swap_ranges(ip->source, ip->source + 4, ip->destination);
    ip->checksum = Big16(0);
    const uint32_t header =
        SumOf(data + view.layer3_offset, view.layer4_offset - size_t{view.layer3_offset});
    ip->checksum = Big16(static_cast<uint16_t>(~Fold(header)));
  } else {
    auto* ip = reinterpret_cast<Ipv6Header*>(data + view.layer3_offset);
    ip->hop_limit = kHopLimit;
    std::swap_ranges(ip->source, ip->source + 16, ip->destination);
  }
  return view.layer4_offset + uint32_t{view.payload_length};
}

}  // namespace understudy::wire
