// What one --port says: which kind of port, and on what.
//
// Used by: options (parses), port (opens it), eal (knows from it which PCI devices to allow).
//
//   af_xdp:IFACE                        shared NIC: DNS for the service addresses is ours, the rest
//                                       stays with the kernel
//   nic:PCI-ADDRESS                     whole NIC, bound to vfio-pci
//   eal:DEVARGS                         whole NIC on any DPDK device, e.g.
//   eal:net_af_packet0,iface=x memif:SOCKET[,id=N][,role=server|client]   shared memory to another
//   process
#ifndef UNDERSTUDY_DATAPLANE_PORT_PORT_SPEC_H_
#define UNDERSTUDY_DATAPLANE_PORT_PORT_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::port {

enum class PortKind : uint8_t { kAfXdp, kNic, kEal, kMemif };

struct PortSpec {
  PortKind kind = PortKind::kAfXdp;
  std::string text;    // as given: the port's name in logs and in the report
  std::string target;  // interface, PCI address, devargs or socket path
  uint32_t memif_id = 0;
  bool memif_server = true;
};

// A port whose every frame comes to us, and which therefore has a kernel side.
constexpr bool IsWholeNic(PortKind kind) {
  return kind == PortKind::kNic || kind == PortKind::kEal;
}

std::optional<PortSpec> ParsePortSpec(std::string_view text, std::string* error);

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_PORT_SPEC_H_
