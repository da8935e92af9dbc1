// Names of record types: ldns's, and RFC 3597's for the rest.
#include "control/zone/ldns_headers.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// Whether `text` begins as a type by number does (RFC 3597 5).
bool IsGeneric(std::string_view text) {
  constexpr std::string_view kPrefix = "type";
  if (text.size() <= kPrefix.size()) return false;
  for (size_t i = 0; i < kPrefix.size(); ++i) {
    if ((text[i] | 0x20) != kPrefix[i]) return false;
  }
  return true;
}

// "TYPE65280" to its number; 0 when it is none.
uint16_t GenericType(std::string_view text) {
  uint32_t number = 0;
  for (const char c : text.substr(4)) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<uint32_t>(c - '0');
    if (number > 65535) return 0;
  }
  return static_cast<uint16_t>(number);
}

}  // namespace

absl::StatusOr<uint16_t> TypeFromText(std::string_view text) {
  uint16_t type = 0;
  if (IsGeneric(text)) {
    type = GenericType(text);  // ldns takes TYPE70000 for TYPE4464
  } else if (text.find('\0') == std::string_view::npos) {
    type = static_cast<uint16_t>(ldns_get_rr_type_by_name(std::string(text).c_str()));
  }
  if (type == 0) return absl::InvalidArgumentError(Quoted(text) + " is not a record type");
  return type;
}

std::string TypeToText(uint16_t type) {
  const LdnsText text(ldns_rr_type2str(static_cast<ldns_rr_type>(type)));
  return text == nullptr ? "TYPE" + std::to_string(type) : std::string(text.get());
}

}  // namespace understudy::control
