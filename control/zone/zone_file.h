// Master files (RFC 1035 5) through ldns: text to record sets, and record data to and from text.
//
// Used by: config (zones, and the values of group records), api (explain and show print records).
// ldns stays behind this header: nobody else in control sees its types.
#ifndef UNDERSTUDY_CONTROL_ZONE_ZONE_FILE_H_
#define UNDERSTUDY_CONTROL_ZONE_ZONE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "control/config/desired_state.h"

namespace understudy::control {

struct ZoneFileError {
  int line = 0;  // 0: the file as a whole
  std::string message;
};

struct ZoneFileResult {
  Zone zone;
  bool unreadable = false;              // there is no such file; the one error says why
  std::vector<ZoneFileError> errors;    // by line; the zone is usable only when there is none
  std::vector<ZoneFileError> warnings;  // worth telling, but served all the same
};

inline constexpr size_t kMaxZoneFileOctets = size_t{1} << 30;

ZoneFileResult ReadZoneFile(const std::string& path, std::string_view apex_wire);
// The same over text in memory, which is called `path`.
ZoneFileResult ReadZoneText(std::string_view text, const std::string& path,
                            std::string_view apex_wire);

// "example.com", "example.com." or "." to canonical wire form, and back (with the final dot,
// escaped as RFC 1035 5.1 wants it).
absl::StatusOr<std::string> NameToWire(std::string_view text);
std::string NameToText(std::string_view wire);

// "AAAA", "TYPE65280" (RFC 3597).
absl::StatusOr<uint16_t> TypeFromText(std::string_view text);
std::string TypeToText(uint16_t type);

// Record data in presentation form, "10 mail.example.com." for MX, to uncompressed wire form and
// back. Relative names are refused: a value in the configuration has no origin.
absl::StatusOr<std::string> RdataFromText(uint16_t type, std::string_view text);
std::string RdataToText(uint16_t type, std::string_view rdata);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_ZONE_FILE_H_
