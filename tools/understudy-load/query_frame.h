// A DNS query as an Ethernet frame: the headers are laid out once, each frame fills in the rest.
//
// Used by: generator. RFC 791, RFC 8200, RFC 768; checksums are right.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUERY_FRAME_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUERY_FRAME_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace understudy::load {

// An IP address in network order: 4 octets or 16.
struct Address {
  std::array<uint8_t, 16> octets{};
  uint8_t length = 0;
  bool operator==(const Address&) const = default;
};
std::optional<Address> AddressOf(const std::string& text);

using Mac = std::array<uint8_t, 6>;
std::optional<Mac> MacOf(const std::string& text);

class QueryFrame {
 public:
  // Both addresses are of one family.
  QueryFrame(const Mac& source_mac, const Mac& destination_mac, const Address& source,
             const Address& destination, uint16_t destination_port);

  // Octets that Write needs for a message of `length`.
  uint32_t LengthOf(size_t length) const { return headers_length_ + static_cast<uint32_t>(length); }
  // `out` has LengthOf(message.size()) octets.
  void Write(uint8_t* out, std::span<const uint8_t> message, uint16_t id,
             uint16_t source_port) const;

 private:
  bool is_v4() const { return address_length_ == 4; }

  std::array<uint8_t, 14 + 40 + 8> headers_{};
  uint8_t address_length_ = 0;
  uint32_t headers_length_ = 0;
};

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_QUERY_FRAME_H_
