#include "tools/understudy-load/query_frame.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstring>

#include "dataplane/wire/checksum.h"
#include "dataplane/wire/frame.h"

namespace understudy::load {
namespace {

using wire::Big16;

constexpr size_t kEthernet = sizeof(wire::EthernetHeader);
constexpr size_t kUdp = sizeof(wire::UdpHeader);

}  // namespace

std::optional<Address> AddressOf(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.octets.data()) == 1) {
    address.length = 4;
  } else if (inet_pton(AF_INET6, text.c_str(), address.octets.data()) == 1) {
    address.length = 16;
  } else {
    return std::nullopt;
  }
  return address;
}

std::optional<Mac> MacOf(const std::string& text) {
  Mac mac;
  int end = 0;
  const int read = std::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
                               &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end);
  if (read != 6 || static_cast<size_t>(end) != text.size()) return std::nullopt;
  return mac;
}

QueryFrame::QueryFrame(const Mac& source_mac, const Mac& destination_mac, const Address& source,
                       const Address& destination, uint16_t destination_port)
    : address_length_(source.length) {
  auto* ethernet = reinterpret_cast<wire::EthernetHeader*>(headers_.data());
  std::memcpy(ethernet->destination, destination_mac.data(), wire::kMacLength);
  std::memcpy(ethernet->source, source_mac.data(), wire::kMacLength);
  ethernet->type = Big16(is_v4() ? wire::kEtherIpv4 : wire::kEtherIpv6);
  uint8_t* layer3 = headers_.data() + kEthernet;
  if (is_v4()) {
    auto* ip = reinterpret_cast<wire::Ipv4Header*>(layer3);
    ip->version_length = 0x45;
    ip->fragment = Big16(0x4000);  // do not fragment
    ip->ttl = wire::kHopLimit;
    ip->protocol = wire::kProtocolUdp;
    std::memcpy(ip->source, source.octets.data(), 4);
    std::memcpy(ip->destination, destination.octets.data(), 4);
    headers_length_ = kEthernet + sizeof(wire::Ipv4Header) + kUdp;
  } else {
    auto* ip = reinterpret_cast<wire::Ipv6Header*>(layer3);
    ip->version_flow[0] = 0x60;
    ip->next_header = wire::kProtocolUdp;
    ip->hop_limit = wire::kHopLimit;
    std::memcpy(ip->source, source.octets.data(), 16);
    std::memcpy(ip->destination, destination.octets.data(), 16);
    headers_length_ = kEthernet + sizeof(wire::Ipv6Header) + kUdp;
  }
  auto* udp = reinterpret_cast<wire::UdpHeader*>(headers_.data() + headers_length_ - kUdp);
  udp->destination = Big16(destination_port);
}

void QueryFrame::Write(uint8_t* out, std::span<const uint8_t> message, uint16_t id,
                       uint16_t source_port) const {
  std::memcpy(out, headers_.data(), headers_length_);
  uint8_t* payload = out + headers_length_;
  std::memcpy(payload, message.data(), message.size());
  wire::Put16(payload, id);

  uint8_t* layer3 = out + kEthernet;
  const auto datagram = static_cast<uint16_t>(kUdp + message.size());
  auto* udp = reinterpret_cast<wire::UdpHeader*>(payload - kUdp);
  udp->source = Big16(source_port);
  udp->length = Big16(datagram);
  const uint8_t* addresses = nullptr;
  if (is_v4()) {
    auto* ip = reinterpret_cast<wire::Ipv4Header*>(layer3);
    ip->total_length = Big16(static_cast<uint16_t>(sizeof(*ip) + datagram));
    ip->checksum = Big16(static_cast<uint16_t>(~wire::Fold(wire::SumOf(layer3, sizeof(*ip)))));
    addresses = ip->source;
  } else {
    auto* ip = reinterpret_cast<wire::Ipv6Header*>(layer3);
    ip->payload_length = Big16(datagram);
    addresses = ip->source;
  }
  // Source and destination lie side by side; the rest of the pseudo header (RFC 768, RFC 8200 8.1)
  // is protocol and length.
  const uint64_t sum = uint64_t{wire::SumOf(addresses, size_t{2} * address_length_)} +
                       wire::kProtocolUdp + datagram +
                       wire::SumOf(reinterpret_cast<const uint8_t*>(udp), datagram);
  const auto checksum = static_cast<uint16_t>(~wire::Fold(sum));
  udp->checksum = Big16(checksum == 0 ? uint16_t{0xffff} : checksum);
}

}  // namespace understudy::load
