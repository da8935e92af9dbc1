// The Internet checksum (RFC 1071): sums that can be taken in pieces and joined.
//
// Used by: frame and neighbour (IPv4, UDP, ICMP), the responder (sums of messages).
//
// A Sum counts 16-bit words in big-endian value, first byte high, and is kept unfolded in 32 or
// more bits. A piece that begins at an odd offset of the whole is rotated by Odd() before it is
// added (RFC 1071 2(B)). The field in a packet is ~Fold(sum).
#ifndef UNDERSTUDY_DATAPLANE_WIRE_CHECKSUM_H_
#define UNDERSTUDY_DATAPLANE_WIRE_CHECKSUM_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace understudy::wire {

// Adding a word to itself with its halves changed leaves the sum of the halves, with its carry, in
// the upper one.
constexpr uint16_t Fold(uint64_t sum) {
  const auto word = static_cast<uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return static_cast<uint16_t>((word + std::rotl(word, 16)) >> 16);
}

// The sum of a piece, as it counts when the piece begins at an odd offset.
constexpr uint32_t Odd(uint64_t sum) {
  const uint16_t folded = Fold(sum);
  return static_cast<uint16_t>(folded << 8 | folded >> 8);
}

// The sum of words as they lie in memory, not folded: swapped once at the end it is the same sum,
// because the order of octets does not matter to it (RFC 1071 2(B)). Reads only `length` octets.
inline uint64_t RawSumOf(const uint8_t* bytes, size_t length) {
  uint64_t sum = 0;
  size_t at = 0;
  for (; at + 8 <= length; at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + at, sizeof(word));
    sum += word & 0xffffffff;
    sum += word >> 32;
  }
  if (at < length) {
    uint64_t rest = 0;
    std::memcpy(&rest, bytes + at, length - at);
    sum += rest & 0xffffffff;
    sum += rest >> 32;
  }
  return sum;
}

// Sum over `length` bytes that begin at an even offset.
inline uint32_t SumOf(const uint8_t* bytes, size_t length) {
  return __builtin_bswap16(Fold(RawSumOf(bytes, length)));
}

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_CHECKSUM_H_
