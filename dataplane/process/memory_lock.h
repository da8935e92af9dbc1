// Memory that stays: what the packet path touches is never swapped out.
//
// Used by: main, once everything is open.
//
// Invariants
//  1. Pages are locked as they are first touched (MCL_ONFAULT): address space that DPDK reserves,
//     and stacks that threads may never fill, cost nothing.
//  2. What is mapped later is locked as well, and never fails for it: without an unlimited
//     RLIMIT_MEMLOCK, or CAP_IPC_LOCK for as long as the process runs, nothing is locked at all.
// Source: mlockall(2).
#ifndef UNDERSTUDY_DATAPLANE_PROCESS_MEMORY_LOCK_H_
#define UNDERSTUDY_DATAPLANE_PROCESS_MEMORY_LOCK_H_

#include <string>

namespace understudy::process {

// Whether locking needs no capability.
bool MayLockWithoutCapability();
// Why not, and what would help; empty when memory is locked.
std::string LockMemory();

}  // namespace understudy::process

#endif  // UNDERSTUDY_DATAPLANE_PROCESS_MEMORY_LOCK_H_
