#include "dataplane/contract/report.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace understudy::contract {
namespace {

bool IsReport(const Mapping& mapping) {
  if (mapping.size() < sizeof(ReportSegment)) return false;
  const auto* report = reinterpret_cast<const ReportSegment*>(mapping.data());
  // acquire: pairs with the release that stores version last.
  return report->version.load(std::memory_order_acquire) == kReportVersion &&
         report->magic == kReportMagic;
}

std::string AsideOf(const InstancePaths& paths) { return paths.report() + ".tmp"; }
std::string KeptOf(const InstancePaths& paths) { return paths.report() + ".before"; }

void AddSlot(const WorkerSlot& slot, Tally& sum) noexcept {
  sum.received += slot.received.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    sum.outcomes[i] += slot.outcomes[i].load(std::memory_order_relaxed);
  }
  for (size_t i = 0; i < kAnsweredByCount; ++i) {
    sum.answered_by[i] += slot.answered_by[i].load(std::memory_order_relaxed);
  }
}

// One writer per counter, so a load and a store do what a locked increment would, without the lock.
void Add(std::atomic<uint64_t>& counter, uint64_t count) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

}  // namespace

std::optional<ReportWriter> ReportWriter::Create(const InstancePaths& paths, std::string* error) {
  std::optional<ReportWriter> writer = CreateAside(paths, error);
  if (writer) *error = writer->Publish(paths);
  return error->empty() ? std::move(writer) : std::nullopt;
}

std::optional<ReportWriter> ReportWriter::CreateAside(const InstancePaths& paths,
                                                      std::string* error) {
  ReportWriter writer;
  error->clear();
  writer.mapping_ = Mapping::Create(AsideOf(paths), sizeof(ReportSegment), error);
  if (!writer.mapping_) return std::nullopt;
  ReportSegment& report = *writer.operator->();
  report.magic = kReportMagic;
  report.pid.store(getpid(), std::memory_order_relaxed);
  report.started_ns.store(MonotonicNs(), std::memory_order_relaxed);
  report.heartbeat_interval_ns = kHeartbeatIntervalNs;
  writer.Beat();
  // release: whoever sees the version sees the fields before it.
  report.version.store(kReportVersion, std::memory_order_release);
  return writer;
}

std::string ReportWriter::Publish(const InstancePaths& paths) const {
  Beat();
  if (rename(AsideOf(paths).c_str(), paths.report().c_str()) == 0) return "";
  std::string error =
      "cannot rename " + AsideOf(paths) + " to " + paths.report() + ": " + std::strerror(errno);
  unlink(AsideOf(paths).c_str());
  return error;
}

// None of these is worth an error: without the second name a report that was replaced stays so.
void ReportWriter::Keep(const InstancePaths& paths) {
  Forget(paths);
  if (link(paths.report().c_str(), KeptOf(paths).c_str()) != 0) errno = 0;
}

void ReportWriter::Restore(const InstancePaths& paths) const {
  std::string unreadable;  // of another layout: what it has counted is lost
  const auto other = ReportReader::Open(paths, &unreadable);
  if (other && (*other)->started_ns.load() != (*this)->started_ns.load()) {
    ReportSegment& report = *operator->();
    AddTo(report.before, other->OwnSum());
    Add(report.before.stale_answers, other->OwnStaleAnswers());
  }
  // Of two names of the same file rename removes none.
  if (rename(KeptOf(paths).c_str(), paths.report().c_str()) == 0) Forget(paths);
}

void ReportWriter::Forget(const InstancePaths& paths) { unlink(KeptOf(paths).c_str()); }

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

WorkerSlot* ReportWriter::SlotOf(std::string_view name) const {
  ReportSegment& report = *operator->();
  const uint64_t count = report.worker_count.load(std::memory_order_relaxed);
  name = name.substr(0, sizeof(WorkerSlot::name) - 1);  // as AddWorker keeps it
  for (uint64_t i = 0; i < count; ++i) {
    if (name == report.workers[i].name) return &report.workers[i];
  }
  return AddWorker(name);
}

void ReportWriter::Continue(const ReportReader& before) const {
  ReportSegment& report = *operator->();
  report.predecessor.store(before->pid.load(std::memory_order_relaxed), std::memory_order_relaxed);
  AddTo(report.before, before.Sum());
  Add(report.before.stale_answers, before.StaleAnswers());
  // Whoever asks meanwhile whether workers move is told of those before.
  report.workers_moved_ns.store(before->workers_moved_ns.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
  for (const auto counter : {&ReportSegment::adopted_count, &ReportSegment::refused_count,
                             &ReportSegment::control_stale_count}) {
    Add(report.*counter, (*before.operator->().*counter).load(std::memory_order_relaxed));
  }
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
  reader.kept_path_ = KeptOf(paths);
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

bool ReportReader::IsForGood() const {
  // In this order: what puts it back takes the kept name away in the same step.
  return access(kept_path_.c_str(), F_OK) != 0 && !IsReplaced();
}

bool ReportReader::IsStale(uint64_t now_ns) const {
  const uint64_t beat_ns = (*this)->heartbeat_ns.load(std::memory_order_relaxed);
  return now_ns > beat_ns && now_ns - beat_ns > StaleAfterNs((*this)->heartbeat_interval_ns);
}

Tally ReportReader::Sum() const {
  Tally sum = OwnSum();
  AddSlot((*this)->before, sum);
  return sum;
}

Tally ReportReader::OwnSum() const {
  Tally sum;
  for (uint64_t i = 0; i < WorkerCount(); ++i) AddSlot((*this)->workers[i], sum);
  return sum;
}

uint64_t ReportReader::StaleAnswers() const {
  return (*this)->before.stale_answers.load(std::memory_order_relaxed) + OwnStaleAnswers();
}

uint64_t ReportReader::OwnStaleAnswers() const {
  const ReportSegment& report = *operator->();
  uint64_t sum = 0;
  for (uint64_t i = 0; i < WorkerCount(); ++i) {
    sum += report.workers[i].stale_answers.load(std::memory_order_relaxed);
  }
  return sum;
}

uint64_t ReportReader::WorkerCount() const {
  // acquire: pairs with AddWorker; never more than there is room for, whatever the file says.
  return std::min<uint64_t>((*this)->worker_count.load(std::memory_order_acquire), kMaxWorkers);
}

}  // namespace understudy::contract
