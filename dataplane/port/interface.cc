#include "dataplane/port/interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace understudy::port {
namespace {

// One ioctl about one interface.
class Question {
 public:
  explicit Question(const std::string& name) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::strncpy(request_.ifr_name, name.c_str(), IFNAMSIZ - 1);
  }
  ~Question() {
    if (fd_ >= 0) close(fd_);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  bool Ask(unsigned long what) { return ioctl(fd_, what, &request_) == 0; }
  bool AskEthtool(void* command) {
    request_.ifr_data = static_cast<char*>(command);
    return Ask(SIOCETHTOOL);
  }
  const ifreq& answer() const { return request_; }

 private:
  const int fd_;
  ifreq request_ = {};
};

uint32_t RxQueuesOf(const std::string& name) {
  uint32_t count = 0;
  std::error_code error;
  const std::filesystem::path queues = "/sys/class/net/" + name + "/queues";
  for (auto entry = std::filesystem::directory_iterator(queues, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with("rx-")) ++count;
  }
  return count == 0 ? 1 : count;
}

uint32_t ChannelsOf(const std::string& name) {
  ethtool_channels channels = {};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!Question(name).AskEthtool(&channels)) return 1;  // a device without channels has one
  return channels.combined_count == 0 ? 1 : channels.combined_count;
}

std::optional<uint32_t> EthtoolFlags(const std::string& name) {
  ethtool_value flags = {};
  flags.cmd = ETHTOOL_GFLAGS;
  if (!Question(name).AskEthtool(&flags)) return std::nullopt;
  return flags.data;
}

}  // namespace

std::optional<Interface> LookAt(const std::string& name, std::string* error) {
  Interface interface;
  interface.name = name;
  interface.index = static_cast<int>(if_nametoindex(name.c_str()));
  Question flags(name);
  if (interface.index == 0 || !flags.Ask(SIOCGIFFLAGS)) {
    *error = "there is no interface '" + name + "' in this network namespace";
    return std::nullopt;
  }
  interface.up = (flags.answer().ifr_flags & IFF_UP) != 0;
  interface.rx_queues = RxQueuesOf(name);
  interface.channels = ChannelsOf(name);
  interface.strips_vlan = (EthtoolFlags(name).value_or(0) & ETH_FLAG_RXVLAN) != 0;
  return interface;
}

bool KeepVlanTags(const std::string& name) {
  const std::optional<uint32_t> before = EthtoolFlags(name);
  if (!before) return false;
  ethtool_value flags = {};
  flags.cmd = ETHTOOL_SFLAGS;
  flags.data = *before & ~uint32_t{ETH_FLAG_RXVLAN};
  return Question(name).AskEthtool(&flags) &&
         (EthtoolFlags(name).value_or(ETH_FLAG_RXVLAN) & ETH_FLAG_RXVLAN) == 0;
}

std::optional<InterfaceClaim> InterfaceClaim::Take(const std::string& name, std::string* error) {
  InterfaceClaim claim(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string claimed = "understudy-dataplane/" + name;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, claimed.data(), claimed.size());  // [0] = 0: abstract
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + claimed.size());
  if (claim.fd_ < 0 || bind(claim.fd_, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    *error = errno == EADDRINUSE ? "another understudy-dataplane serves " + name
                                 : "cannot claim " + name + ": " + std::strerror(errno);
    return std::nullopt;
  }
  return claim;
}

InterfaceClaim::~InterfaceClaim() {
  if (fd_ >= 0) close(fd_);
}

InterfaceClaim::InterfaceClaim(InterfaceClaim&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

InterfaceClaim& InterfaceClaim::operator=(InterfaceClaim&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

}  // namespace understudy::port
