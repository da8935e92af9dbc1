#include "dataplane/port/device.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace understudy::port {
namespace {

constexpr uint32_t kPoolCache = 256;

// By address and port, so that a flow stays with one worker and flows spread over all.
constexpr uint64_t kSpreadBy = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;

rte_eth_conf ConfigurationOf(const rte_eth_dev_info& info, uint16_t queues) {
  rte_eth_conf configuration = {};
  if (queues > 1 && (info.flow_type_rss_offloads & kSpreadBy) != 0) {
    configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    configuration.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kSpreadBy;
  }
  return configuration;
}

bool IsSocketOf(int family, int fd) {
  int domain = 0;
  socklen_t length = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == family;
}

// The newest socket of that family in this process. DPDK keeps those behind its queues to itself.
int NewestSocket(int family) {
  int newest = -1;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const int fd = std::atoi(entry->path().filename().c_str());
    if (IsSocketOf(family, fd)) newest = std::max(newest, fd);
  }
  return newest;
}

}  // namespace

std::unique_ptr<Device> Device::Open(const DeviceSettings& settings, std::string* error) {
  std::unique_ptr<Device> device(new Device(settings.name, settings.is_virtual));
  *error = device->Make(settings);
  if (error->empty()) *error = device->Configure(settings);
  for (uint16_t queue = 0; error->empty() && queue < device->queues_; ++queue) {
    *error = device->SetUpQueue(settings, queue);
  }
  if (error->empty()) *error = device->Start(settings);
  return error->empty() ? std::move(device) : nullptr;
}

std::string Device::Failure(const std::string& what, int code) const {
  return name_ + ": " + what + ": " + rte_strerror(code < 0 ? -code : code);
}

std::string Device::Make(const DeviceSettings& settings) {
  if (settings.is_virtual) {
    const int result = rte_eal_hotplug_add("vdev", name_.c_str(), settings.arguments.c_str());
    if (result != 0) return Failure("cannot be made with '" + settings.arguments + "'", result);
  }
  if (rte_eth_dev_get_port_by_name(name_.c_str(), &id_) != 0) {
    return name_ + ": DPDK has no such device" +
           (settings.is_virtual ? "" : "; is it bound to vfio-pci (dpdk-devbind.py)?");
  }
  made_ = true;
  return "";
}

std::string Device::Configure(const DeviceSettings& settings) {
  rte_eth_dev_info info = {};
  int result = rte_eth_dev_info_get(id_, &info);
  if (result != 0) return Failure("cannot be asked for its abilities", result);
  queues_ =
      std::min({static_cast<uint16_t>(settings.queues), info.max_rx_queues, info.max_tx_queues});
  if (queues_ < settings.queues) {
    return name_ + " has " + std::to_string(queues_) + " queues, " +
           std::to_string(settings.queues) + " are wanted (--queues)";
  }
  const rte_eth_conf configuration = ConfigurationOf(info, queues_);
  result = rte_eth_dev_configure(id_, queues_, queues_, &configuration);
  if (result != 0) return Failure("cannot be configured", result);
  rte_ether_addr address = {};
  rte_eth_macaddr_get(id_, &address);
  std::memcpy(mac_.data(), address.addr_bytes, mac_.size());
  uint16_t mtu = 0;
  if (rte_eth_dev_get_mtu(id_, &mtu) == 0 && mtu != 0) mtu_ = mtu;
  return "";
}

std::string Device::SetUpQueue(const DeviceSettings& settings, uint16_t queue) {
  const std::string pool_name = "us" + std::to_string(id_) + "q" + std::to_string(queue);
  const int socket = rte_eth_dev_socket_id(id_);
  rte_mempool* pool = rte_pktmbuf_pool_create(
      pool_name.c_str(), settings.buffers, kPoolCache, 0,
      static_cast<uint16_t>(settings.buffer_room + RTE_PKTMBUF_HEADROOM), socket);
  if (pool == nullptr) {
    return Failure("no memory for " + std::to_string(settings.buffers) + " buffers of queue " +
                       std::to_string(queue),
                   rte_errno);
  }
  pools_.push_back(pool);
  if (settings.one_piece && pool->nb_mem_chunks != 1) {
    return name_ + ": the buffers do not lie in one piece of memory; try --no-huge";
  }
  uint16_t rx = static_cast<uint16_t>(settings.descriptors);
  uint16_t tx = rx;
  rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx);
  int result = rte_eth_rx_queue_setup(id_, queue, rx, static_cast<unsigned>(socket), nullptr, pool);
  if (result != 0) return Failure("receive queue " + std::to_string(queue), result);
  const int wait_fd = settings.socket_family == 0 ? -1 : NewestSocket(settings.socket_family);
  wait_fds_.push_back(std::ranges::count(wait_fds_, wait_fd) == 0 ? wait_fd : -1);
  result = rte_eth_tx_queue_setup(id_, queue, tx, static_cast<unsigned>(socket), nullptr);
  if (result != 0) return Failure("transmit queue " + std::to_string(queue), result);
  return "";
}

std::string Device::Start(const DeviceSettings& settings) {
  const int result = rte_eth_dev_start(id_);
  if (result != 0) return Failure("cannot be started", result);
  started_ = true;
  // A device that cannot filter for groups takes all.
  if (settings.all_multicast && rte_eth_allmulticast_enable(id_) != 0) {
    rte_eth_promiscuous_enable(id_);
  }
  return "";
}

uint64_t Device::buffers() const {
  uint64_t count = 0;
  for (const rte_mempool* pool : pools_) count += pool->size;
  return count;
}

uint64_t Device::free_buffers() const {
  uint64_t count = 0;
  for (const rte_mempool* pool : pools_) count += rte_mempool_avail_count(pool);
  return count;
}

// AF_XDP sends in the system call, as many frames as its budget allows, and says EAGAIN when there
// are more. A NIC is given the time to send a ring full of frames.
void Device::Flush() const {
  constexpr int kMostCalls = 1000;
  for (const int fd : wait_fds_) {
    for (int i = 0; fd >= 0 && i < kMostCalls; ++i) {
      if (send(fd, nullptr, 0, MSG_DONTWAIT) == 0) break;
      if (errno != EAGAIN && errno != EBUSY && errno != EINTR) break;
    }
  }
  constexpr useconds_t kRingUs = 2000;
  usleep(kRingUs);
}

Device::~Device() {
  if (made_) {
    if (started_) {
      Flush();
      rte_eth_dev_stop(id_);
    }
    rte_eth_dev_close(id_);
    if (is_virtual_) rte_eal_hotplug_remove("vdev", name_.c_str());
    // net_af_xdp of DPDK 22.11 leaves its sockets open, and a queue has no room for another.
    for (const int fd : wait_fds_) {
      if (IsSocketOf(AF_XDP, fd)) close(fd);
    }
  }
  for (rte_mempool* pool : pools_) rte_mempool_free(pool);
}

}  // namespace understudy::port
