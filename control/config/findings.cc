#include "control/config/findings.h"

#include <algorithm>
#include <iterator>

namespace understudy::control {
namespace {

constexpr size_t kMaxOwn = 1000;
constexpr size_t kMaxOthers = 10000;

}  // namespace

void Findings::List::Add(ConfigError finding) {
  if (own.size() == kMaxOwn) {
    ++left_out;
    return;
  }
  const auto after = std::upper_bound(own.begin(), own.end(), finding.line,
                                      [](int a, const ConfigError& b) { return a < b.line; });
  own.insert(after, std::move(finding));
}

void Findings::List::AddOther(ConfigError finding) {
  if (others.size() == kMaxOthers) {
    ++others_left_out;
  } else {
    others.push_back(std::move(finding));
  }
}

std::vector<ConfigError> Findings::List::Take() {
  if (left_out > 0) {
    own.push_back({own.front().file, 0, "", std::to_string(left_out) + " more are not shown"});
  }
  if (others_left_out > 0) {
    others.push_back({others.back().file, 0, "",
                      std::to_string(others_left_out) +
                          " more of this master file and those behind it are not shown"});
  }
  own.insert(own.end(), std::make_move_iterator(others.begin()),
             std::make_move_iterator(others.end()));
  return std::move(own);
}

void Findings::Error(int line, std::string field, std::string message) {
  errors_.Add({file_, line, std::move(field), std::move(message)});
}

void Findings::Warn(int line, std::string field, std::string message) {
  warnings_.Add({file_, line, std::move(field), std::move(message)});
}

void Findings::ErrorIn(const std::string& file, int line, std::string message) {
  errors_.AddOther({file, line, "", std::move(message)});
}

void Findings::WarnIn(const std::string& file, int line, std::string message) {
  warnings_.AddOther({file, line, "", std::move(message)});
}

}  // namespace understudy::control
