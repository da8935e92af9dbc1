#include "dataplane/responder/screen.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "dataplane/responder/memory_words.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {
namespace {

using contract::Load8;

// A header, the root, type and class: less is no question.
constexpr size_t kLeastQuery = wire::kQuestionOffset + 5;
constexpr size_t kLeastDatagram = sizeof(wire::UdpHeader) + kLeastQuery;

// IPv4 without options, from the type field on: type, version and length, service, total length,
// id.
constexpr Pattern kIsIpv4 = PatternOf({0xff, 0xff, 0xff}, {0x08, 0x00, 0x45});
// Flags and offset (only "don't fragment" and the reserved bit may be set), TTL, protocol, sum.
constexpr Pattern kIsWholeUdp = PatternOf({0x3f, 0xff, 0x00, 0xff}, {0, 0, 0, wire::kProtocolUdp});
constexpr Pattern kIsIpv6 = PatternOf({0xff, 0xff, 0xf0}, {0x86, 0xdd, 0x60});
// From the flags on: QR and opcode, then one question, no answer, no authority.
constexpr Pattern kIsQuery = PatternOf(
    {wire::kQr | wire::kOpcodeMask, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 1});

}  // namespace

Screen::Screen(const FrameOptions& options)
    : room_(uint32_t{kUdp6} + uint32_t{sizeof(wire::UdpHeader)} +
            std::max(options.responder.max_udp_payload, wire::kMinUdpPayload) + kBlockRoom),
      port_(Turned(options.port)),
      services6_(options.services6) {
  for (const Ipv4& service : options.services4) services4_.push_back(Load4(service.data()));
}

// The datagram's header, and the message's; `room` octets of the frame are left for the datagram.
[[gnu::always_inline]] inline bool Screen::IsAskedHere(const uint8_t* udp, size_t room,
                                                       Asked& asked) const noexcept {
  const uint16_t source = Load2(udp);
  const size_t datagram = Turned(Load2(udp + 4));
  if (source == 0 || Load2(udp + 2) != port_) return false;
  if (datagram > room || datagram < kLeastDatagram) return false;
  asked.query_length = static_cast<uint16_t>(datagram - sizeof(wire::UdpHeader));
  return kIsQuery.Fits(udp + sizeof(wire::UdpHeader) + 2);
}

[[gnu::always_inline]] inline bool Screen::TakesIpv4(const Frame& frame,
                                                     Asked& asked) const noexcept {
  const uint8_t* ip = frame.data + kIp;
  if (!kIsWholeUdp.Fits(ip + 6)) return false;
  const size_t total = Turned(Load2(ip + 2));
  if (total > frame.length - kIp || total < sizeof(wire::Ipv4Header)) return false;
  if (!wire::IsAnswerable4(ip + 12)) return false;
  const uint32_t destination = Load4(ip + 16);
  if (std::ranges::find(services4_, destination) == services4_.end()) return false;
  asked.udp_at = kUdp4;
  asked.ipv6 = false;
  return IsAskedHere(frame.data + kUdp4, total - sizeof(wire::Ipv4Header), asked);
}

[[gnu::noinline]] bool Screen::TakesIpv6(const Frame& frame, Asked& asked) const noexcept {
  if (frame.length < kUdp6 + kLeastDatagram) return false;
  const uint8_t* ip = frame.data + kIp;
  const size_t payload = Turned(Load2(ip + 4));
  if (ip[6] != wire::kProtocolUdp || payload > frame.length - kUdp6) return false;
  // Multicast, and what begins like :: and ::1, which have no answer.
  if (ip[8] == 0xff || Load8(ip + 8) == 0) return false;
  const auto is_destination = [ip](const Ipv6& service) {
    return std::memcmp(service.data(), ip + 24, service.size()) == 0;
  };
  if (std::ranges::none_of(services6_, is_destination)) return false;
  asked.udp_at = kUdp6;
  asked.ipv6 = true;
  return IsAskedHere(frame.data + kUdp6, payload, asked);
}

// Everything before the name. Group addresses as source or destination MAC are no plain frames.
[[gnu::always_inline]] inline bool Screen::Takes(const Frame& frame, Asked& asked) const noexcept {
  if (frame.length < kUdp4 + kLeastDatagram || frame.capacity < room_) return false;
  const uint8_t* data = frame.data;
  if (((data[0] | data[6]) & 1) != 0) return false;
  const bool ours = kIsIpv4.Fits(data + kEtherType)   ? TakesIpv4(frame, asked)
                    : kIsIpv6.Fits(data + kEtherType) ? TakesIpv6(frame, asked)
                                                      : false;
  if (!ours) return false;
  asked.message = frame.data + asked.udp_at + sizeof(wire::UdpHeader);
  std::memset(asked.name + kSpan, 0, sizeof(asked.name) - kSpan);
  return true;
}

[[gnu::noinline]] size_t Screen::Burst(std::span<const Frame> burst, Asked* plain,
                                       Leaving& leaving) const noexcept {
  size_t count = 0;
  for (size_t i = 0; i < burst.size(); ++i) {
    Asked& asked = *new (&plain[count]) Asked;
    asked.frame = static_cast<uint8_t>(i);
    if (Takes(burst[i], asked)) {
      ++count;
    } else {
      leaving.Add(i);
    }
  }
  return count;
}

}  // namespace understudy::responder
