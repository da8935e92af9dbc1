// One DPDK Ethernet device with its queues and buffers, configured, started and closed.
//
// Used by: port (a NIC, an AF_XDP socket, a memif, a TAP: all the same from here).
//
// Invariants
//  1. Receive and transmit queues are pairs with a buffer pool of their own: a queue's worker
//     shares neither ring nor pool with another.
//  2. A frame fits one buffer; what does not is dropped by the device.
#ifndef UNDERSTUDY_DATAPLANE_PORT_DEVICE_H_
#define UNDERSTUDY_DATAPLANE_PORT_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/responder/frame_responder.h"

struct rte_mempool;

namespace understudy::port {

struct DeviceSettings {
  std::string name;       // DPDK's: a PCI address, or that of a virtual device
  std::string arguments;  // of a virtual device, which is made with them
  bool is_virtual = true;
  uint32_t queues = 1;  // wanted; at most what the device has
  uint32_t descriptors = 1024;
  uint32_t buffers = 4096;      // of each queue
  uint32_t buffer_room = 2048;  // for a frame, behind the headroom
  bool one_piece = false;       // AF_XDP: a pool must lie in one piece of memory
  bool all_multicast = false;   // IPv6 neighbours ask by multicast
  int socket_family = 0;        // AF_XDP: of the sockets behind the queues, to wait for frames on
};

class Device {
 public:
  static std::unique_ptr<Device> Open(const DeviceSettings& settings, std::string* error);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  uint16_t id() const { return id_; }
  uint16_t queues() const { return queues_; }
  uint16_t mtu() const { return mtu_; }
  const responder::Mac& mac() const { return mac_; }
  const std::vector<rte_mempool*>& pools() const { return pools_; }
  // Buffers for frames, and those that neither a ring nor a worker has now.
  uint64_t buffers() const;
  uint64_t free_buffers() const;
  // Becomes readable when a frame waits in the queue; -1 where there is nothing to wait on.
  int wait_fd(uint16_t queue) const { return wait_fds_[queue]; }
  // Waits, not for long, until what was sent has left. Its workers have ended.
  void Flush() const;

 private:
  Device(std::string name, bool is_virtual) : name_(std::move(name)), is_virtual_(is_virtual) {}
  std::string Make(const DeviceSettings& settings);
  std::string Configure(const DeviceSettings& settings);
  std::string SetUpQueue(const DeviceSettings& settings, uint16_t queue);
  std::string Start(const DeviceSettings& settings);
  std::string Failure(const std::string& what, int code) const;

  const std::string name_;
  const bool is_virtual_;
  uint16_t id_ = 0;
  bool made_ = false;
  bool started_ = false;
  uint16_t queues_ = 0;
  uint16_t mtu_ = 1500;
  responder::Mac mac_{};
  std::vector<rte_mempool*> pools_;
  std::vector<int> wait_fds_;
};

}  // namespace understudy::port

#endif  // UNDERSTUDY_DATAPLANE_PORT_DEVICE_H_
