#include "tools/understudyctl/traffic.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "dataplane/contract/root.h"
#include "dataplane/contract/selection.h"

namespace understudy::ctl {
namespace {

double SecondsBetween(uint64_t then_ns, uint64_t now_ns) {
  return now_ns > then_ns ? static_cast<double>(now_ns - then_ns) / 1e9 : 0;
}

WorkerReading WorkerOf(const contract::WorkerSlot& slot) {
  WorkerReading worker;
  worker.name = std::string(slot.name, strnlen(slot.name, sizeof(slot.name)));
  worker.idle = slot.observed.load() == 0;
  worker.selection = contract::GenerationOf(slot.last_observed.load());
  worker.table = slot.table_generation.load();
  worker.received = slot.received.load();
  for (size_t i = 0; i < worker.outcomes.size(); ++i) worker.outcomes[i] = slot.outcomes[i].load();
  for (size_t i = 0; i < worker.answered_by.size(); ++i) {
    worker.answered_by[i] = slot.answered_by[i].load();
  }
  return worker;
}

}  // namespace

Reading TrafficReader::Read() {
  Reading reading;
  reading.at_ns = contract::MonotonicNs();
  reading.control.alive = contract::OwnerLock::IsHeld(instance_.paths.control_lock());
  std::string error;
  if (const auto root = contract::RootReader::Open(instance_.paths, &error)) {
    reading.control.pid = (*root)->pid.load();
    reading.control.stale = root->IsStale(reading.at_ns);
    reading.control.heartbeat_age_s = SecondsBetween((*root)->heartbeat_ns.load(), reading.at_ns);
    reading.control.up_s = SecondsBetween((*root)->started_ns.load(), reading.at_ns);
    reading.table_current = (*root)->table_generation.load();
  } else {
    reading.errors.push_back(absl::StrCat("no root segment: ", error));
  }
  ReadDataplane(reading);
  ReadTable(reading);
  return reading;
}

void TrafficReader::ReadDataplane(Reading& reading) const {
  reading.dataplane.alive = contract::OwnerLock::IsHeld(instance_.paths.dataplane_lock());
  std::string error;
  const auto report = contract::ReportReader::Open(instance_.paths, &error);
  if (!report) {
    if (reading.dataplane.alive) reading.errors.push_back(absl::StrCat("no report: ", error));
    return;
  }
  const contract::ReportSegment& segment = *report->operator->();
  reading.dataplane.pid = segment.pid.load();
  reading.dataplane.stale = report->IsStale(reading.at_ns);
  reading.dataplane.heartbeat_age_s = SecondsBetween(segment.heartbeat_ns.load(), reading.at_ns);
  reading.dataplane_started_ns = segment.started_ns.load();
  reading.dataplane.up_s = SecondsBetween(reading.dataplane_started_ns, reading.at_ns);
  if (!reading.dataplane.alive) return;  // what it left tells nothing of now
  reading.table_adopted = segment.table_generation.load();
  const uint64_t count = std::min<uint64_t>(segment.worker_count.load(), contract::kMaxWorkers);
  for (uint64_t i = 0; i < count; ++i) reading.workers.push_back(WorkerOf(segment.workers[i]));
}

// The table that is answered from: the adopted one, which may be older than the current one.
void TrafficReader::ReadTable(Reading& reading) {
  const uint64_t generation =
      reading.table_adopted != 0 ? reading.table_adopted : reading.table_current;
  if (generation == 0) return;
  if (table_ == nullptr || table_->generation() != generation) {
    contract::Refusal refusal = contract::Refusal::kNone;
    std::string error;
    table_ = contract::Table::Open(instance_.paths.table(generation), &refusal, &error);
    if (table_ == nullptr) {
      reading.errors.push_back(absl::StrCat("table ", generation, " cannot be read: ", error));
      return;
    }
    names_ = NamesOf(*table_);
    counts_.reset();
  }
  ReadGroups(reading);
  uint64_t live = 0;
  const std::vector<contract::Choice> choices = contract::SnapshotChoices(*table_, &live);
  if (choices.empty()) return;
  reading.selection = contract::GenerationOf(live);
  reading.groups = choices.size() - 1;
  for (uint32_t i = 1; i < choices.size(); ++i) {
    if (choices[i] == contract::Choice::kPrimary) continue;
    if (reading.strays++ < kMaxStrays) {
      reading.stray.push_back(
          {std::string(table_->GroupName(i)), std::string(contract::WordOf(choices[i]))});
    }
  }
}

// Without counts there are no rates of groups, and that is all: the dataplane has said why.
void TrafficReader::ReadGroups(Reading& reading) {
  if (!reading.dataplane.alive || reading.table_adopted != table_->generation()) return;
  if (!counts_ || counts_of_ns_ != reading.dataplane_started_ns) {
    std::string absent;
    counts_of_ns_ = reading.dataplane_started_ns;
    counts_ = contract::GroupCountsReader::Open(instance_.paths, counts_of_ns_,
                                                table_->generation(), &absent);
  }
  if (counts_) reading.group_traffic = ReadGroupTraffic(*counts_, table_->generation(), names_);
}

Rates RatesBetween(const Reading& before, const Reading& after) {
  Rates rates;
  const double seconds = SecondsBetween(before.at_ns, after.at_ns);
  rates.known = seconds > 0 && after.dataplane_started_ns != 0 &&
                before.dataplane_started_ns == after.dataplane_started_ns &&
                before.workers.size() <= after.workers.size();
  if (rates.known) {
    rates.busiest = BusiestBetween(before.group_traffic, after.group_traffic, seconds, kMaxBusiest);
  }
  for (size_t i = 0; i < after.workers.size(); ++i) {
    const WorkerReading& now = after.workers[i];
    rates.workers.push_back({.name = now.name, .idle = now.idle, .selection = now.selection});
    if (!rates.known) continue;
    const WorkerReading then = i < before.workers.size() ? before.workers[i] : WorkerReading();
    const auto rate = [seconds](uint64_t from, uint64_t to) {
      return to > from ? static_cast<double>(to - from) / seconds : 0;
    };
    rates.workers.back().received = rate(then.received, now.received);
    rates.received += rates.workers.back().received;
    for (size_t j = 0; j < rates.outcomes.size(); ++j) {
      rates.outcomes[j] += rate(then.outcomes[j], now.outcomes[j]);
    }
    for (size_t j = 0; j < rates.answered_by.size(); ++j) {
      rates.answered_by[j] += rate(then.answered_by[j], now.answered_by[j]);
    }
  }
  return rates;
}

}  // namespace understudy::ctl
