// Words of a frame as they lie in memory: compared, swapped and summed without being turned.
//
// Used by: screen.cc, fast_path.cc. Little-endian machines only, as the fast path is.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_MEMORY_WORDS_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_MEMORY_WORDS_H_

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "dataplane/contract/digest.h"

namespace understudy::responder {

inline uint16_t Load2(const uint8_t* at) {
  uint16_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}
inline uint32_t Load4(const uint8_t* at) {
  uint32_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}
template <typename T>
inline void Store(uint8_t* at, T word) {
  std::memcpy(at, &word, sizeof(word));
}
// From network order, or to it.
constexpr uint16_t Turned(unsigned word) { return __builtin_bswap16(static_cast<uint16_t>(word)); }
// Its two halves, summed: ones'-complement sums may be taken of words of any width.
inline uint64_t Halves(uint64_t word) { return (word & 0xffffffff) + (word >> 32); }

// What eight octets must be, and which of their bits are looked at.
struct Pattern {
  uint64_t mask, value;
  bool Fits(const uint8_t* at) const { return (contract::Load8(at) & mask) == value; }
};
constexpr Pattern PatternOf(std::array<uint8_t, 8> mask, std::array<uint8_t, 8> value) {
  return {std::bit_cast<uint64_t>(mask), std::bit_cast<uint64_t>(value)};
}

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_MEMORY_WORDS_H_
