#include "dataplane/sign_of_life.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace understudy {
namespace {

constexpr uint64_t kLookEveryNs = 100'000'000;

std::string NameOfSlowest(const contract::ReportSegment& report) {
  const uint64_t slowest = report.slowest_worker.load(std::memory_order_relaxed);
  return report.workers[std::min<uint64_t>(slowest, contract::kMaxWorkers - 1)].name;
}

}  // namespace

std::string SignOfLife::Status(const std::string& troubles) const {
  // relaxed: numbers for people.
  const contract::ReportSegment& report = *report_.operator->();
  const uint64_t generation = report.table_generation.load(std::memory_order_relaxed);
  std::string text;
  if (generation == 0) {
    text = "Waiting for a table of control, SERVFAIL until then";
  } else {
    text = "Answers from table " + std::to_string(generation);
    if (report.control_stale.load(std::memory_order_relaxed) != 0) text += ", control is silent";
  }
  text += ":" + places_;
  if (!troubles.empty()) text += "; " + troubles;
  if (!stuck_.empty()) text += "; does not move: " + stuck_;
  return text;
}

void SignOfLife::Ready(std::string places) {
  places_ = std::move(places);
  supervisor_.Ready(Status(""));
}

void SignOfLife::LookAtThreads(uint64_t now_ns, bool are_workers_there) {
  const bool all_move = !are_workers_there || pulse_.IsBeating(now_ns);
  const std::string stuck = all_move ? "" : NameOfSlowest(*report_.operator->());
  if (stuck != std::exchange(stuck_, stuck)) {
    if (stuck.empty()) {
      spdlog::info("all workers move again");
    } else {
      spdlog::error("does not move: {}{}", stuck,
                    supervisor_.watchdog_ns() == 0 ? "" : "; the watchdog is not fed");
    }
  }
  if (!stuck.empty() || now_ns < feed_ns_) return;
  feed_ns_ = now_ns + supervisor_.watchdog_ns() / 4;
  supervisor_.Feed();
}

void SignOfLife::Tick(uint64_t now_ns, bool are_workers_there, const std::string& troubles) {
  if (now_ns < look_ns_) return;
  look_ns_ = now_ns + kLookEveryNs;
  LookAtThreads(now_ns, are_workers_there);
  supervisor_.Show(Status(troubles));
}

}  // namespace understudy
