// One field of record data, from text to wire form: what ldns's field kinds look like in a master
// file, and the checks that ldns leaves out ("MX 99999", half a hexadecimal octet, a port above
// 65535, a key named twice).
//
// Used by: rdata.cc.
#ifndef UNDERSTUDY_CONTROL_ZONE_RDATA_FIELD_H_
#define UNDERSTUDY_CONTROL_ZONE_RDATA_FIELD_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/zone/ldns_headers.h"
#include "control/zone/master_lexer.h"

namespace understudy::control {

// How a field is written. kNone: only in RFC 3597's form. From kRest on it takes several tokens.
enum class Form { kNone, kName, kNumber, kPeriod, kToken, kRest, kHexRest, kTypesRest, kHip };

struct Field {
  Form form = Form::kNone;
  const char* words = "";  // for messages
  uint32_t max = 0;        // of numbers, also where a mnemonic is allowed; 0: never a number

  bool TakesRest() const { return form >= Form::kRest; }
};

Field FieldOf(ldns_rdf_type type);

// Both append to `wire` and return what is wrong, empty when taken.
std::string AppendToken(ldns_rdf_type type, const Token& token, const Field& field,
                        std::string_view origin, std::string* wire);
std::string AppendRest(ldns_rdf_type type, std::span<const Token> tokens, const Field& field,
                       std::string* wire);

// A decimal number without sign, nothing above `max`.
std::optional<uint32_t> ReadNumber(std::string_view text, uint32_t max);
// In network order, in as many octets as `max` takes: 1, 2 or 4.
void AppendNumber(uint32_t value, uint32_t max, std::string* wire);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_RDATA_FIELD_H_
