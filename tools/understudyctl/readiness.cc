#include "tools/understudyctl/readiness.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "dataplane/contract/report.h"
#include "tools/understudyctl/layout.h"

namespace understudy::ctl {
namespace {

// Written by another process between our two looks at the clock, a time may lie ahead of us.
absl::Duration Since(uint64_t then_ns, uint64_t now_ns) {
  return absl::Nanoseconds(now_ns > then_ns ? now_ns - then_ns : 0);
}

// The process is on its way out. Its lock goes last: before that the kernel takes its sockets off
// the NIC, which may last most of a second. A process that cannot be seen from here is none.
bool IsEnding(int64_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(file, text)) return false;
  // pid (name) state ppid pgrp session tty tpgid flags; the name may hold anything (proc(5)).
  std::istringstream fields(text.substr(std::min(text.rfind(')'), text.size() - 1) + 1));
  std::string skipped;
  uint64_t flags = 0;
  for (int i = 0; i < 6; ++i) fields >> skipped;
  constexpr uint64_t kExiting = 0x4;  // PF_EXITING, <linux/sched.h>
  return fields >> flags && (flags & kExiting) != 0;
}

// Written by a dataplane, older or newer than we are: that alone is no reason to withdraw, or the
// upgrade of this program would take a node that answers off the air.
bool IsOfAnotherVersion(const contract::InstancePaths& paths) {
  std::ifstream file(paths.report(), std::ios::binary);
  uint64_t magic = 0;
  return file.read(reinterpret_cast<char*>(&magic), sizeof(magic)) &&
         magic == contract::kReportMagic;
}

// Why the dataplane does not serve; empty when it does.
std::string LookAtDataplane(const contract::InstancePaths& paths, const ReadinessLimits& limits,
                            uint64_t now_ns, Readiness& readiness) {
  if (!contract::OwnerLock::IsHeld(paths.dataplane_lock())) return "no dataplane is running";
  std::string error;
  const auto report = contract::ReportReader::Open(paths, &error);
  if (!report) {
    if (!IsOfAnotherVersion(paths)) {
      return absl::StrCat("the dataplane's report cannot be read: ", error);
    }
    readiness.remark =
        absl::StrCat("the dataplane is of another version, only its lock is seen: ", error);
    return "";
  }
  const contract::ReportSegment& segment = *report->operator->();
  if (IsEnding(segment.pid.load())) return "no dataplane is running: it is being killed";
  const uint64_t moved_ns = segment.workers_moved_ns.load();
  if (moved_ns == 0) return "the dataplane is starting or ending";
  const absl::Duration silent = Since(segment.heartbeat_ns.load(), now_ns);
  if (silent > limits.max_age)
    return absl::StrCat("no heartbeat of the dataplane for ", Age(silent));
  if (const absl::Duration still = Since(moved_ns, now_ns); still > limits.max_age) {
    const uint64_t slowest = segment.slowest_worker.load() % contract::kMaxWorkers;
    const char* name = segment.workers[slowest].name;
    return absl::StrCat("worker ", slowest, " (",
                        std::string(name, strnlen(name, sizeof(contract::WorkerSlot::name))),
                        ") stands still for ", Age(still));
  }
  readiness.table = segment.table_generation.load();
  if (readiness.table == 0) return "the dataplane has no table yet";
  if (segment.refused_count.load() != 0 && segment.refused_generation.load() > readiness.table) {
    readiness.remark = absl::StrCat("table ", segment.refused_generation.load(),
                                    " was refused, table ", readiness.table, " goes on");
  }
  return "";
}

// Why what is served should not be: because of what control left behind. Empty when it may.
std::string LookAtControl(const contract::InstancePaths& paths, const ReadinessLimits& limits,
                          uint64_t now_ns, Readiness& readiness) {
  std::string error;
  const auto root = contract::RootReader::Open(paths, &error);
  const bool bounded = limits.max_stale != absl::InfiniteDuration();
  if (!root) {
    if (readiness.remark.empty()) readiness.remark = "control left no sign of life";
    return bounded ? absl::StrCat("the age of the answers is unknown: ", error) : "";
  }
  const absl::Duration silent = Since((*root)->heartbeat_ns.load(), now_ns);
  readiness.control_silent = silent;
  if (!root->IsStale(now_ns)) return "";
  readiness.remark = absl::StrCat("control is silent for ", Age(silent), ": answers are stale");
  if ((*root)->stale_policy.load() == static_cast<uint64_t>(contract::StalePolicy::kServfail)) {
    return absl::StrCat("control is silent for ", Age(silent),
                        ", and groups are answered SERVFAIL then (stale policy)");
  }
  if (silent > limits.max_stale) {
    return absl::StrCat("answers are stale: control is silent for ", Age(silent), ", allowed are ",
                        Age(limits.max_stale), " (--max-stale)");
  }
  return "";
}

}  // namespace

Readiness AssessReadiness(const contract::InstancePaths& paths, const ReadinessLimits& limits,
                          uint64_t now_ns) {
  Readiness readiness;
  readiness.reason = LookAtDataplane(paths, limits, now_ns, readiness);
  if (readiness.reason.empty()) {
    readiness.reason = LookAtControl(paths, limits, now_ns, readiness);
  }
  readiness.ready = readiness.reason.empty();
  return readiness;
}

}  // namespace understudy::ctl
