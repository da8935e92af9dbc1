#include "dataplane/sandbox.h"

#include <grp.h>
#include <linux/capability.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "dataplane/process/capabilities.h"
#include "dataplane/process/memory_lock.h"

namespace understudy {
namespace {

// AF_XDP: to take the program off the interface, to put it on again when the interface comes back,
// and to hand it over; without CAP_PERFMON the kernel refuses the program, whose branches meet with
// pointers of different offsets. A whole NIC: to take its TAP down and to follow its address.
process::CapabilityList NeededLater(const Options& options) {
  process::CapabilityList needed;
  for (const port::PortSpec& port : options.ports) {
    switch (port.kind) {
      case port::PortKind::kAfXdp:
        needed.insert(needed.end(), {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON});
        break;
      case port::PortKind::kNic:
      case port::PortKind::kEal:
        needed.push_back(CAP_NET_ADMIN);
        break;
      case port::PortKind::kMemif:
        break;
    }
  }
  return needed;
}

// Memory that is mapped later needs it again (memory_lock.h).
void AddLocking(process::CapabilityList& capabilities) {
  if (!process::MayLockWithoutCapability()) capabilities.push_back(CAP_IPC_LOCK);
}

void Warn(const std::string& problem) {
  if (!problem.empty()) spdlog::warn("{}", problem);
}

// Root without its capabilities reads what control writes as any other user does: by its group.
void JoinGroupOf(const std::string& directory) {
  struct stat status = {};
  if (geteuid() != 0 || stat(directory.c_str(), &status) != 0) return;
  if (status.st_gid == getegid()) return;
  if (setgroups(1, &status.st_gid) != 0) Warn("cannot join the group of " + directory);
}

}  // namespace

Sandbox::Sandbox(const Options& options) : options_(options) {
  if (!options.sandbox) return;
  JoinGroupOf(options.paths.directory);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  // cannot fail with these arguments
  Warn(process::LimitSystemCalls(process::Calls::kAllThreads));
}

void Sandbox::Enter(process::Calls calls) const {
  // DPDK's cores are given another worker after a take-over that failed.
  thread_local bool is_in = false;
  if (!options_.sandbox || is_in) return;
  is_in = true;
  process::CapabilityList kept;
  AddLocking(kept);
  Warn(process::KeepOnly(kept));
  if (calls != process::Calls::kAllThreads) Warn(process::LimitSystemCalls(calls));
}

void Sandbox::EnterMain() const {
  const std::string unlocked = process::LockMemory();
  Warn(unlocked);
  if (!options_.sandbox) {
    spdlog::warn("--no-sandbox: all capabilities and system calls stay");
    return;
  }
  process::CapabilityList kept = NeededLater(options_);
  AddLocking(kept);
  Warn(process::KeepOnly(kept));
  spdlog::info("sandbox: the main thread keeps {}, other threads {}{}", process::KeptText(),
               process::MayLockWithoutCapability() ? "none" : "at most cap_ipc_lock",
               unlocked.empty() ? "; memory is locked" : "");
}

}  // namespace understudy
