#include "control/zone/rdata.h"

#include <algorithm>

#include "control/zone/ldns_headers.h"
#include "control/zone/name.h"
#include "control/zone/odd_rdata.h"
#include "control/zone/rdata_field.h"
#include "control/zone/service_parameters.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

// The descriptor of a type that ldns knows, else null: it answers any number with something.
const ldns_rr_descriptor* DescriptorOf(uint16_t type) {
  const ldns_rr_descriptor* descriptor = ldns_rr_descript(type);
  if (descriptor == nullptr || descriptor->_type != type) return nullptr;
  return ldns_rr_descriptor_field_type(descriptor, 0) == LDNS_RDF_TYPE_UNKNOWN ? nullptr
                                                                               : descriptor;
}

// Whether `rdata` is well-formed for a type that ldns knows; fills `rr` with its fields.
// ldns follows compression pointers, so what it read must also be what was there.
bool ReadWire(const ldns_rr_descriptor* descriptor, uint16_t type, std::string_view rdata,
              ldns_rr* rr) {
  std::string framed;
  AppendNumber(static_cast<uint32_t>(rdata.size()), 65535, &framed);
  framed.append(rdata);
  ldns_rr_set_type(rr, static_cast<ldns_rr_type>(type));
  size_t position = 0;
  if (ldns_wire2rdf(rr, reinterpret_cast<const uint8_t*>(framed.data()), framed.size(),
                    &position) != LDNS_STATUS_OK ||
      position != framed.size() || ldns_rr_rd_count(rr) < ldns_rr_descriptor_minimum(descriptor)) {
    return false;
  }
  std::string read;
  for (size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const ldns_rdf* rdf = ldns_rr_rdf(rr, i);
    const std::string_view data = DataOf(rdf);
    if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_SVCPARAMS && !WrongParameters(data).empty()) {
      return false;
    }
    read.append(data);
  }
  return read == rdata;
}

// "\# 4 C0000201": any type, octet by octet (RFC 3597 5).
std::string AppendGeneric(uint16_t type, std::span<const Token> tokens, std::string* wire) {
  const std::optional<uint32_t> length =
      tokens.size() < 2 ? std::nullopt : ReadNumber(tokens[1].text, kMaxRdataOctets);
  if (!length) return "\\# needs its length, a number from 0 to 65535, behind it";
  std::string rdata;
  if (tokens.size() > 2) {
    const Field hex = FieldOf(LDNS_RDF_TYPE_HEX);
    std::string wrong = AppendRest(LDNS_RDF_TYPE_HEX, tokens.subspan(2), hex, &rdata);
    if (!wrong.empty()) return wrong;
  }
  if (rdata.size() != *length) {
    return "\\# announces " + std::to_string(*length) + " octets, and " +
           std::to_string(rdata.size()) + " are there";
  }
  if (const ldns_rr_descriptor* descriptor = DescriptorOf(type); descriptor != nullptr) {
    const Rr rr(ldns_rr_new());
    if (!ReadWire(descriptor, type, rdata, rr.get())) {
      return "the octets behind \\# are not the data of " + TypeToText(type);
    }
  }
  wire->append(rdata);
  return {};
}

std::string CountMismatch(uint16_t type, size_t fields, size_t minimum) {
  return TypeToText(type) + " needs " + std::to_string(minimum) +
         (minimum == 1 ? " value" : " values") + ", and " +
         (fields == 0 ? std::string("none is") : std::to_string(fields) + " are") + " there";
}

}  // namespace

