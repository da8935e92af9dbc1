// Text for people: aligned columns, ages, numbers.
//
// Used by: the printing parts of understudyctl.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_LAYOUT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace understudy::ctl {

// Rows of cells; every column is as wide as its widest cell, two spaces apart, the last one ragged.
// Widths count characters, not octets (UTF-8).
class Columns {
 public:
  explicit Columns(std::vector<std::string> head) { Add(std::move(head)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "850ms", "12s", "5m 12s", "2h 5m", "3d 4h".
std::string Age(absl::Duration age);
// Of a time as the API writes it; "-" when `time` is empty, "never" is the caller's.
std::string AgeOf(std::string_view time, absl::Time now);
// "1,234,567"
std::string Number(uint64_t value);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_LAYOUT_H_
