#include "tools/understudyctl/layout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

// Octets of UTF-8 that begin a character.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string TwoUnits(int64_t large, const char* large_unit, int64_t small, const char* small_unit) {
  if (small == 0) return absl::StrCat(large, large_unit);
  return absl::StrCat(large, large_unit, " ", small, small_unit);
}

}  // namespace

std::string Columns::Text() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string Age(absl::Duration age) {
  if (age < absl::ZeroDuration()) age = absl::ZeroDuration();
  if (age < absl::Seconds(1)) return absl::StrCat(absl::ToInt64Milliseconds(age), "ms");
  const int64_t seconds = absl::ToInt64Seconds(age);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return TwoUnits(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return TwoUnits(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return TwoUnits(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string AgeOf(std::string_view time, absl::Time now) {
  absl::Time then;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(time.data(), time.size()), &then,
                       &error)) {
    return "-";
  }
  return Age(now - then);
}

std::string Number(uint64_t value) {
  const std::string digits = absl::StrCat(value);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace understudy::ctl
