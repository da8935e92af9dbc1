// Integers in network byte order, as a type of their own: no arithmetic, no comparison with host
// integers, no silent conversion. Mixing them up is a compile error. Packed, because headers lie at
// any address in a buffer.
//
// Used by: every structure laid over bytes of a frame or a message.
#ifndef UNDERSTUDY_DATAPLANE_WIRE_BYTE_ORDER_H_
#define UNDERSTUDY_DATAPLANE_WIRE_BYTE_ORDER_H_

#include <bit>
#include <cstdint>

namespace understudy::wire {

static_assert(std::endian::native == std::endian::little, "only little-endian machines are served");

class Big16 {
 public:
  Big16() = default;
  explicit constexpr Big16(uint16_t host) : raw_(__builtin_bswap16(host)) {}
  constexpr uint16_t host() const { return __builtin_bswap16(raw_); }
  // As it lies in memory: for sums, which do not care for the order (RFC 1071 2).
  constexpr uint16_t raw() const { return raw_; }
  bool operator==(const Big16&) const = default;

 private:
  uint16_t raw_ __attribute__((packed));
};
static_assert(sizeof(Big16) == 2);

class Big32 {
 public:
  Big32() = default;
  explicit constexpr Big32(uint32_t host) : raw_(__builtin_bswap32(host)) {}
  constexpr uint32_t host() const { return __builtin_bswap32(raw_); }
  bool operator==(const Big32&) const = default;

 private:
  uint32_t raw_ __attribute__((packed));
};
static_assert(sizeof(Big32) == 4);

inline uint16_t Get16(const uint8_t* at) {
  return static_cast<uint16_t>(uint16_t{at[0]} << 8 | at[1]);
}
inline void Put16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline void Put32(uint8_t* at, uint32_t value) {
  Put16(at, static_cast<uint16_t>(value >> 16));
  Put16(at + 2, static_cast<uint16_t>(value));
}

}  // namespace understudy::wire

#endif  // UNDERSTUDY_DATAPLANE_WIRE_BYTE_ORDER_H_
