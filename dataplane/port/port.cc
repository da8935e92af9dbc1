#include "dataplane/port/port.h"

#include <rte_ethdev.h>
#include <rte_log.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "dataplane/contract/mapping.h"
namespace understudy::port {
namespace {

// AF_XDP: 2048 buffers wait to be filled, up to as many leave or have left, the rest is in hand. A
// buffer with its headers must fit a page (the kernel's limit for a chunk of UMEM).
constexpr uint32_t kAfXdpBuffers = 6143;
constexpr uint32_t kAfXdpBufferRoom = 3648;
constexpr uint32_t kAfXdpDescriptors = 2048;
constexpr uint32_t kAfXdpFilled = 2048;  // by net_af_xdp before the first frame
constexpr uint32_t kBuffers = 4095;
constexpr uint32_t kBufferRoom = 2048;
constexpr uint32_t kTapBuffers = 2047;

constexpr useconds_t kLookAgainUs = 5000;
constexpr char kDriverLog[] = "pmd.net.af_xdp";

constexpr uint16_t kEthernetAndTags = 14 + 8;
constexpr uint16_t kIpv6AndUdp = 40 + 8;
static_assert(kAfXdpBuffers > kAfXdpFilled + kAfXdpDescriptors);

std::string TextOf(const responder::Mac& mac) {
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
  return text;
}

uint32_t RoomOf(PortKind kind) { return kind == PortKind::kAfXdp ? kAfXdpBufferRoom : kBufferRoom; }

// The largest UDP payload a frame of that port carries.
uint16_t PayloadOf(PortKind kind, uint16_t mtu) {
  // One descriptor of a memif, of 2048 octets unless both ends say otherwise: DPDK 22.11 does not
  // clear the mark of a frame in several descriptors, and would merge later frames.
  if (kind == PortKind::kMemif) mtu = kBufferRoom - kEthernetAndTags;
  return static_cast<uint16_t>(std::max(mtu - kIpv6AndUdp, 512));
}

// The kernel lets go of a queue some time after its socket was closed; until then it is busy, which
// DPDK tells from no other failure.
std::unique_ptr<Device> OpenWhenFree(const DeviceSettings& settings, uint64_t within_ns,
                                     std::string* error) {
  const uint64_t end_ns = contract::MonotonicNs() + within_ns;
  const auto driver = static_cast<uint32_t>(rte_log_register(kDriverLog));
  const int level = rte_log_get_level(driver);
  rte_log_set_level_pattern(kDriverLog, RTE_LOG_EMERG);
  std::unique_ptr<Device> device = Device::Open(settings, error);
  while (!device && contract::MonotonicNs() < end_ns) {
    usleep(kLookAgainUs);
    device = Device::Open(settings, error);
  }
  rte_log_set_level_pattern(kDriverLog, static_cast<uint32_t>(level));
  return device;
}

}  // namespace

uint32_t QueuesOf(const PortSpec& spec, uint32_t wanted, uint32_t otherwise, std::string* error) {
  if (spec.kind != PortKind::kAfXdp) return wanted != 0 ? wanted : otherwise;
  const std::optional<Interface> interface = LookAt(spec.target, error);
  if (!interface) return 0;
  const uint32_t queues = wanted != 0 ? wanted : interface->rx_queues;
  if (interface->rx_queues > queues || interface->rx_queues > interface->channels) {
    const uint32_t possible = std::min(queues, interface->channels);
    *error = spec.text + ": the interface receives on " + std::to_string(interface->rx_queues) +
             " queues and " + std::to_string(possible) +
             " would be served; queries on the others would go to the kernel. " +
             (interface->rx_queues > interface->channels
                  ? "Its driver has no combined channels: give it one receive queue (ip link add "
                    "... numrxqueues 1, or ethtool -L " +
                        spec.target + " rx 1)"
                  : "Say --queues " + std::to_string(interface->rx_queues) + ", or ethtool -L " +
                        spec.target + " combined " + std::to_string(queues));
    return 0;
  }
  if (queues > interface->rx_queues) {
    *error = spec.text + ": --queues " + std::to_string(queues) + ", but the interface has " +
             std::to_string(interface->rx_queues);
    return 0;
  }
  return queues;
}

uint32_t MemoryMbOf(const PortSpec& spec, uint32_t queues) {
  const uint64_t buffers = spec.kind == PortKind::kAfXdp ? kAfXdpBuffers : kBuffers;
  const uint64_t overhead = 512;  // mbuf, headroom and pool header of a buffer
  uint64_t bytes = queues * buffers * (RoomOf(spec.kind) + overhead);
  if (IsWholeNic(spec.kind)) bytes += uint64_t{queues} * kTapBuffers * (kBufferRoom + overhead);
  return static_cast<uint32_t>(bytes >> 20) + 8;
}

DeviceSettings DeviceOf(const PortSpec& spec, uint32_t index, uint32_t queues,
                        const std::string& xdp_program) {
  const std::string number = std::to_string(index);
  DeviceSettings device;
  device.queues = queues;
  device.buffers = kBuffers;
  device.buffer_room = RoomOf(spec.kind);
  switch (spec.kind) {
    case PortKind::kAfXdp:
      device.name = "net_af_xdp" + number;
      device.arguments = "iface=" + spec.target +
                         ",start_queue=0,queue_count=" + std::to_string(queues) +
                         ",xdp_prog=" + xdp_program;
      device.descriptors = kAfXdpDescriptors;
      device.buffers = kAfXdpBuffers;
      device.one_piece = true;
      device.socket_family = AF_XDP;
      break;
    case PortKind::kNic:
      device.is_virtual = false;
      device.name = spec.target;
      break;
    case PortKind::kEal: {
      const size_t comma = spec.target.find(',');
      device.name = spec.target.substr(0, comma);
      if (comma != std::string::npos) device.arguments = spec.target.substr(comma + 1);
      break;
    }
    case PortKind::kMemif:
      device.name = "net_memif" + number;
      device.arguments = "socket=" + spec.target +
                         ",socket-abstract=no,id=" + std::to_string(spec.memif_id) +
                         ",role=" + (spec.memif_server ? "server" : "client");
      break;
  }
  return device;
}

std::unique_ptr<Port> Port::Open(const PortSpec& spec, const PortSettings& settings,
                                 std::string* error) {
  std::unique_ptr<Port> port(new Port(spec));
  switch (spec.kind) {
    case PortKind::kAfXdp:
      *error = port->OpenAfXdp(settings);
      break;
    case PortKind::kNic:
    case PortKind::kEal:
      *error = port->OpenWholeNic(settings);
      break;
    case PortKind::kMemif:
      *error = port->OpenMemif(settings);
      break;
  }
  if (!error->empty()) {
    *error = spec.text + ": " + *error;
    return nullptr;
  }
  port->Answer(settings);
  return port;
}

Port::~Port() = default;

std::string Port::OpenAfXdp(const PortSettings& settings) {
  std::string error;
  interface_ = LookAt(spec_.target, &error);
  if (!interface_) return error;
  if (!interface_->up) return "it is down: ip link set dev " + spec_.target + " up";
  const std::string program = FindProgram(kServiceFilter, settings.xdp_program, &error);
  if (program.empty()) return error;
  bool predecessor = false;
  error = LookForProgram(interface_->index, spec_.target, settings.known_program, &predecessor);
  if (!error.empty()) return error;
  if (predecessor) settings.log(spec_.text + ": replaces the XDP program of a predecessor");
  if (interface_->strips_vlan) {
    settings.log(spec_.text + (KeepVlanTags(spec_.target)
                                   ? ": VLAN tags now stay in the frames (rxvlan off)"
                                   : ": cannot switch rxvlan off, tagged queries are answered "
                                     "untagged"));
  }
  const DeviceSettings device = DeviceOf(spec_, settings.index, settings.queues, program);
  device_ = predecessor ? OpenWhenFree(device, settings.queue_free_within_ns, &error)
                        : Device::Open(device, &error);
  if (!device_) return error;
  return filter_.Open(interface_->index, settings.services4, settings.services6);
}

void Port::StopArrivals() const { filter_.StopArrivals(device_->queues()); }

bool Port::IsMadeAnew() const {
  if (!interface_) return false;
  std::string error;
  const std::optional<Interface> now = LookAt(spec_.target, &error);
  return now && now->up && now->index != interface_->index;
}

std::string Port::Trouble() const {
  if (!interface_) return "";
  std::string error;
  const std::optional<Interface> now = LookAt(spec_.target, &error);
  if (!now) return error;
  if (now->rx_queues > interface_->rx_queues) {
    return "it receives on " + std::to_string(now->rx_queues) + " queues now, " +
           std::to_string(interface_->rx_queues) +
           " are served and the kernel has the others: restart, or ethtool -L";
  }
  return now->up ? "" : "it is down: ip link set dev " + spec_.target + " up";
}

std::string Port::OpenWholeNic(const PortSettings& settings) {
  DeviceSettings device = DeviceOf(spec_, settings.index, settings.queues, "");
  device.all_multicast = true;
  std::string error;
  device_ = Device::Open(device, &error);
  return device_ ? OpenTap(settings) : error;
}

std::string Port::OpenTap(const PortSettings& settings) {
  DeviceSettings tap;
  tap.name = "net_tap" + std::to_string(settings.index);
  tap.arguments = "iface=" + settings.tap + ",mac=" + TextOf(device_->mac());
  tap.queues = settings.queues;
  tap.descriptors = 512;
  tap.buffers = kTapBuffers;
  tap.buffer_room = kBufferRoom;
  std::string error;
  tap_ = Device::Open(tap, &error);
  if (!tap_) return error;
  // Else one side would take what the other cannot carry.
  if (const int result = rte_eth_dev_set_mtu(tap_->id(), device_->mtu()); result != 0) {
    return settings.tap + " does not take the NIC's MTU, " + std::to_string(device_->mtu()) + ": " +
           std::strerror(-result);
  }
  settings.log(spec_.text + ": the kernel's side is " + settings.tap + ", MTU " +
               std::to_string(device_->mtu()));
  return "";
}

std::string Port::OpenMemif(const PortSettings& settings) {
  const DeviceSettings device = DeviceOf(spec_, settings.index, settings.queues, "");
  std::string error;
  device_ = Device::Open(device, &error);
  return error;
}

void Port::Answer(const PortSettings& settings) {
  responder::FrameOptions options;
  options.services4 = settings.services4;
  options.services6 = settings.services6;
  options.mac = device_->mac();
  options.answer_neighbours = spec_.kind != PortKind::kAfXdp;
  options.kernel_side = tap_ != nullptr;
  options.responder = settings.responder;
  options.fast_path = settings.fast_path;
  const uint16_t fits = PayloadOf(spec_.kind, device_->mtu());
  if (fits < settings.responder.max_udp_payload) {
    options.responder.max_udp_payload = fits;
    settings.log(spec_.text + ": UDP answers have at most " + std::to_string(fits) +
                 " octets, which is what its frames carry");
  }
  responder_ = std::make_unique<responder::FrameResponder>(options);
}

}  // namespace understudy::port
