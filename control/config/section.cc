#include "control/config/section.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "control/zone/name.h"

namespace understudy::control {
namespace {

constexpr size_t kMaxGivenName = 64;

std::string Lower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

// A key as part of a path: whatever it holds, the path stays one readable line.
std::string Printable(std::string_view key) {
  const std::string quoted = Quoted(key);
  return quoted.substr(1, quoted.size() - 2);
}

// Levenshtein distance, or anything above `limit` when it is above.
size_t Distance(std::string_view a, std::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

// The entries that are the second or a later one of their key.
std::vector<bool> Repeated(const std::vector<MapEntry>& entries, std::vector<int>* first_lines) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(entries[a].key, a) < std::tie(entries[b].key, b);
  });
  std::vector<bool> repeated(entries.size(), false);
  first_lines->assign(entries.size(), 0);
  size_t first = 0;
  for (size_t i = 1; i < order.size(); ++i) {
    if (entries[order[i]].key != entries[order[first]].key) {
      first = i;
      continue;
    }
    repeated[order[i]] = true;
    (*first_lines)[order[i]] = entries[order[first]].line;
  }
  return repeated;
}

bool IsGivenName(std::string_view name) {
  if (name.empty() || name.size() > kMaxGivenName || name[0] == '-' || name[0] == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

std::string Sub(const std::string& path, std::string_view key) {
  return path.empty() ? Printable(key) : path + "." + Printable(key);
}

}  // namespace

std::vector<MapEntry> EntriesOf(const YamlValue& value, const std::string& path,
                                Findings* findings) {
  std::vector<MapEntry> entries;
  if (value.kind != YamlValue::Kind::kMap) {
    findings->Error(value.line, path,
                    "must be a mapping (key: value), and is " + std::string(KindText(value)));
    return entries;
  }
  for (size_t i = 0; i + 1 < value.children.size(); i += 2) {
    const YamlValue& key = *value.children[i];
    if (key.kind != YamlValue::Kind::kText) {
      findings->Error(key.line, path, "a key must be text, and is " + std::string(KindText(key)));
      continue;
    }
    entries.push_back({key.text, key.line, value.children[i + 1]});
  }
  std::vector<int> first_lines;
  const std::vector<bool> repeated = Repeated(entries, &first_lines);
  std::vector<MapEntry> unique;
  unique.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!repeated[i]) {
      unique.push_back(entries[i]);
      continue;
    }
    findings->Error(entries[i].line, Sub(path, entries[i].key),
                    "is there twice, first on line " + std::to_string(first_lines[i]));
  }
  return unique;
}

std::vector<MapEntry> NamedEntriesOf(const YamlValue& value, const std::string& path,
                                     Findings* findings) {
  std::vector<MapEntry> entries = EntriesOf(value, path, findings);
  std::erase_if(entries, [&](const MapEntry& entry) {
    if (IsGivenName(entry.key)) return false;
    findings->Error(
        entry.line, Sub(path, entry.key),
        "is not a name: allowed are 1 to 64 letters, digits, '.', '_' and '-', the first "
        "no '.' and no '-'");
    return true;
  });
  return entries;
}

std::vector<const YamlValue*> ElementsOf(const YamlValue& value, const std::string& path,
                                         Findings* findings) {
  if (value.kind == YamlValue::Kind::kList) return value.children;
  findings->Error(value.line, path, "must be a list, and is " + std::string(KindText(value)));
  return {};
}

std::string DidYouMean(std::string_view text, const std::vector<std::string_view>& known) {
  constexpr size_t kNear = 2;
  const std::string lower = Lower(text.substr(0, kMaxGivenName + 1));
  std::string_view nearest;
  size_t least = kNear + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = Distance(lower, Lower(candidate), kNear);
    // In a short word every letter counts.
    if (distance < least && distance * 3 <= candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : " (did you mean " + Quoted(nearest) + "?)";
}

Section::Section(const YamlValue& value, std::string path, Findings* findings, int line)
    : path_(std::move(path)),
      findings_(findings),
      line_(line != 0 ? line : value.line),
      is_map_(value.kind == YamlValue::Kind::kMap),
      entries_(EntriesOf(value, path_, findings)) {}

const MapEntry* Section::Find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [key](const MapEntry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

const YamlValue* Section::Take(std::string_view key) {
  known_.push_back(key);
  const MapEntry* entry = Find(key);
  return entry == nullptr ? nullptr : entry->value;
}

std::optional<std::string> Section::Text(std::string_view key) {
  const YamlValue* value = Take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlValue::Kind::kText) return value->text;
  Error(key, "must be a single value, and is " + std::string(KindText(*value)));
  return std::nullopt;
}

std::optional<int64_t> Section::Number(std::string_view key, int64_t min, int64_t max) {
  const std::optional<std::string> text = Text(key);
  if (!text) return std::nullopt;
  int64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, failure] = std::from_chars(text->data(), end, number);
  if (failure == std::errc() && stop == end && number >= min && number <= max) return number;
  Error(key, Quoted(*text) + " is not a whole number from " + std::to_string(min) + " to " +
                 std::to_string(max));
  return std::nullopt;
}

std::optional<absl::Duration> Section::Duration(std::string_view key, absl::Duration min,
                                                absl::Duration max) {
  const std::optional<std::string> text = Text(key);
  if (!text) return std::nullopt;
  // Abseil would also take "0", "inf", signs, and units that nobody needs here.
  const bool plain = text->find_first_not_of("0123456789.hms") == std::string::npos &&
                     text->find_first_of("hms") != std::string::npos;
  absl::Duration duration;
  const bool read = plain && absl::ParseDuration(*text, &duration);
  if (read && duration >= min && duration <= max) return duration;
  const std::string range =
      "from " + absl::FormatDuration(min) + " to " + absl::FormatDuration(max);
  Error(key, read ? Quoted(*text) + " is not " + range
                  : Quoted(*text) + " is not a time: write a number and its unit (ms, s, m, h), " +
                        range);
  return std::nullopt;
}

std::optional<bool> Section::YesNo(std::string_view key) {
  const std::optional<size_t> choice = Choice(key, {"false", "true"});
  return choice ? std::optional(*choice == 1) : std::nullopt;
}

std::optional<size_t> Section::Choice(std::string_view key,
                                      const std::vector<std::string_view>& words) {
  const std::optional<std::string> text = Text(key);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), Lower(*text));
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string allowed;
  for (const std::string_view word : words) {
    if (!allowed.empty()) allowed += ", ";
    allowed += word;
  }
  Error(key, Quoted(*text) + " is not allowed; allowed: " + allowed + DidYouMean(*text, words));
  return std::nullopt;
}

std::string Section::PathOf(std::string_view key) const { return Sub(path_, key); }

int Section::LineOf(std::string_view key) const {
  const MapEntry* entry = Find(key);
  return entry == nullptr ? line_ : entry->line;
}

void Section::Error(std::string_view key, std::string message) {
  findings_->Error(LineOf(key), PathOf(key), std::move(message));
}

void Section::Warn(std::string_view key, std::string message) {
  findings_->Warn(LineOf(key), PathOf(key), std::move(message));
}

void Section::Require(std::string_view key, std::string_view why) {
  if (!is_map_ || Has(key)) return;
  Error(key, why.empty() ? "is missing" : "is missing: " + std::string(why));
}

void Section::RefuseUnknown() {
  for (const MapEntry& entry : entries_) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    findings_->Error(entry.line, PathOf(entry.key),
                     "is not a key of this section" + DidYouMean(entry.key, known_));
  }
}

}  // namespace understudy::control
