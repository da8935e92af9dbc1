// ASCII upper case to lower case in eight octets at once (RFC 4343).
//
// Used by: walk.cc (any name), the responder's name pass (the names of a burst).
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_LOWER_CASE_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_LOWER_CASE_H_

#include <cstdint>

namespace understudy::contract {

// Length octets are at most 63, so they are below 'A' and stay as they are.
constexpr uint64_t LowerCase8(uint64_t word) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low = word & (0x7f * kOnes);
  const uint64_t from_a = low + (0x80 - 'A') * kOnes;    // bit 7 set: at least 'A'
  const uint64_t beyond_z = low + (0x7f - 'Z') * kOnes;  // bit 7 set: beyond 'Z'
  const uint64_t upper = ~word & (from_a ^ beyond_z) & (0x80 * kOnes);
  return word | upper >> 2;  // 0x80 >> 2 == 0x20, the distance between the cases
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_LOWER_CASE_H_
