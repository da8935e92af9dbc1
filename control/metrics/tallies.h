// Tallies: what only counting can tell: how often and how long, since control was started. All
// else in /metrics is looked up when it is asked for.
//
// Used by: main (feeds it from the engine), api (requests), exposition (shows it). On the loop.
#ifndef UNDERSTUDY_CONTROL_METRICS_TALLIES_H_
#define UNDERSTUDY_CONTROL_METRICS_TALLIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/event/event.h"
#include "control/health/verdict.h"

namespace understudy::control {

inline constexpr size_t kCheckTypeCount = std::size(kCheckTypeWords);
inline constexpr size_t kProbeStageCount = std::size(kProbeStageWords);

class Histogram {
 public:
  // `bounds_s`: upper bounds in seconds, ascending; the last bucket has none.
  explicit Histogram(std::span<const double> bounds_s)
      : bounds_s_(bounds_s), counts_(bounds_s.size() + 1) {}

  void Add(absl::Duration value);

  std::span<const double> bounds_s() const { return bounds_s_; }
  const std::vector<uint64_t>& counts() const { return counts_; }  // not cumulative
  double sum_s() const { return sum_s_; }

 private:
  std::span<const double> bounds_s_;
  std::vector<uint64_t> counts_;
  double sum_s_ = 0;
};

class Tallies {
 public:
  Tallies();

  void CountProbe(const HealthCheck& check, const ProbeResult& result);
  void CountEvent(const Event& event);
  // `route`: a path with its names left out; there are only so many.
  void CountRequest(const std::string& route, unsigned status);

  // By CheckType.
  const std::vector<Histogram>& probe_durations() const { return probe_durations_; }
  const std::array<uint64_t, kCheckTypeCount>& inconclusive() const { return inconclusive_; }
  using Failures = std::array<uint64_t, kProbeStageCount>;  // by ProbeStage
  const std::array<Failures, kCheckTypeCount>& failures() const { return failures_; }
  const std::array<uint64_t, kEventKindCount>& events() const { return events_; }
  const std::map<std::string, uint64_t>& transitions() const { return transitions_; }  // by cause
  // From the decision until every worker answers by it.
  const Histogram& publication() const { return publication_; }
  const std::map<std::pair<std::string, unsigned>, uint64_t>& requests() const { return requests_; }

 private:
  std::vector<Histogram> probe_durations_;
  std::array<uint64_t, kCheckTypeCount> inconclusive_ = {};
  std::array<Failures, kCheckTypeCount> failures_ = {};
  std::array<uint64_t, kEventKindCount> events_ = {};
  std::map<std::string, uint64_t> transitions_;
  Histogram publication_;
  std::map<std::pair<std::string, unsigned>, uint64_t> requests_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_METRICS_TALLIES_H_
