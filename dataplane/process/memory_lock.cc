#include "dataplane/process/memory_lock.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "dataplane/process/capabilities.h"

namespace understudy::process {

bool MayLockWithoutCapability() {
  rlimit limit = {};
  return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

std::string LockMemory() {
  const std::string remedy =
      "memory is not locked, pages may be swapped out (LimitMEMLOCK=infinity in the unit, or "
      "ulimit -l unlimited, helps)";
  if (!MayLockWithoutCapability() && !HasCapability(CAP_IPC_LOCK)) return remedy;
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return "";
  return remedy + ": " + std::strerror(errno);
}

}  // namespace understudy::process
