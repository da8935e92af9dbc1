// A mapping of the configuration and its fields: which keys it knows, whether each is there, and
// whether its value is of the right kind and within its range. Everything that is not so is told.
//
// Used by: the readers of this folder. The keys a reader asks for are the keys the section knows:
// there is no list of them to fall out of step with the code.
#ifndef UNDERSTUDY_CONTROL_CONFIG_SECTION_H_
#define UNDERSTUDY_CONTROL_CONFIG_SECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "control/config/document.h"
#include "control/config/findings.h"

namespace understudy::control {

struct MapEntry {
  std::string_view key;
  int line = 0;  // of the key
  const YamlValue* value = nullptr;
};

// The entries of a map in the order of the file. Anything but a map, keys that are no text, and
// keys that are there twice are told and left out.
std::vector<MapEntry> EntriesOf(const YamlValue& value, const std::string& path,
                                Findings* findings);

// The same where the keys are names that people give: 1..64 of [A-Za-z0-9._-], no '-' or '.' first.
std::vector<MapEntry> NamedEntriesOf(const YamlValue& value, const std::string& path,
                                     Findings* findings);

// The elements of a list; anything else is told, and is none.
std::vector<const YamlValue*> ElementsOf(const YamlValue& value, const std::string& path,
                                         Findings* findings);

// " (did you mean 'interval'?)" when one of `known` is near `text`, else empty.
std::string DidYouMean(std::string_view text, const std::vector<std::string_view>& known);

class Section {
 public:
  // `line`: where what the section lacks is told; 0 is the line on which the value begins.
  Section(const YamlValue& value, std::string path, Findings* findings, int line = 0);

  // False when the value was no map: that is told, and nothing it lacks needs to be.
  bool IsMap() const { return is_map_; }
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // The value under `key`, or null.
  const YamlValue* Take(std::string_view key);

  // The value of the field; nothing when it is not there or is not right, which is told.
  std::optional<std::string> Text(std::string_view key);
  std::optional<int64_t> Number(std::string_view key, int64_t min, int64_t max);
  std::optional<absl::Duration> Duration(std::string_view key, absl::Duration min,
                                         absl::Duration max);
  std::optional<bool> YesNo(std::string_view key);
  // The position in `words` of the field's value, in any letter case.
  std::optional<size_t> Choice(std::string_view key, const std::vector<std::string_view>& words);

  std::string PathOf(std::string_view key) const;
  // At the field's line when it is there, else at the section's.
  void Error(std::string_view key, std::string message);
  void Warn(std::string_view key, std::string message);
  // Tells that the field is not there, unless it is.
  void Require(std::string_view key, std::string_view why = {});
  // Tells every key that nobody asked for. To be called last.
  void RefuseUnknown();

 private:
  const MapEntry* Find(std::string_view key) const;
  int LineOf(std::string_view key) const;

  std::string path_;
  Findings* findings_;
  int line_;
  bool is_map_;
  std::vector<MapEntry> entries_;
  std::vector<std::string_view> known_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_SECTION_H_
