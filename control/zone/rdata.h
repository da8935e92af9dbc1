// Record data from the tokens of a master file entry to uncompressed wire form. What the fields of
// a type are, and most of their conversions, is ldns's knowledge; names, numbers and lengths are
// checked here, because ldns lets "MX 99999" and half a hexadecimal octet pass.
//
// Used by: zone_file.cc, and RdataFromText.
#ifndef UNDERSTUDY_CONTROL_ZONE_RDATA_H_
#define UNDERSTUDY_CONTROL_ZONE_RDATA_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/zone/master_lexer.h"

namespace understudy::control {

inline constexpr size_t kMaxRdataOctets = 65535;  // RFC 1035 3.2.1: RDLENGTH is 16 bits

// Appends the record data in `tokens` to `wire`. Relative names get `origin`; with an empty one
// they are refused. Returns what is wrong, empty when taken; else `wire` is not to be used.
std::string AppendRdata(uint16_t type, std::span<const Token> tokens, std::string_view origin,
                        std::string* wire);

// A time to live or SOA timer: "3600", "1h30m". Nothing above `max` or of another form.
std::optional<uint32_t> ReadPeriod(std::string_view text, uint32_t max);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_RDATA_H_
