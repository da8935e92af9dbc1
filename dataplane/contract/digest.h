// Two 64-bit digests of bytes: the hash that places names in the index, and the checksum of a file.
//
// Used by: table_writer and table, which must agree; by the responder for the names it is asked
// for.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_DIGEST_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace understudy::contract {

inline uint64_t Load8(const uint8_t* bytes) noexcept {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Both halves of the 128-bit product: one multiplication mixes every bit into every other.
inline uint64_t Fold(uint64_t a, uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// The name in pairs of 8-byte words, one multiplication each; `name` is zero from `length` to the
// next multiple of 16.
inline uint64_t HashName(const uint8_t* name, size_t length, uint64_t seed) noexcept {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;    // 2^64 / golden ratio: no pattern of its own
  constexpr uint64_t kOther = 0xd6e8feb86659fd93;  // any odd constant of balanced bits
  const uint64_t second = seed ^ kOdd;  // no octets of a name, so that no word cancels it
  uint64_t hash = seed ^ (length * kOther);
  for (size_t i = 0; i < length; i += 16) {
    hash = Fold(hash ^ Load8(name + i), second ^ Load8(name + i + 8));
  }
  return Fold(hash, kOther);
}

// Where a name lives: its home bucket (the high half of a product maps 32 bits of hash evenly on
// any count, without division) and its tag there (16 other bits; 0 marks an empty slot).
inline uint32_t HomeOf(uint64_t hash, uint32_t bucket_count) noexcept {
  return static_cast<uint32_t>((uint64_t{static_cast<uint32_t>(hash)} * bucket_count) >> 32);
}
inline uint16_t TagOf(uint64_t hash) noexcept {
  const auto tag = static_cast<uint16_t>(hash >> 48);
  return tag != 0 ? tag : uint16_t{1};
}

// Checksum of a table. Every step is a bijection of the lane for a fixed word, and lanes are joined
// by bijections, so any change inside one 8-byte word changes the result; `length` a multiple
// of 32.
inline uint64_t Checksum(const uint8_t* bytes, size_t length, uint64_t start) noexcept {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
  uint64_t lane[4] = {start, start + 1, start + 2, start + 3};
  for (size_t i = 0; i < length; i += 32) {
    for (size_t j = 0; j < 4; ++j) {
      const uint64_t mixed = (lane[j] ^ Load8(bytes + i + 8 * j)) * kOdd;
      lane[j] = mixed << 29 | mixed >> 35;
    }
  }
  uint64_t sum = length;
  for (const uint64_t value : lane) sum = ((sum << 23 | sum >> 41) ^ value) * kOdd;
  return sum;
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_DIGEST_H_
