// Latencies, counted in buckets whose width grows with the value (the scheme of HdrHistogram, of
// which Debian has no C++ package): every value is known to 1.6 %, from a nanosecond to an hour.
//
// Used by: generator (records, one histogram a worker), main (adds up, reads percentiles).
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_HISTOGRAM_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_HISTOGRAM_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace understudy::load {

class Histogram {
 public:
  void Record(uint64_t value) noexcept {
    ++counts_[BucketOf(value)];
    ++total_;
    max_ = std::max(max_, value);
  }
  void Add(const Histogram& other) {
    for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    max_ = std::max(max_, other.max_);
  }
  uint64_t total() const { return total_; }
  uint64_t max() const { return max_; }
  // The smallest bucket's end that at least `share` of the values do not exceed; 0 without values.
  uint64_t Percentile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += counts_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return std::min(EndOf(i), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned kFineBits = 6;  // 64 buckets for each doubling
  static constexpr size_t kFine = size_t{1} << kFineBits;
  static constexpr unsigned kWidest = 42;  // 2^42 ns is more than an hour
  static constexpr size_t kBuckets = (kWidest - kFineBits + 1) * kFine;

  static size_t BucketOf(uint64_t value) noexcept {
    if (value < kFine) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kFineBits - 1;
    return std::min(size_t{shift} * kFine + (value >> shift), kBuckets - 1);
  }
  static uint64_t EndOf(size_t bucket) noexcept {
    if (bucket < 2 * kFine) return bucket;
    const size_t shift = bucket / kFine - 1;
    return ((kFine + bucket % kFine + 1) << shift) - 1;
  }

  std::vector<uint64_t> counts_ = std::vector<uint64_t>(kBuckets);
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace understudy::load

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDY_LOAD_HISTOGRAM_H_
