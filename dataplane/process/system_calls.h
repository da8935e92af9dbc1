// Which system calls a thread may make, by seccomp(2) and libseccomp.
//
// Used by: sandbox.
//
//   all threads   everything but starting programs, tracing, modules, mounts, namespaces, keys
//   workers       receiving, sending, waiting, their clock, memory that holds no code, their end
//   listener      the same, and what accepting and closing connections takes
//
// Invariants
//  1. A call that is not allowed fails with EPERM, and the kernel logs it where it audits. It does
//     not end the process: a driver that makes a call nobody thought of loses what it called for,
//     and not the service. What it is there for, that code brought in by a packet opens no file
//     or connection and starts no program, holds either way.
//  2. Memory that is mapped or changed by a worker never becomes executable.
#ifndef UNDERSTUDY_DATAPLANE_PROCESS_SYSTEM_CALLS_H_
#define UNDERSTUDY_DATAPLANE_PROCESS_SYSTEM_CALLS_H_

#include <cstdint>
#include <string>

namespace understudy::process {

enum class Calls : uint8_t { kAllThreads, kWorker, kListener };

// For the calling thread, and those it starts from then on. Error text, empty when it holds.
std::string LimitSystemCalls(Calls calls);

}  // namespace understudy::process

#endif  // UNDERSTUDY_DATAPLANE_PROCESS_SYSTEM_CALLS_H_
