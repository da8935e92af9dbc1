#include "control/zone/name.h"

#include <cstdint>

#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One octet of a label, escapes resolved (RFC 1035 5.1). Moves `at` past it.
std::string TakeOctet(std::string_view text, size_t* at, char* octet) {
  const char c = text[*at];
  if (c != '\\') {
    if (static_cast<uint8_t>(c) >= 0x80)
      return "has a character outside ASCII: write its xn-- form";
    if (c <= ' ' || c == 0x7f) return "has a space or control character: write it as \\DDD";
    if (c == '"' || c == '(' || c == ')' || c == ';') {
      return std::string("has an unescaped ") + c + ": write a backslash before it";
    }
    *octet = c;
    ++*at;
    return {};
  }
  const size_t left = text.size() - *at;
  if (left < 2) return "ends in a backslash";
  if (!IsDigit(text[*at + 1])) {
    *octet = text[*at + 1];
    *at += 2;
    return {};
  }
  if (left < 4 || !IsDigit(text[*at + 2]) || !IsDigit(text[*at + 3])) {
    return "has an escape that is not \\DDD with three digits";
  }
  const int value =
      (text[*at + 1] - '0') * 100 + (text[*at + 2] - '0') * 10 + (text[*at + 3] - '0');
  if (value > 255) return "has an escape above \\255";
  *octet = static_cast<char>(value);
  *at += 4;
  return {};
}

// Appends the labels of `text` without the root label. `absolute`: it had its final dot.
std::string AppendLabels(std::string_view text, LetterCase letters, std::string* wire,
                         bool* absolute) {
  size_t length_at = wire->size();
  wire->push_back('\0');
  *absolute = false;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (wire->size() - length_at == 1) return "has an empty label";
      (*wire)[length_at] = static_cast<char>(wire->size() - length_at - 1);
      if (++at == text.size()) {
        *absolute = true;
        return {};
      }
      length_at = wire->size();
      wire->push_back('\0');
      continue;
    }
    char octet = 0;
    if (std::string wrong = TakeOctet(text, &at, &octet); !wrong.empty()) return wrong;
    if (letters == LetterCase::kLower && octet >= 'A' && octet <= 'Z') {
      octet = static_cast<char>(octet + ('a' - 'A'));
    }
    if (wire->size() - length_at > kMaxLabelOctets) return "has a label of more than 63 octets";
    wire->push_back(octet);
  }
  (*wire)[length_at] = static_cast<char>(wire->size() - length_at - 1);
  return {};
}

}  // namespace

std::string AppendName(std::string_view text, std::string_view origin, LetterCase letters,
                       std::string* wire) {
  const size_t start = wire->size();
  if (text.empty()) return "a name is empty";
  if (text == ".") {
    wire->push_back('\0');
    return {};
  }
  bool absolute = false;
  std::string wrong = AppendLabels(text, letters, wire, &absolute);
  if (wrong.empty() && !absolute && origin.empty()) wrong = "is relative: it needs its final dot";
  if (wrong.empty()) {
    if (absolute) {
      wire->push_back('\0');
    } else {
      wire->append(origin);
    }
    if (wire->size() - start > kMaxNameOctets) wrong = "is longer than 255 octets";
  }
  if (wrong.empty()) return {};
  wire->resize(start);
  return "the name " + Quoted(text) + " " + wrong;
}

size_t NameOctets(std::string_view wire) {
  size_t at = 0;
  while (at < wire.size() && at < kMaxNameOctets) {
    const size_t label = static_cast<uint8_t>(wire[at]);
    if (label == 0) return at + 1;
    if (label > kMaxLabelOctets) return 0;
    at += 1 + label;
  }
  return 0;
}

bool IsAtOrBelow(std::string_view name, std::string_view ancestor) {
  while (name.size() > ancestor.size()) {
    const size_t step = 1 + static_cast<size_t>(static_cast<uint8_t>(name[0]));
    if (step == 1 || step > name.size()) return false;
    name.remove_prefix(step);
  }
  return name == ancestor;
}

std::string DecimalEscape(uint8_t octet) {
  return {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
          static_cast<char>('0' + octet % 10)};
}

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string quoted = "'";
  for (const char c : text.substr(0, kLongest)) {
    if (c < ' ' || c == 0x7f) {  // above 0x7f too: char is signed
      quoted += DecimalEscape(static_cast<uint8_t>(c));
    } else {
      quoted += c;
    }
  }
  if (text.size() > kLongest) quoted += "...";
  return quoted + "'";
}

absl::StatusOr<std::string> NameToWire(std::string_view text) {
  std::string wire;
  const std::string wrong = AppendName(text, kRootName, LetterCase::kLower, &wire);
  if (!wrong.empty()) return absl::InvalidArgumentError(wrong);
  return wire;
}

std::string NameToText(std::string_view wire) {
  if (wire == kRootName) return ".";
  constexpr std::string_view kEscaped = ".\\\"();@$";
  std::string text;
  const size_t octets = NameOctets(wire);
  for (size_t at = 0; at + 1 < octets;) {
    const size_t end = at + 1 + static_cast<uint8_t>(wire[at]);
    for (++at; at < end; ++at) {
      const char c = wire[at];
      if (c <= ' ' || c == 0x7f) {  // above 0x7f too: char is signed
        text += DecimalEscape(static_cast<uint8_t>(c));
      } else {
        if (kEscaped.find(c) != std::string_view::npos) text += '\\';
        text += c;
      }
    }
    text += '.';
  }
  return text;
}

}  // namespace understudy::control
