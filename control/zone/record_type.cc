// Names of record types: ldns's, and RFC 3597's for the rest.
#include "control/zone/ldns_headers.h"
#include "control/zone/name.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// "TYPE65280" (RFC 3597 5) to its number; 0 for anything else.
uint16_t GenericType(std::string_view text) {
  constexpr size_t kPrefix = 4;
  if (text.size() <= kPrefix || text.size() > kPrefix + 5) return 0;
  for (size_t i = 0; i < kPrefix; ++i) {
    if ((text[i] | 0x20) != "type"[i]) return 0;
  }
  uint32_t number = 0;
  for (const char c : text.substr(kPrefix)) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number <= 65535 ? static_cast<uint16_t>(number) : 0;
}

}  // namespace

absl::StatusOr<uint16_t> TypeFromText(std::string_view text) {
  uint16_t type = GenericType(text);
  // ldns reads TYPE with atoi, so what GenericType refused must not reach it.
  const bool generic =
      text.size() > 4 && (text.substr(0, 4) == "TYPE" || text.substr(0, 4) == "type");
  if (type == 0 && !generic && text.find('\0') == std::string_view::npos) {
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
