// A Linux network interface as far as a shared NIC needs to know it, and the claim on it.
//
// Used by: port, packet_side (AF_XDP). Plain sockets and sysfs; no DPDK.
#ifndef UNDERSTUDY_DATAPLANE_PORT_INTERFACE_H_
#define UNDERSTUDY_DATAPLANE_PORT_INTERFACE_H_

#include <cstdint>
#include <optional>
#include <string>

namespace understudy::port {

struct Interface {
  std::string name;
  int index = 0;
  bool up = false;
  uint32_t rx_queues = 1;    // that may receive now
  uint32_t channels = 1;     // that AF_XDP sockets can be bound to: ethtool's combined channels
  bool strips_vlan = false;  // takes VLAN tags out of frames, where an XDP program cannot see them
};
std::optional<Interface> LookAt(const std::string& name, std::string* error);

// Makes the NIC leave VLAN tags in the frames. False when it cannot.
bool KeepVlanTags(const std::string& name);

// Held while a process serves an interface: a name in the abstract socket namespace of the network
// namespace, which the kernel frees with its owner, even on SIGKILL.
class InterfaceClaim {
 public:
  static std::optional<InterfaceClaim> Take(const std::string& name, std::string* error);
  // A claim that its owner has handed over, as the descriptor it gave.
  static InterfaceClaim Inherit(int fd) { return InterfaceClaim(fd); }
  ~InterfaceClaim();
  InterfaceClaim(InterfaceClaim&& other) noexcept;
  InterfaceClaim& operator=(InterfaceClaim&& other) noexcept;
  int fd() const { return fd_; }

 private:
  explicit InterfaceClaim(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_INTERFACE_H_
