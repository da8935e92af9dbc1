// Domain names between text (RFC 1035 5.1) and uncompressed wire form (RFC 1035 3.1).
//
// Used by: the rest of zone, for owners and for names inside record data; config through
// zone_file.h. Written here and not left to ldns because a name needs its origin and its letter
// case handled in one pass, and an error that says which label is wrong.
#ifndef UNDERSTUDY_CONTROL_ZONE_NAME_H_
#define UNDERSTUDY_CONTROL_ZONE_NAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::control {

inline constexpr size_t kMaxNameOctets = 255;  // RFC 1035 3.1, the root label included
inline constexpr size_t kMaxLabelOctets = 63;
inline constexpr std::string_view kRootName{"\0", 1};

enum class LetterCase { kKeep, kLower };

// Appends `text` in wire form to `wire`. A name without its final dot gets `origin` (wire form)
// behind it; with an empty origin it is refused. Returns what is wrong, empty when taken; then
// `wire` has its former content.
std::string AppendName(std::string_view text, std::string_view origin, LetterCase letters,
                       std::string* wire);

// Octets of the name at the start of `wire`, the root label included; 0 when there is none whole.
size_t NameOctets(std::string_view wire);

// Whether `name` is `ancestor` or below it; both canonical.
bool IsAtOrBelow(std::string_view name, std::string_view ancestor);

// "\DDD"
std::string DecimalEscape(uint8_t octet);
// "'text'" for a message: bytes that are not printable ASCII as \DDD, cut when long.
std::string Quoted(std::string_view text);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_NAME_H_
