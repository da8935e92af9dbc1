#include "control/zone/service_parameters.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "control/zone/ldns_headers.h"
#include "control/zone/name.h"
#include "control/zone/rdata_field.h"

namespace understudy::control {
namespace {

// RFC 9460 14.3.2
enum : uint16_t { kMandatory, kAlpn, kNoDefaultAlpn, kPort, kIpv4Hint, kEch, kIpv6Hint };

uint16_t Get16(std::string_view wire) {
  return static_cast<uint16_t>(static_cast<uint8_t>(wire[0]) << 8 | static_cast<uint8_t>(wire[1]));
}

struct Parameter {
  uint16_t key = 0;
  std::string_view value;
};

// RFC 9460 7.1.1: one identifier or more, none of them empty, each behind its length.
bool IsProtocolList(std::string_view value) {
  if (value.empty()) return false;
  while (!value.empty()) {
    const size_t length = static_cast<uint8_t>(value[0]);
    if (length == 0 || length >= value.size()) return false;
    value.remove_prefix(1 + length);
  }
  return true;
}

// RFC 9460 8: other keys of the same record, in increasing order.
std::string WrongMandatory(std::string_view value, const std::vector<Parameter>& all) {
  if (value.empty() || value.size() % 2 != 0) return "the service parameter mandatory names no key";
  int last = -1;
  for (; !value.empty(); value.remove_prefix(2)) {
    const uint16_t key = Get16(value);
    if (key == kMandatory) return "the service parameter mandatory names itself";
    if (key <= last) return "the service parameter mandatory names a key twice";
    last = key;
    if (std::none_of(all.begin(), all.end(), [key](const Parameter& p) { return p.key == key; })) {
      return "key" + std::to_string(key) + " is a mandatory service parameter and is not there";
    }
  }
  return {};
}

std::string WrongValue(const Parameter& parameter, const std::vector<Parameter>& all) {
  const size_t octets = parameter.value.size();
  switch (parameter.key) {
    case kMandatory:
      return WrongMandatory(parameter.value, all);
    case kAlpn:
      return IsProtocolList(parameter.value) ? "" : "the service parameter alpn needs protocols";
    case kNoDefaultAlpn:
      return octets == 0 ? "" : "the service parameter no-default-alpn takes no value";
    case kPort:
      return octets == 2 ? "" : "the service parameter port needs a number from 0 to 65535";
    case kIpv4Hint:
      return octets > 0 && octets % 4 == 0 ? "" : "the service parameter ipv4hint needs addresses";
    case kEch:
      return octets > 0 ? "" : "the service parameter ech needs a value";
    case kIpv6Hint:
      return octets > 0 && octets % 16 == 0 ? "" : "the service parameter ipv6hint needs addresses";
    default:
      return {};
  }
}

// "port=1" and "port" to their key and value, without the quotes around it.
std::string_view ValueIf(std::string_view text, std::string_view key) {
  if (text.substr(0, key.size()) != key || text.substr(key.size(), 1) != "=") return {};
  text.remove_prefix(key.size() + 1);
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

bool NamesOneTwice(std::string_view list) {
  std::vector<std::string_view> seen;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    seen.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  std::sort(seen.begin(), seen.end());
  return std::adjacent_find(seen.begin(), seen.end()) != seen.end();
}

// Where ldns converts to something else than what was written: ports modulo 65536, and a key that
// mandatory names twice is named once.
std::string WrongTexts(std::span<const Token> tokens) {
  for (const Token& token : tokens) {
    const std::string_view port = ValueIf(token.text, "port");
    if (!port.empty() && !ReadNumber(port, 65535)) {
      return "the service parameter port needs a number from 0 to 65535";
    }
    if (NamesOneTwice(ValueIf(token.text, "mandatory"))) {
      return "the service parameter mandatory names a key twice";
    }
  }
  return {};
}

// The octets that a text of a master file stands for (RFC 1035 5.1).
std::optional<std::string> Unescaped(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    if (text[0] != '\\') {
      octets += text[0];
      text.remove_prefix(1);
      continue;
    }
    const std::optional<uint32_t> decimal =
        text.size() < 4 ? std::nullopt : ReadNumber(text.substr(1, 3), 255);
    if (text.size() < 2) return std::nullopt;
    if (!decimal && text[1] >= '0' && text[1] <= '9') return std::nullopt;
    octets += decimal ? static_cast<char>(*decimal) : text[1];
    text.remove_prefix(decimal ? 4 : 2);
  }
  return octets;
}

// RFC 9460 A.1: the names are between commas; a backslash stands before one that belongs to a name.
std::optional<std::string> ProtocolsFromText(std::string_view text) {
  const std::optional<std::string> list = Unescaped(text);
  if (!list) return std::nullopt;
  std::string wire;
  std::string name;
  for (size_t i = 0; i <= list->size(); ++i) {
    if (i == list->size() || (*list)[i] == ',') {
      if (name.empty() || name.size() > 255) return std::nullopt;
      wire += static_cast<char>(name.size());
      wire += name;
      name.clear();
      continue;
    }
    if ((*list)[i] == '\\') ++i;
    if (i == list->size()) return std::nullopt;
    name += (*list)[i];
  }
  return wire;
}

std::string ProtocolsToText(std::string_view wire) {
  std::string list;
  while (!wire.empty()) {
    const size_t length = static_cast<uint8_t>(wire[0]);
    if (!list.empty()) list += ',';
    for (const char c : wire.substr(1, length)) {
      if (c == ',' || c == '\\') list += '\\';
      list += c;
    }
    wire.remove_prefix(1 + length);
  }
  std::string text;
  for (const char c : list) {
    if (c <= ' ' || c == 0x7f) {  // above 0x7f too: char is signed
      text += DecimalEscape(static_cast<uint8_t>(c));
      continue;
    }
    if (std::string_view("\\\"();").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

void AppendParameter(const Parameter& parameter, std::string* wire) {
  AppendNumber(parameter.key, 65535, wire);
  AppendNumber(static_cast<uint32_t>(parameter.value.size()), 65535, wire);
  wire->append(parameter.value);
}

}  // namespace

// ldns converts all but alpn, which then goes to its place.
std::string AppendParameters(std::span<const Token> tokens, std::string* wire) {
  if (std::string wrong = WrongTexts(tokens); !wrong.empty()) return wrong;
  std::optional<std::string> protocols;
  std::string others;
  for (const Token& token : tokens) {
    const std::string_view text = token.quoted ? std::string_view() : token.text;
    const std::string_view named = ValueIf(text, "alpn");
    const std::string_view list = named.empty() ? ValueIf(text, "key1") : named;
    if (!list.empty()) {
      if (protocols) return "service parameters name a key twice";
      protocols = ProtocolsFromText(list);
      if (!protocols) return Quoted(list) + " is not a list of protocols (RFC 9460 7.1)";
      continue;
    }
    if (!others.empty()) others += ' ';
    others += token.quoted ? "\"" + std::string(token.text) + "\"" : std::string(token.text);
  }
  std::string converted;
  if (!others.empty()) {
    const Rdf rdf(ldns_rdf_new_frm_str(LDNS_RDF_TYPE_SVCPARAMS, others.c_str()));
    if (rdf == nullptr) return Quoted(others) + " is not service parameters (RFC 9460 2.1)";
    converted = DataOf(rdf.get());
  }
  if (protocols) {
    size_t before = 0;  // octets of mandatory, the one key below alpn
    if (converted.size() >= 4 && Get16(converted) == kMandatory) {
      before = std::min<size_t>(4 + Get16(std::string_view(converted).substr(2)), converted.size());
    }
    std::string alpn;
    AppendParameter({kAlpn, *protocols}, &alpn);
    converted.insert(before, alpn);
  }
  std::string wrong = WrongParameters(converted);
  if (wrong.empty()) wire->append(converted);
  return wrong;
}

std::optional<std::string> ParametersToText(std::string_view wire) {
  std::string text;
  for (; !wire.empty(); wire.remove_prefix(4 + Get16(wire.substr(2)))) {
    const Parameter parameter{Get16(wire), wire.substr(4, Get16(wire.substr(2)))};
    if (!text.empty()) text += ' ';
    if (parameter.key == kAlpn) {
      text += "alpn=" + ProtocolsToText(parameter.value);
      continue;
    }
    const Rdf rdf(
        ldns_rdf_new_frm_data(LDNS_RDF_TYPE_SVCPARAMS, 4 + parameter.value.size(), wire.data()));
    const LdnsText printed(ldns_rdf2str(rdf.get()));
    if (printed == nullptr) return std::nullopt;
    text += printed.get();
  }
  return text;
}

// RFC 9460 2.2: keys in strictly increasing order, each with the length of its value.
std::string WrongParameters(std::string_view wire) {
  std::vector<Parameter> all;
  while (!wire.empty()) {
    if (wire.size() < 4) return "the service parameters are cut short";
    const Parameter parameter{Get16(wire), wire.substr(4, Get16(wire.substr(2)))};
    if (parameter.value.size() != Get16(wire.substr(2))) {
      return "the service parameters are cut short";
    }
    if (!all.empty() && parameter.key == all.back().key) {
      return "service parameters name a key twice";
    }
    if (!all.empty() && parameter.key < all.back().key) {
      return "the service parameters are not in the order of their keys";
    }
    all.push_back(parameter);
    wire.remove_prefix(4 + parameter.value.size());
  }
  for (const Parameter& parameter : all) {
    if (std::string wrong = WrongValue(parameter, all); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace understudy::control
