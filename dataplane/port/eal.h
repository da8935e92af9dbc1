// What DPDK's EAL is started with: cores, memory, and nothing it does not need.
//
// Used by: packet_side (before the first port), understudy-load. Without ports there is no EAL.
//
// Invariants
//  1. A dataplane leaves no files behind: memory is anonymous, with hugepages or without.
//  2. Its CPUs are those the process may run on: workers take the last ones, one each, everything
//     else floats over all of them.
#ifndef UNDERSTUDY_DATAPLANE_PORT_EAL_H_
#define UNDERSTUDY_DATAPLANE_PORT_EAL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/port/port_spec.h"

namespace understudy::port {

struct EalPlan {
  std::string instance;
  std::vector<PortSpec> ports;
  std::vector<uint32_t> cpus;  // the process's, ascending
  uint32_t workers = 1;        // at most as many as cpus
  uint32_t memory_mb = 256;
  bool hugepages = false;
  std::vector<std::string> user;  // appended, so that they win
};

// Whether the user's options say which cores to use: then ours do not.
bool ChoosesCores(const std::vector<std::string>& user);

// The argument vector of rte_eal_init, program name included. Pure.
std::vector<std::string> EalArguments(const EalPlan& plan);

// CPUs this process may run on.
std::vector<uint32_t> AllowedCpus();
// Megabytes in hugepages of all sizes that nobody uses or has reserved.
uint64_t FreeHugepagesMb();

// Error text, empty when EAL runs.
std::string StartEal(const EalPlan& plan);
// For the end of the process: removes EAL's empty directory. Not rte_eal_cleanup, which unmaps
// memory under EAL's interrupt thread; what it would free, the kernel frees.
void StopEal();
// Calls `once` on each of EAL's threads that runs no worker now: idle cores, and the one that waits
// for interrupts. Returns when it has been called everywhere; error text when it was not.
std::string RunOnIdleThreads(const std::function<void()>& once);
// The cores EAL gave us beside the main one.
std::vector<uint32_t> WorkerCores();

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_EAL_H_
