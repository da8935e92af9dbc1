#include "control/metrics/tallies.h"

#include <algorithm>

namespace understudy::control {
namespace {

constexpr double kProbeBounds_s[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                     0.1,    0.25,  0.5,    1,     2.5,  5,     10};
constexpr double kPublicationBounds_s[] = {5e-6, 1e-5,   2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4,
                                           1e-3, 2.5e-3, 5e-3,   1e-2, 0.1,  1,      5};

}  // namespace

void Histogram::Add(absl::Duration value) {
  const double seconds = absl::ToDoubleSeconds(value);
  const auto bucket = std::ranges::lower_bound(bounds_s_, seconds);
  ++counts_[static_cast<size_t>(bucket - bounds_s_.begin())];
  sum_s_ += seconds;
}

Tallies::Tallies()
    : probe_durations_(kCheckTypeCount, Histogram(kProbeBounds_s)),
      publication_(kPublicationBounds_s) {}

void Tallies::CountProbe(const HealthCheck& check, const ProbeResult& result) {
  const auto type = static_cast<size_t>(check.type);
  if (!result.conclusive) {
    ++inconclusive_[type];
    return;
  }
  probe_durations_[type].Add(result.took);
  if (!result.success) ++failures_[type][static_cast<size_t>(result.stage)];
}

void Tallies::CountEvent(const Event& event) {
  ++events_[static_cast<size_t>(event.kind)];
  if (event.kind == EventKind::kGroupChanged) ++transitions_[event.cause];
  if (event.kind == EventKind::kSelectionObserved) publication_.Add(event.took);
}

void Tallies::CountRequest(const std::string& route, unsigned status) {
  ++requests_[{route, status}];
}

}  // namespace understudy::control
