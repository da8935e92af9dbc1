// Families: what Prometheus is told, put together when it asks. README.md lists them.
//
// Used by: exposition.
// Invariant: a family of the instance has a bounded number of samples. Those with a sample for each
// check or group are told piece by piece, for there may be 100,000.
#ifndef UNDERSTUDY_CONTROL_METRICS_FAMILIES_H_
#define UNDERSTUDY_CONTROL_METRICS_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/engine/engine.h"
#include "control/metrics/tallies.h"

namespace understudy::control {

using Families = std::vector<prometheus::MetricFamily>;
using Samples = std::vector<prometheus::ClientMetric>;
using Label = std::pair<std::string_view, std::string_view>;

// What the API's sockets count.
struct DoorCounts {
  uint64_t open = 0;  // over the Unix socket
  bool has_remote = false;
  uint64_t accepted = 0;
  uint64_t displaced = 0;
  uint64_t unauthorized = 0;
  uint64_t forbidden = 0;
  int64_t certificate_expires_s = 0;
};

Families ControlFamilies(const Engine& engine, const Tallies& tallies);
Families ApiFamilies(const Tallies& tallies, const DoorCounts& doors);
Families DataplaneFamilies(const Engine& engine);

// What samples are made of beside the check or the group.
struct Told {
  Moment now;
  const Publisher& publisher;
};

// A family with samples for each check, or for each group.
template <typename Standing>
struct EachFamily {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  void (*add)(const Standing&, const Told& told, Samples& to);
};
const std::vector<EachFamily<CheckStanding>>& FamiliesOfChecks();
const std::vector<EachFamily<GroupStanding>>& FamiliesOfGroups();

// Building blocks.
prometheus::ClientMetric Counter(double value, std::initializer_list<Label> labels = {});
prometheus::ClientMetric Gauge(double value, std::initializer_list<Label> labels = {});
prometheus::ClientMetric Sample(const Histogram& histogram,
                                std::initializer_list<Label> labels = {});
prometheus::MetricFamily CounterFamily(const char* name, const char* help, Samples samples);
prometheus::MetricFamily GaugeFamily(const char* name, const char* help, Samples samples);
// Seconds, of the monotonic clock of shared memory.
double Age_s(uint64_t since_ns, uint64_t now_ns);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_METRICS_FAMILIES_H_
