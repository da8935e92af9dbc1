#include "control/zone/odd_rdata.h"

#include <algorithm>
#include <array>
#include <optional>

#include "control/zone/ldns_headers.h"
#include "control/zone/name.h"
#include "control/zone/rdata_field.h"

namespace understudy::control {

// RFC 4025 3.1: precedence, gateway type, algorithm, gateway, and a key or none.
std::string AppendIpseckey(std::span<const Token> tokens, std::string_view origin,
                           std::string* wire) {
  constexpr size_t kLeast = 4;
  if (tokens.size() < kLeast) {
    return "IPSECKEY needs precedence, gateway type, algorithm and gateway";
  }
  for (size_t i = 0; i < 3; ++i) {
    const Field number = FieldOf(LDNS_RDF_TYPE_INT8);
    std::string wrong = AppendToken(LDNS_RDF_TYPE_INT8, tokens[i], number, origin, wire);
    if (!wrong.empty()) return wrong;
  }
  constexpr std::array kGateways{LDNS_RDF_TYPE_NONE, LDNS_RDF_TYPE_A, LDNS_RDF_TYPE_AAAA,
                                 LDNS_RDF_TYPE_DNAME};
  const std::optional<uint32_t> kind = ReadNumber(tokens[1].text, kGateways.size() - 1);
  if (!kind) return Quoted(tokens[1].text) + " is not a gateway type from 0 to 3";
  if (*kind == 0) {
    if (tokens[3].text != ".") return "without a gateway (type 0) it is written as '.'";
  } else {
    const ldns_rdf_type gateway = kGateways[*kind];
    std::string wrong = AppendToken(gateway, tokens[3], FieldOf(gateway), origin, wire);
    if (!wrong.empty()) return wrong;
  }
  if (tokens.size() == kLeast) return {};
  return AppendRest(LDNS_RDF_TYPE_B64, tokens.subspan(kLeast), FieldOf(LDNS_RDF_TYPE_B64), wire);
}

// RFC 1706 7: "0x" and hexadecimal digits, with dots between them wherever it pleases.
std::string AppendNsap(std::span<const Token> tokens, std::string* wire) {
  constexpr std::string_view kForm = " is not 0x and pairs of hexadecimal digits";
  if (tokens.size() != 1)
    return "NSAP needs 1 value, and " + std::to_string(tokens.size()) + " are there";
  std::string digits(tokens[0].text);
  if (digits.substr(0, 2) != "0x" && digits.substr(0, 2) != "0X") {
    return Quoted(digits) + std::string(kForm);
  }
  digits.erase(0, 2);
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  const Token hex{digits, false};
  const Field field = FieldOf(LDNS_RDF_TYPE_HEX);
  if (digits.empty() || !AppendRest(LDNS_RDF_TYPE_HEX, std::span(&hex, 1), field, wire).empty()) {
    return Quoted(tokens[0].text) + std::string(kForm);
  }
  return {};
}

}  // namespace understudy::control
