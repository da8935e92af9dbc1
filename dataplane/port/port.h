// A port as the operator named it: the device that carries queries, what surrounds it (XDP program,
// claim on the interface, kernel side), and what its frames are to be answered with.
//
// Used by: packet_side (opens), worker (serves its queues), understudy-load (DeviceOf).
//
// The claim on an AF_XDP interface is the caller's: it outlives the port while another process may
// have to give it back.
//
// Invariants
//  1. Open either returns a port that receives, or undoes all it did and says why in a sentence.
//  2. Closing (the destructor) detaches the XDP program (but see KeepPrograms) and removes the TAP.
//  3. With AF_XDP every receive queue of the interface has a socket: else a part of the queries
//     would silently go to the kernel.
#ifndef UNDERSTUDY_DATAPLANE_PORT_PORT_H_
#define UNDERSTUDY_DATAPLANE_PORT_PORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/port/device.h"
#include "dataplane/port/interface.h"
#include "dataplane/port/port_spec.h"
#include "dataplane/port/xdp_program.h"
#include "dataplane/responder/frame_responder.h"

namespace understudy::port {

struct PortSettings {
  uint32_t index = 0;   // among the ports, for names
  uint32_t queues = 1;  // see QueuesOf
  std::vector<responder::Ipv4> services4;
  std::vector<responder::Ipv6> services6;
  responder::ResponderOptions responder;
  responder::FastPathOptions fast_path;
  std::string tap;  // name of the kernel side, whole NIC only
  std::string xdp_program;
  uint32_t known_program = 0;         // see LookForProgram
  uint64_t queue_free_within_ns = 0;  // how long to wait for the queues of a predecessor
  std::function<void(const std::string&)> log;
};

// How many queues the port will have when `wanted` (0 = all it has) are asked for; 0 and a sentence
// when that cannot be. `otherwise` is for devices that can only be asked when DPDK runs.
uint32_t QueuesOf(const PortSpec& spec, uint32_t wanted, uint32_t otherwise, std::string* error);
// The device behind the port. `index` numbers it, `xdp_program` is the object file for AF_XDP.
DeviceSettings DeviceOf(const PortSpec& spec, uint32_t index, uint32_t queues,
                        const std::string& xdp_program);
// Megabytes of buffers such a port needs.
uint32_t MemoryMbOf(const PortSpec& spec, uint32_t queues);

class Port {
 public:
  static std::unique_ptr<Port> Open(const PortSpec& spec, const PortSettings& settings,
                                    std::string* error);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  const PortSpec& spec() const { return spec_; }
  const Device& device() const { return *device_; }
  const Device* kernel_side() const { return tap_.get(); }
  const responder::FrameResponder& responder() const { return *responder_; }
  // Before the workers end: what comes from now on goes to the kernel, where that can be. What a
  // queue holds is still to be served.
  void StopArrivals() const;
  // Descriptor of the XDP program, which who replaces it must have; -1: the port has none.
  int program() const { return filter_.program(); }
  uint32_t program_number() const { return filter_.number(); }
  // Whether its interface went away, and another of its name is up.
  bool IsMadeAnew() const;
  // What keeps frames from coming, as a sentence; empty when nothing is known to.
  std::string Trouble() const;

 private:
  explicit Port(PortSpec spec) : spec_(std::move(spec)) {}
  std::string OpenAfXdp(const PortSettings& settings);
  std::string OpenWholeNic(const PortSettings& settings);
  std::string OpenMemif(const PortSettings& settings);
  std::string OpenTap(const PortSettings& settings);
  void Answer(const PortSettings& settings);

  const PortSpec spec_;
  std::optional<Interface> interface_;  // AF_XDP: as it was at start
  ServiceFilter filter_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Device> tap_;
  std::unique_ptr<responder::FrameResponder> responder_;
};

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_PORT_H_
