// What a load brought, added up over its workers, for people and as JSON.
//
// Used by: main (every second, and at the end).
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_REPORT_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_REPORT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "tools/understudy-load/generator.h"

namespace understudy::load {

struct Sums {
  uint64_t sent = 0, received = 0, checked = 0, unexpected = 0, foreign = 0, held_back = 0;
  uint64_t trickle_sent = 0, trickle_received = 0;
  std::array<uint64_t, kVerdictCount> verdicts{};

  uint64_t lost() const { return sent > received ? sent - received : 0; }
  uint64_t wrong() const {
    return std::accumulate(verdicts.begin(), verdicts.end(), uint64_t{0}) -
           verdicts[static_cast<size_t>(Verdict::kRight)];
  }
};
using Generators = std::vector<std::unique_ptr<Generator>>;
Sums SumOf(const Generators& generators);

// One line of a run under way: what happened since `before`, `seconds` ago.
std::string LineOf(const Sums& before, const Sums& now, double seconds);

// Once all generators are over.
std::string TextOf(const Generators& generators);
std::string JsonOf(const Generators& generators);

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_REPORT_H_