std::string AppendRdata(uint16_t type, std::span<const Token> tokens, std::string_view origin,
                        std::string* wire) {
  if (!tokens.empty() && !tokens[0].quoted && tokens[0].text == "\\#") {
    return AppendGeneric(type, tokens, wire);
  }
  if (type == kTypeIpseckey) return AppendIpseckey(tokens, origin, wire);
  if (type == kTypeNsap) return AppendNsap(tokens, wire);
  const ldns_rr_descriptor* descriptor = DescriptorOf(type);
  if (descriptor == nullptr) {
    return TypeToText(type) + " is written as \\# length hexadecimal (RFC 3597 5)";
  }
  const size_t start = wire->size();
  const size_t most = ldns_rr_descriptor_maximum(descriptor);
  size_t fields = 0;
  size_t next = 0;
  for (; fields < most && next < tokens.size(); ++fields) {
    const ldns_rdf_type kind = ldns_rr_descriptor_field_type(descriptor, fields);
    const Field field = FieldOf(kind);
    std::string wrong;
    if (field.form == Form::kNone) {
      return TypeToText(type) + " can be written only as \\# length hexadecimal (RFC 3597 5)";
    }
    if (!field.TakesRest()) {
      wrong = AppendToken(kind, tokens[next++], field, origin, wire);
    } else {
      const size_t left = tokens.size() - next;
      const size_t taken = field.form == Form::kHip ? std::min<size_t>(left, 3) : left;
      wrong = AppendRest(kind, tokens.subspan(next, taken), field, wire);
      next += taken;
    }
    if (!wrong.empty()) return wrong;
  }
  const size_t least = ldns_rr_descriptor_minimum(descriptor);
  if (fields < least) return CountMismatch(type, fields, least);
  if (next < tokens.size()) return Quoted(tokens[next].text) + " stands behind the last value";
  if (wire->size() - start > kMaxRdataOctets) return "the data is longer than 65535 octets";
  return {};
}

absl::StatusOr<std::string> RdataFromText(uint16_t type, std::string_view text) {
  MasterLexer lexer(text);
  Entry entry;
  std::string wire;
  std::string wrong;
  if (text.find('\0') != std::string_view::npos || text.find('\n') != std::string_view::npos) {
    wrong = "a value has no line ends and no zero octets";
  } else if (lexer.Next(&entry) && !entry.error.empty()) {
    wrong = entry.error;
  } else if (entry.comment) {
    wrong = "has a ';' outside quotes, which begins a comment: put the text into quotes";
  } else {
    wrong = AppendRdata(type, entry.tokens, {}, &wire);
  }
  if (!wrong.empty()) return absl::InvalidArgumentError(wrong);
  return wire;
}

std::string RdataToText(uint16_t type, std::string_view rdata) {
  const ldns_rr_descriptor* descriptor = DescriptorOf(type);
  const Rr rr(ldns_rr_new());
  bool readable = descriptor != nullptr && rdata.size() <= kMaxRdataOctets && !rdata.empty() &&
                  ReadWire(descriptor, type, rdata, rr.get());
  std::string text;
  for (size_t i = 0; readable && i < ldns_rr_rd_count(rr.get()); ++i) {
    const ldns_rdf* rdf = ldns_rr_rdf(rr.get(), i);
    const ldns_rdf_type kind = ldns_rdf_get_type(rdf);
    if (i > 0) text += ' ';
    if (kind == LDNS_RDF_TYPE_DNAME) {
      text += NameToText(DataOf(rdf));
      continue;
    }
    if (kind == LDNS_RDF_TYPE_SVCPARAMS) {
      const std::optional<std::string> parameters = ParametersToText(DataOf(rdf));
      readable = parameters.has_value();
      text += parameters.value_or("");
      continue;
    }
    const LdnsText field(FieldOf(kind).form == Form::kNone ? nullptr : ldns_rdf2str(rdf));
    readable = field != nullptr;
    if (readable) text += field.get();
  }
  if (readable) return text.substr(0, text.find_last_not_of(' ') + 1);  // of APL, ldns leaves one
  constexpr char kHexDigits[] = "0123456789abcdef";
  text = "\\# " + std::to_string(rdata.size());
  for (size_t i = 0; i < rdata.size(); ++i) {
    if (i == 0) text += ' ';
    text += kHexDigits[static_cast<uint8_t>(rdata[i]) >> 4];
    text += kHexDigits[static_cast<uint8_t>(rdata[i]) & 15];
  }
  return text;
}

}  // namespace understudy::control
