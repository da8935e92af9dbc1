#include "tools/understudy-load/link.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "dataplane/port/port.h"
#include "dataplane/port/xdp_program.h"

namespace understudy::load {
namespace {

constexpr char kObjectName[] = "answer_filter.bpf.o";
constexpr uint16_t kDiscard = 9;  // RFC 863: a port that asks for no answer

std::string TextOf(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.length == 4 ? AF_INET : AF_INET6, address.octets.data(), text, sizeof(text));
  return text;
}

// The first address of that family on the interface.
std::optional<Address> AddressOn(const std::string& interface, uint8_t length) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return std::nullopt;
  std::optional<Address> found;
  for (const ifaddrs* one = all; one != nullptr && !found; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || interface != one->ifa_name) continue;
    Address address;
    address.length = length;
    if (length == 4 && one->ifa_addr->sa_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
      std::memcpy(address.octets.data(), &in->sin_addr, 4);
      found = address;
    } else if (length == 16 && one->ifa_addr->sa_family == AF_INET6) {
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)) continue;
      std::memcpy(address.octets.data(), &in6->sin6_addr, 16);
      found = address;
    }
  }
  freeifaddrs(all);
  return found;
}

// Makes the kernel ask who has `server`, and reads what it learnt (IPv4 on the same network).
std::optional<Mac> AskKernelFor(const Address& server, const std::string& interface) {
  if (server.length != 4) return std::nullopt;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(kDiscard);
  std::memcpy(&to.sin_addr, server.octets.data(), 4);
  std::optional<Mac> mac;
  for (int attempt = 0; fd >= 0 && !mac && attempt < 20; ++attempt) {
    const ssize_t ignored = sendto(fd, "", 0, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to));
    static_cast<void>(ignored);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ifstream table("/proc/net/arp");
    std::string line;
    while (std::getline(table, line)) {
      std::istringstream words(line);
      std::string ip, type, flags, hardware, mask, device;
      words >> ip >> type >> flags >> hardware >> mask >> device;
      const bool complete = flags == "0x2" || flags == "0x6";
      if (ip == TextOf(server) && device == interface && complete) mac = MacOf(hardware);
    }
  }
  if (fd >= 0) close(fd);
  return mac;
}

}  // namespace

std::unique_ptr<Link> Link::Open(const Options& options, std::string* error) {
  std::unique_ptr<Link> link(new Link);
  std::string program;
  if (options.port.kind == port::PortKind::kAfXdp) *error = link->OpenAfXdp(options, &program);
  if (!error->empty()) return nullptr;
  link->device_ =
      port::Device::Open(port::DeviceOf(options.port, 0, options.queues, program), error);
  if (!link->device_) return nullptr;
  *error = link->Aim(options);
  return error->empty() ? std::move(link) : nullptr;
}

std::string Link::OpenAfXdp(const Options& options, std::string* program) {
  std::string error;
  const std::string& name = options.port.target;
  if (port::QueuesOf(options.port, options.queues, 0, &error) == 0) return error;
  const auto interface = port::LookAt(name, &error);
  if (!interface) return error;
  if (!interface->up) return name + " is down: ip link set dev " + name + " up";
  claim_ = port::InterfaceClaim::Take(name, &error);
  if (!claim_) return error;
  *program = port::FindProgram(kObjectName, options.xdp_program, &error);
  if (program->empty()) return error;
  bool predecessor = false;
  return port::LookForProgram(interface->index, name, 0, &predecessor);
}

std::string Link::Aim(const Options& options) {
  const bool on_interface = options.port.kind == port::PortKind::kAfXdp;
  std::optional<Address> source = options.source;
  if (!source && on_interface) source = AddressOn(options.port.target, options.server.length);
  // The ranges for benchmarks of RFC 2544 and RFC 5180.
  if (!source) source = AddressOf(options.server.length == 4 ? "198.18.0.1" : "2001:2::1");
  std::optional<Mac> mac = options.destination_mac;
  if (!mac && options.port.kind == port::PortKind::kMemif) mac = Mac{2, 0, 0, 0, 0, 1};
  if (!mac && on_interface) mac = AskKernelFor(options.server, options.port.target);
  if (!mac) {
    return "no MAC is known for " + TextOf(options.server) + ": say --destination-mac";
  }
  frame_.emplace(device_->mac(), *mac, *source, options.server, options.destination_port);
  return "";
}

bool Link::WaitUntilUp(double seconds) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do {
    rte_eth_link link = {};
    if (rte_eth_link_get_nowait(device_->id(), &link) == 0 && link.link_status == RTE_ETH_LINK_UP) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace understudy::load
