#include "dataplane/contract/report.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace understudy::contract {
namespace {

bool IsReport(const Mapping& mapping) {
  if (mapping.size() < sizeof(ReportSegment)) return false;
  const auto* report = reinterpret_cast<const ReportSegment*>(mapping.data());
  // acquire: pairs with the release that stores version last.
  return report->version.load(std::memory_order_acquire) == kReportVersion &&
         report->magic == kReportMagic;
}

// One writer per counter, so a load and a store do what a locked increment would, without the lock.
void Add(std::atomic<uint64_t>& counter, uint64_t count) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

}  // namespace

std::optional<ReportWriter> ReportWriter::Create(const InstancePaths& paths, std::string* error) {
  ReportWriter writer;
  const std::string aside = paths.report() + ".tmp";
  writer.mapping_ = Mapping::Create(aside, sizeof(ReportSegment), error);
  if (!writer.mapping_) return std::nullopt;
  ReportSegment& report = *writer.operator->();
  report.magic = kReportMagic;
  report.pid.store(getpid(), std::memory_order_relaxed);
  report.started_ns.store(MonotonicNs(), std::memory_order_relaxed);
  report.heartbeat_interval_ns = kHeartbeatIntervalNs;
  writer.Beat();
  // release: whoever sees the version sees the fields before it.
  report.version.store(kReportVersion, std::memory_order_release);
  if (rename(aside.c_str(), paths.report().c_str()) != 0) {
    *error = "cannot rename " + aside + " to " + paths.report() + ": " + std::strerror(errno);
    unlink(aside.c_str());
    return std::nullopt;
  }
  return writer;
}

void ReportWriter::Beat() const {
  // relaxed: a sign of life orders nothing.
  (*this)->heartbeat_ns.store(MonotonicNs(), std::memory_order_relaxed);
}

WorkerSlot* ReportWriter::AddWorker(std::string_view name) const {
  ReportSegment& report = *operator->();
  const uint64_t index = report.worker_count.load(std::memory_order_relaxed);
  if (index >= kMaxWorkers) return nullptr;
  WorkerSlot& slot = report.workers[index];
  const size_t length = std::min(name.size(), sizeof(slot.name) - 1);
  std::memcpy(slot.name, name.data(), length);
  // release: a reader that counts this slot finds its name.
  report.worker_count.store(index + 1, std::memory_order_release);
  return &slot;
}

void AddTo(WorkerSlot& slot, const Tally& tally) noexcept {
  Add(slot.received, tally.received);
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    if (tally.outcomes[i] != 0) Add(slot.outcomes[i], tally.outcomes[i]);
  }
  for (size_t i = 0; i < kAnsweredByCount; ++i) {
    if (tally.answered_by[i] != 0) Add(slot.answered_by[i], tally.answered_by[i]);
  }
}

std::optional<ReportReader> ReportReader::Open(const InstancePaths& paths, std::string* error) {
  ReportReader reader;
  reader.path_ = paths.report();
  // The inode is read before the mapping: a file replaced in between then counts as replaced.
  struct stat status = {};
  if (stat(reader.path_.c_str(), &status) != 0) {
    *error = "cannot look at " + reader.path_ + ": " + std::strerror(errno);
    return std::nullopt;
  }
  reader.device_ = status.st_dev;
  reader.inode_ = status.st_ino;
  reader.mapping_ = Mapping::OpenReadOnly(reader.path_, error);
  if (!reader.mapping_) return std::nullopt;
  if (!IsReport(reader.mapping_)) {
    *error = reader.path_ + " is not a report of layout version " + std::to_string(kReportVersion);
    return std::nullopt;
  }
  return reader;
}

bool ReportReader::IsReplaced() const {
  struct stat status = {};
  if (stat(path_.c_str(), &status) != 0) return true;
  return status.st_dev != device_ || status.st_ino != inode_;
}

bool ReportReader::IsStale(uint64_t now_ns) const {
  const uint64_t beat_ns = (*this)->heartbeat_ns.load(std::memory_order_relaxed);
  return now_ns > beat_ns && now_ns - beat_ns > StaleAfterNs((*this)->heartbeat_interval_ns);
}

Tally ReportReader::Sum() const {
  Tally sum;
  const ReportSegment& report = *operator->();
  const uint64_t count =
      std::min<uint64_t>(report.worker_count.load(std::memory_order_acquire), kMaxWorkers);
  for (uint64_t i = 0; i < count; ++i) {
    const WorkerSlot& slot = report.workers[i];
    sum.received += slot.received.load(std::memory_order_relaxed);
    for (size_t j = 0; j < kOutcomeCount; ++j) {
      sum.outcomes[j] += slot.outcomes[j].load(std::memory_order_relaxed);
    }
    for (size_t j = 0; j < kAnsweredByCount; ++j) {
      sum.answered_by[j] += slot.answered_by[j].load(std::memory_order_relaxed);
    }
  }
  return sum;
}

}  // namespace understudy::contract
