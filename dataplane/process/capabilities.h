// The capabilities a thread keeps (capabilities(7)), by libcap-ng.
//
// Used by: sandbox. Capabilities are each thread's own: a thread can give up only its own ones.
//
// Invariants
//  1. Nothing is ever gained: what is to be kept and is not there is no error.
//  2. A thread that kept none has none left to take back; no_new_privs, set before the first
//     thread, closes the way over execve(2).
#ifndef UNDERSTUDY_DATAPLANE_PROCESS_CAPABILITIES_H_
#define UNDERSTUDY_DATAPLANE_PROCESS_CAPABILITIES_H_

#include <string>
#include <vector>

namespace understudy::process {

using CapabilityList = std::vector<unsigned>;  // CAP_... of linux/capability.h

// Whether the calling thread can use it.
bool HasCapability(unsigned capability);
// The calling thread keeps these, of those it has, and no others. Error text, empty when done.
std::string KeepOnly(const CapabilityList& capabilities);
// "cap_net_admin cap_bpf", of those that the calling thread has; "none".
std::string KeptText();

}  // namespace understudy::process

#endif  // UNDERSTUDY_DATAPLANE_PROCESS_CAPABILITIES_H_
