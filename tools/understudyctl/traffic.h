// Traffic: what the shared memory says at one moment, and how fast the counters grew between two.
// It is read directly, so it works when control is dead, and costs the dataplane nothing.
//
// Used by: top.
// Invariants
//  1. Rates are told only between two readings of one life of the dataplane: counters of a new one
//     start at zero.
//  2. The table is mapped once for each generation, however often it is looked at.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TRAFFIC_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TRAFFIC_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/contract/outcome.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/table.h"
#include "tools/understudyctl/group_traffic.h"
#include "tools/understudyctl/instance.h"

namespace understudy::ctl {

struct WorkerReading {
  std::string name;
  bool idle = false;
  uint64_t selection = 0;
  uint64_t table = 0;
  uint64_t received = 0;
  std::array<uint64_t, contract::kOutcomeCount> outcomes = {};
  std::array<uint64_t, contract::kAnsweredByCount> answered_by = {};
};

// A group that is not answered by its primary.
struct StrayGroup {
  std::string name;
  std::string answer;
};

struct Process {
  bool alive = false;
  bool stale = false;
  int64_t pid = 0;
  double heartbeat_age_s = 0;
  double up_s = 0;
};

struct Reading {
  uint64_t at_ns = 0;
  Process control;
  Process dataplane;
  uint64_t dataplane_started_ns = 0;  // one life of its counters; 0: there is none
  std::vector<WorkerReading> workers;
  uint64_t table_current = 0;
  uint64_t table_adopted = 0;
  uint64_t selection = 0;
  size_t groups = 0;
  size_t strays = 0;              // groups not on their primary
  std::vector<StrayGroup> stray;  // the first kMaxStrays of them
  GroupTraffic group_traffic;
  std::vector<std::string> errors;  // what could not be read
};
inline constexpr size_t kMaxStrays = 100;
inline constexpr size_t kMaxBusiest = 10;

class TrafficReader {
 public:
  explicit TrafficReader(Instance instance) : instance_(std::move(instance)) {}
  Reading Read();

 private:
  void ReadDataplane(Reading& reading) const;
  void ReadTable(Reading& reading);
  void ReadGroups(Reading& reading);

  const Instance instance_;
  std::unique_ptr<const contract::Table> table_;
  GroupNames names_;                                   // of the groups of table_
  std::optional<contract::GroupCountsReader> counts_;  // of that table
  uint64_t counts_of_ns_ = 0;                          // the life of the dataplane that made them
};

// A second.
struct WorkerRate {
  std::string name;
  bool idle = false;
  uint64_t selection = 0;
  double received = 0;
};
struct Rates {
  bool known = false;
  double received = 0;
  std::array<double, contract::kOutcomeCount> outcomes = {};
  std::array<double, contract::kAnsweredByCount> answered_by = {};
  std::vector<WorkerRate> workers;
  std::vector<GroupRate> busiest;
};
Rates RatesBetween(const Reading& before, const Reading& after);

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_TRAFFIC_H_
