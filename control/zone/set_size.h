// How large a record set may be: what does not fit a message over TCP could never be answered.
//
// Used by: record_sets.cc, and config for the record sets of groups.
#ifndef UNDERSTUDY_CONTROL_ZONE_SET_SIZE_H_
#define UNDERSTUDY_CONTROL_ZONE_SET_SIZE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::control {

// A record in an answer costs its data and twelve octets: pointer, type, class, TTL, length.
inline constexpr uint32_t kRecordOctets = 12;

// A message of 65,535 octets (RFC 1035 4.2.2) less its header of 12, the question with type and
// class, and an OPT record without options (RFC 6891 6.1.2).
inline constexpr uint32_t MostSetOctets(std::string_view owner) {
  return 65535 - 12 - (static_cast<uint32_t>(owner.size()) + 4) - 11;
}

inline std::string TooLargeText(uint32_t most) {
  return "has more than " + std::to_string(most) + " octets of data: no message could hold it";
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_SET_SIZE_H_
