#include "control/zone/rdata_field.h"

#include <algorithm>
#include <limits>

#include "control/zone/name.h"
#include "control/zone/rdata.h"
#include "control/zone/service_parameters.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string JoinRaw(std::span<const Token> tokens) {
  std::string joined;
  for (const Token& token : tokens) {
    if (!joined.empty()) joined += ' ';
    if (token.quoted) joined += '"';
    joined += token.text;
    if (token.quoted) joined += '"';
  }
  return joined;
}

std::string NotA(std::string_view text, const Field& field) {
  return Quoted(text) + " is not " + field.words;
}

std::string AppendByLdns(ldns_rdf_type type, const std::string& text, const Field& field,
                         std::string* wire) {
  const Rdf rdf(ldns_rdf_new_frm_str(type, text.c_str()));
  if (rdf == nullptr) return NotA(text, field);
  wire->append(DataOf(rdf.get()));
  return {};
}

}  // namespace

Field FieldOf(ldns_rdf_type type) {
  switch (type) {
    case LDNS_RDF_TYPE_DNAME:
      return {Form::kName, "a name"};
    case LDNS_RDF_TYPE_INT8:
      return {Form::kNumber, "a number from 0 to 255", 255};
    case LDNS_RDF_TYPE_INT16:
      return {Form::kNumber, "a number from 0 to 65535", 65535};
    case LDNS_RDF_TYPE_INT32:
      return {Form::kNumber, "a number from 0 to 4294967295", 4294967295};
    case LDNS_RDF_TYPE_PERIOD:
      return {Form::kPeriod, "a number of seconds from 0 to 4294967295", 4294967295};
    case LDNS_RDF_TYPE_A:
      return {Form::kToken, "an IPv4 address"};
    case LDNS_RDF_TYPE_AAAA:
      return {Form::kToken, "an IPv6 address"};
    case LDNS_RDF_TYPE_STR:
      return {Form::kToken, "text of at most 255 octets"};
    case LDNS_RDF_TYPE_LONG_STR:
      return {Form::kToken, "text"};
    case LDNS_RDF_TYPE_TAG:
      return {Form::kToken, "a tag of letters and digits"};
    case LDNS_RDF_TYPE_APL:
      return {Form::kToken, "an address prefix ([!]family:address/bits)"};
    case LDNS_RDF_TYPE_EUI48:
      return {Form::kToken, "an EUI-48 address"};
    case LDNS_RDF_TYPE_EUI64:
      return {Form::kToken, "an EUI-64 address"};
    case LDNS_RDF_TYPE_ILNP64:
      return {Form::kToken, "an ILNP locator or identifier"};
    case LDNS_RDF_TYPE_ALG:
    case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
    case LDNS_RDF_TYPE_SELECTOR:
    case LDNS_RDF_TYPE_MATCHING_TYPE:
      return {Form::kToken, "a number from 0 to 255 or its mnemonic", 255};
    case LDNS_RDF_TYPE_CERT_ALG:
      return {Form::kToken, "a number from 1 to 65535 or its mnemonic", 65535};
    case LDNS_RDF_TYPE_B64:
      return {Form::kRest, "base64"};
    case LDNS_RDF_TYPE_LOC:
      return {Form::kRest, "a location (RFC 1876 3)"};
    case LDNS_RDF_TYPE_SVCPARAMS:
      return {Form::kRest, "service parameters (RFC 9460 2.1)"};
    case LDNS_RDF_TYPE_HEX:
      return {Form::kHexRest, "pairs of hexadecimal digits"};
    case LDNS_RDF_TYPE_NSEC:
      return {Form::kTypesRest, "record types"};
    case LDNS_RDF_TYPE_HIP:
      return {Form::kHip, "an algorithm, a HIT and a key (RFC 8005 6)"};
    default:
      return {};
  }
}

std::optional<uint32_t> ReadNumber(std::string_view text, uint32_t max) {
  if (!IsNumber(text)) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > max) return std::nullopt;
  }
  return static_cast<uint32_t>(value);
}

void AppendNumber(uint32_t value, uint32_t max, std::string* wire) {
  if (max > 65535) {
    wire->push_back(static_cast<char>(value >> 24));
    wire->push_back(static_cast<char>(value >> 16 & 0xff));
  }
  if (max > 255) wire->push_back(static_cast<char>(value >> 8 & 0xff));
  wire->push_back(static_cast<char>(value & 0xff));
}

// Fields that take all the tokens that are left, or the three of HIP.
std::string AppendRest(ldns_rdf_type type, std::span<const Token> tokens, const Field& field,
                       std::string* wire) {
  if (type == LDNS_RDF_TYPE_SVCPARAMS) return AppendParameters(tokens, wire);
  const std::string text = JoinRaw(tokens);
  if (field.form == Form::kHexRest) {
    const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c != ' '; });
    if (digits % 2 != 0) return NotA(text, field);
  }
  if (field.form == Form::kTypesRest) {
    for (const Token& token : tokens) {
      if (!TypeFromText(token.text).ok()) return NotA(token.text, field);
    }
  }
  return AppendByLdns(type, text, field, wire);
}

std::string AppendToken(ldns_rdf_type type, const Token& token, const Field& field,
                        std::string_view origin, std::string* wire) {
  switch (field.form) {
    case Form::kName:
      if (token.quoted) return NotA(token.text, field);
      if (token.text == "@" && !origin.empty()) {
        wire->append(origin);
        return {};
      }
      return AppendName(token.text, origin, LetterCase::kKeep, wire);
    case Form::kNumber:
    case Form::kPeriod: {
      const std::optional<uint32_t> value = field.form == Form::kNumber
                                                ? ReadNumber(token.text, field.max)
                                                : ReadPeriod(token.text, field.max);
      if (!value) return NotA(token.text, field);
      AppendNumber(*value, field.max, wire);
      return {};
    }
    default:
      if (token.quoted && type != LDNS_RDF_TYPE_STR && type != LDNS_RDF_TYPE_LONG_STR) {
        return NotA(token.text, field);
      }
      if (field.max != 0 && IsNumber(token.text) && !ReadNumber(token.text, field.max)) {
        return NotA(token.text, field);
      }
      return AppendByLdns(type, std::string(token.text), field, wire);
  }
}

std::optional<uint32_t> ReadPeriod(std::string_view text, uint32_t max) {
  uint64_t total = 0;
  size_t at = 0;
  while (at < text.size()) {
    const size_t digits_end = std::min(text.find_first_not_of("0123456789", at), text.size());
    std::optional<uint32_t> number =
        ReadNumber(text.substr(at, digits_end - at), std::numeric_limits<uint32_t>::max());
    if (!number) return std::nullopt;
    uint64_t unit_s = 1;
    if (digits_end < text.size()) {
      switch (text[digits_end] | 0x20) {  // either letter case
        case 's':
          unit_s = 1;
          break;
        case 'm':
          unit_s = 60;
          break;
        case 'h':
          unit_s = 3600;
          break;
        case 'd':
          unit_s = 86400;
          break;
        case 'w':
          unit_s = 604800;
          break;
        default:
          return std::nullopt;
      }
    }
    total += *number * unit_s;
    if (total > max) return std::nullopt;
    at = digits_end + 1;
  }
  return text.empty() ? std::nullopt : std::optional(static_cast<uint32_t>(total));
}

}  // namespace understudy::control
