#include "control/health/phase.h"

#include <algorithm>
#include <cstdint>

namespace understudy::control {
namespace {

constexpr absl::Duration kSoon = absl::Seconds(1);
constexpr int64_t kFirstRoundPerSecond = 5000;

// FNV-1a over the name, then MurmurHash3's finalizer, so that names that differ in their last digit
// differ everywhere.
uint64_t Hash(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

absl::Duration Fraction(absl::Duration whole, uint64_t bits32) {
  return whole * (static_cast<double>(bits32) / static_cast<double>(1ull << 32));
}

}  // namespace

absl::Duration SoonFor(size_t checks) {
  return std::max(kSoon, absl::Seconds(1) * static_cast<int64_t>(checks) / kFirstRoundPerSecond);
}

absl::Duration FirstDelay(std::string_view name, absl::Duration interval, absl::Duration soon) {
  return Fraction(std::min(interval, soon), Hash(name) >> 32);
}

absl::Duration SecondDelay(std::string_view name, absl::Duration interval, absl::Duration soon) {
  if (interval <= soon) return interval;
  return Fraction(interval, Hash(name) & 0xffffffff);
}

}  // namespace understudy::control
