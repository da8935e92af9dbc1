// YAML text to a tree of values that know their lines.
//
// Used by: the readers of this folder.
// Built from events and not from a library's nodes, because those take a key that stands twice
// without a word, and lose which of the two was meant.
//
// Invariants
//  1. Parsing ends within bounds whatever the text: its size, its nesting (500 deep) and
//     the number of values with every alias written out are limited.
//  2. Values live as long as the document; an alias is the very value it names.
#ifndef UNDERSTUDY_CONTROL_CONFIG_DOCUMENT_H_
#define UNDERSTUDY_CONTROL_CONFIG_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::control {

// A value takes some 100 octets of memory, and as little as two of these.
inline constexpr size_t kMaxConfigOctets = size_t{16} << 20;
inline constexpr uint64_t kMaxConfigValues = 4'000'000;

struct YamlValue {
  enum class Kind : uint8_t { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  int line = 0;
  std::string text;
  std::vector<const YamlValue*> children;  // of a map: key, value, key, value, ...
};

// "text", "a list", ... for messages.
std::string_view KindText(const YamlValue& value);

struct YamlDocument {
  std::deque<YamlValue> values;
  const YamlValue* root = nullptr;  // null when there is an error
  std::string error;
  int error_line = 0;
};

YamlDocument ParseYaml(std::string_view text);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_DOCUMENT_H_
