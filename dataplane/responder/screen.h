// The first phase of the fast path: which frames of a burst are plain queries to us, by masks over
// whole words of their headers. Nothing is written to a frame.
//
// Used by: fast_path.
//
// Taken is UDP to a service address and its port, over IPv4 without options and in one piece, or
// over IPv6 without extension headers; no VLAN tag, no group MAC, a source that an answer can
// reach; a DNS header of opcode QUERY with one question, nothing else but additionals, and room for
// the smallest question. What is not taken is not judged: it leaves for the long way.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_SCREEN_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_SCREEN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/responder/frame_burst.h"
#include "dataplane/responder/name_pass.h"
#include "dataplane/wire/frame.h"

namespace understudy::responder {

// Where headers lie in a frame that is taken.
inline constexpr size_t kIp = sizeof(wire::EthernetHeader);
inline constexpr size_t kEtherType = kIp - 2;
inline constexpr uint8_t kUdp4 = kIp + sizeof(wire::Ipv4Header);
inline constexpr uint8_t kUdp6 = kIp + sizeof(wire::Ipv6Header);

// Numbers, within the burst, of frames for the long way.
struct Leaving {
  uint8_t* numbers;
  size_t count;
  void Add(size_t number) { numbers[count++] = static_cast<uint8_t>(number); }
};

class Screen {
 public:
  explicit Screen(const FrameOptions& options);

  // Makes an Asked of each frame taken, one behind the other in `plain`, with the members in front
  // of the name pass set. Returns how many.
  size_t Burst(std::span<const Frame> burst, Asked* plain, Leaving& leaving) const noexcept;

 private:
  bool Takes(const Frame& frame, Asked& asked) const noexcept;
  bool TakesIpv4(const Frame& frame, Asked& asked) const noexcept;
  bool TakesIpv6(const Frame& frame, Asked& asked) const noexcept;
  bool IsAskedHere(const uint8_t* udp, size_t room, Asked& asked) const noexcept;

  const uint32_t room_;              // of a buffer in which anything composed by the fast path fits
  const uint16_t port_;              // as it lies in memory
  std::vector<uint32_t> services4_;  // as they lie in memory
  std::vector<Ipv6> services6_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_SCREEN_H_
