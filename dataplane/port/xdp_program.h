// The XDP program on a shared NIC, around DPDK: DPDK loads it, this looks who is there before,
// attaches it, fills the service addresses, and stops the arrivals before the end.
//
// DPDK 22.11 attaches only where there is no program, and detaches when it closes the device. Both
// would make most drivers start their rings anew and lose what is in them, so the two functions of
// libbpf that it calls, bpf_xdp_attach and bpf_xdp_detach, are defined here as well, in front of
// libbpf's: a program of ours is replaced in one step, and stays when another process takes over.
//
// Used by: port (AF_XDP).
//
// Invariants
//  1. Only a program of our name is ever detached; any other is named in an error and left alone.
//  2. A program of ours whose process was killed does no harm (its queues have no sockets, so all
//     goes to the kernel) and is replaced by the next start. InterfaceClaim tells it from one in
//     use.
//  3. What a queue has not delivered when its arrivals are stopped is delivered; what comes later
//     goes to the kernel.
#ifndef UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_
#define UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/responder/frame_responder.h"

namespace understudy::port {

inline constexpr char kServiceFilter[] = "service_filter.bpf.o";  // the shared NIC's

// Whether a predecessor's program is there, which ours will replace. Error text, empty when ours
// can be attached. To look at a program by its number takes CAP_SYS_ADMIN; without it, `known` is
// the number of one that is known to be ours (numbers are not used twice), 0: of none.
std::string LookForProgram(int interface_index, const std::string& interface_name, uint32_t known,
                           bool* predecessor);

// While it is set, no program is detached when its device is closed.
void KeepPrograms(bool keep);

// Our program on an interface. Its descriptors are open from the start, so that stopping needs no
// privilege.
class ServiceFilter {
 public:
  ServiceFilter() = default;
  ~ServiceFilter();
  ServiceFilter(const ServiceFilter&) = delete;
  ServiceFilter& operator=(const ServiceFilter&) = delete;

  // After DPDK attached it: fills the service addresses, from when on it takes queries.
  std::string Open(int interface_index, const std::vector<responder::Ipv4>& services4,
                   const std::vector<responder::Ipv6>& services6);
  // Nothing more arrives on the first `queues` queues when this returns.
  void StopArrivals(uint32_t queues) const;
  int program() const { return program_; }  // descriptor, -1 before Open
  uint32_t number() const { return number_; }

 private:
  int program_ = -1;
  uint32_t number_ = 0;  // the kernel's, of the program
  int queues_ = -1;      // of the map that says which queues have sockets
};

// Where the program's object file is: `given`, or beside the executable, or where it was built.
std::string FindProgram(const std::string& object, const std::string& given, std::string* error);

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_XDP_PROGRAM_H_
