// The XDP program on a shared NIC, around DPDK: DPDK loads and attaches it, this looks who is there
// before, fills the service addresses after, and cleans up.
//
// Used by: port (AF_XDP).
//
// Invariants
//  1. Only a program of our name is ever detached; any other is named in an error and left alone.
//  2. A program of ours whose process was killed does no harm (its queues have no sockets, so all
//     goes to the kernel) and is replaced by the next start. InterfaceClaim tells it from one in
//     use.
#ifndef UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_
#define UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_

#include <string>
#include <vector>

#include "dataplane/responder/frame_responder.h"

namespace understudy::port {

inline constexpr char kServiceFilter[] = "service_filter.bpf.o";  // the shared NIC's

// Detaches what a killed predecessor left; `took_over` tells. Error text, empty when the way is
// free.
std::string MakeWay(int interface_index, const std::string& interface_name, bool* took_over);

// Puts the service addresses into the maps of our program on the interface.
std::string FillServices(int interface_index, const std::vector<responder::Ipv4>& services4,
                         const std::vector<responder::Ipv6>& services6);

// Where the program's object file is: `given`, or beside the executable, or where it was built.
std::string FindProgram(const std::string& object, const std::string& given, std::string* error);

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_
