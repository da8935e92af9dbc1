#include "dataplane/worker/control_watch.h"

#include <sys/stat.h>

#include <utility>

namespace understudy::worker {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kLookAtRootEveryNs = 100 * kMs;
constexpr uint64_t kRetryAfterNs = 20 * kMs;
constexpr int kMaxAttempts = 5;

}  // namespace

ControlWatch::ControlWatch(const contract::InstancePaths& paths, TableSwap& swap,
                           const contract::ReportWriter& report, uint32_t readers, Log log,
                           std::function<void()> on_thread)
    : paths_(paths),
      swap_(swap),
      report_(report),
      readers_(readers),
      log_(std::move(log)),
      opener_(std::move(on_thread)) {}

void ControlWatch::Start(uint64_t now_ns) {
  LookAtRoot(now_ns);
  if (!root_) return;
  // acquire: the file of this generation has its name before the word is stored.
  wanted_generation_ = (*root_)->table_generation.load(std::memory_order_acquire);
  if (wanted_generation_ == 0) return;
  attempts_ = 1;
  Settle(OpenTable(wanted_generation_, paths_.table(wanted_generation_)), now_ns);
}

void ControlWatch::Tick(uint64_t now_ns) {
  if (now_ns >= look_at_root_ns_) LookAtRoot(now_ns);
  LookAtHeartbeat(now_ns);
  LookAtGeneration(now_ns);
  if (std::optional<OpenedTable> opened = opener_.Take()) Settle(*std::move(opened), now_ns);
  if (const auto retired = swap_.Reclaim()) {
    report_->retired_generation.store(*retired, std::memory_order_relaxed);
  }
  if (now_ns >= beat_ns_) {
    report_.Beat();
    beat_ns_ = now_ns + contract::kHeartbeatIntervalNs;
  }
}

// The file may be missing, of another layout, or replaced by somebody who emptied the directory.
void ControlWatch::LookAtRoot(uint64_t now_ns) {
  look_at_root_ns_ = now_ns + kLookAtRootEveryNs;
  struct stat status = {};
  const bool exists = stat(paths_.root().c_str(), &status) == 0;
  if (exists && root_ && status.st_dev == root_device_ && status.st_ino == root_inode_) return;
  std::string error;
  // The inode was read before the file is mapped: one replaced in between is seen the next time.
  std::optional<contract::RootReader> opened = contract::RootReader::Open(paths_, &error);
  if (!opened) {
    if (error != std::exchange(root_error_, error)) {
      log_("no control yet: " + error + "; looking again every 100 ms");
    }
    root_.reset();
    return;
  }
  root_error_.clear();
  root_ = std::move(opened);
  root_device_ = status.st_dev;
  root_inode_ = status.st_ino;
  wanted_generation_ = 0;  // a new root may count from the start again
}

void ControlWatch::LookAtHeartbeat(uint64_t now_ns) {
  const bool stale = !root_ || root_->IsStale(now_ns);
  // relaxed: a setting, which orders nothing.
  if (root_) {
    policy_ =
        static_cast<contract::StalePolicy>((*root_)->stale_policy.load(std::memory_order_relaxed));
  }
  swap_.SetStaleness(stale ? StalenessOf(policy_) : Staleness::kFresh);
  if (stale == std::exchange(stale_, stale)) return;
  report_->control_stale.store(stale ? 1 : 0, std::memory_order_relaxed);
  if (stale) {
    report_->control_stale_count.fetch_add(1, std::memory_order_relaxed);
    log_(swap_.current() != nullptr
             ? "control is silent: answers go on from the last table"
             : "control is silent and there is no table: SERVFAIL until then");
  } else {
    log_("control is alive");
  }
}

void ControlWatch::LookAtGeneration(uint64_t now_ns) {
  if (!root_) return;
  // acquire: the file of this generation has its name before the word is stored.
  const uint64_t generation = (*root_)->table_generation.load(std::memory_order_acquire);
  if (generation == 0) return;
  if (generation != wanted_generation_) {
    wanted_generation_ = generation;
    attempts_ = 0;
  } else if (retry_ns_ == 0 || now_ns < retry_ns_) {
    return;
  }
  retry_ns_ = 0;
  ++attempts_;
  opener_.Request(generation, paths_.table(generation));
}

void ControlWatch::Settle(OpenedTable opened, uint64_t now_ns) {
  if (opened.table) {
    std::string error;
    const uint64_t started_ns = report_->started_ns.load(std::memory_order_relaxed);
    auto counts =
        contract::GroupCountsWriter::Create(paths_, started_ns, *opened.table, readers_, &error);
    if (!counts) log_("answers are not counted by group: " + error);
    swap_.Adopt(std::move(opened.table), std::move(counts));
    report_->adopted_ns.store(now_ns, std::memory_order_relaxed);
    report_->adopted_count.fetch_add(1, std::memory_order_relaxed);
    // release: whoever sees the generation sees when it was adopted.
    report_->table_generation.store(opened.generation, std::memory_order_release);
    log_("adopted table generation " + std::to_string(opened.generation));
    return;
  }
  if (opened.refusal == contract::Refusal::kMissing) {
    // Control swung on and unlinked the file since we read the word: no fault of anybody.
    if (opened.generation != wanted_generation_) return;
    if (attempts_ < kMaxAttempts) {
      retry_ns_ = now_ns + kRetryAfterNs;
      return;
    }
  }
  report_->refused_generation.store(opened.generation, std::memory_order_relaxed);
  report_->refused_reason.store(static_cast<uint64_t>(opened.refusal), std::memory_order_relaxed);
  report_->refused_count.fetch_add(1, std::memory_order_release);
  log_("refused table generation " + std::to_string(opened.generation) + " (" +
       std::string(contract::WordOf(opened.refusal)) + "): " + opened.error +
       (swap_.current() != nullptr ? "; the table before it goes on" : ""));
}

}  // namespace understudy::worker
