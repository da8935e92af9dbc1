// GatherFacts: ethtool's questions, XDP programs, AF_XDP sockets, the kernel's word on its clock.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstring>

#include "tools/understudyctl/doctor/machine.h"

namespace understudy::ctl::doctor {
namespace {

// The command's structure, with room behind it. False: the driver does not answer that.
bool Ask(int fd, const std::string& interface, void* command) {
  ifreq request = {};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

std::vector<uint32_t> SpreadOf(int fd, const std::string& interface) {
  ethtool_rxfh_indir size = {};
  size.cmd = ETHTOOL_GRXFHINDIR;
  if (!Ask(fd, interface, &size) || size.size == 0) return {};
  std::vector<uint32_t> words(2 + size.size);  // cmd, size, then a queue for each slot
  words[0] = ETHTOOL_GRXFHINDIR;
  words[1] = size.size;
  if (!Ask(fd, interface, words.data())) return {};
  words.erase(words.begin(), words.begin() + 2);
  return words;
}

std::optional<bool> ByPort(int fd, const std::string& interface, uint32_t flow) {
  ethtool_rxnfc question = {};
  question.cmd = ETHTOOL_GRXFH;
  question.flow_type = flow;
  if (!Ask(fd, interface, &question)) return std::nullopt;
  constexpr uint64_t kPorts = RXH_L4_B_0_1 | RXH_L4_B_2_3;
  return (question.data & kPorts) == kPorts;
}

std::string NameOfProgram(uint32_t id) {
  const int fd = bpf_prog_get_fd_by_id(id);
  if (fd < 0) return "";
  bpf_prog_info info = {};
  uint32_t length = sizeof(info);
  const bool known = bpf_obj_get_info_by_fd(fd, &info, &length) == 0;
  close(fd);
  return known ? info.name : "";
}

std::optional<InterfaceFacts::Program> ProgramOf(int index) {
  bpf_xdp_query_opts options = {};
  options.sz = sizeof(options);
  if (bpf_xdp_query(index, 0, &options) != 0) return std::nullopt;
  InterfaceFacts::Program program;
  if (options.drv_prog_id != 0) {
    program = {options.drv_prog_id, "", "xdp"};
  } else if (options.skb_prog_id != 0) {
    program = {options.skb_prog_id, "", "xdpgeneric"};
  } else if (options.hw_prog_id != 0) {
    program = {options.hw_prog_id, "", "xdpoffload"};
  } else {
    return std::nullopt;
  }
  program.name = NameOfProgram(program.id);
  return program;
}

InterfaceFacts FactsOf(int fd, const std::string& interface, int index) {
  InterfaceFacts facts;
  ethtool_channels channels = {};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (Ask(fd, interface, &channels)) facts.channels = channels.combined_count;
  ethtool_ringparam rings = {};
  rings.cmd = ETHTOOL_GRINGPARAM;
  if (Ask(fd, interface, &rings)) facts.rings = {rings.rx_pending, rings.rx_max_pending};
  facts.spread = SpreadOf(fd, interface);
  facts.udp4_by_port = ByPort(fd, interface, UDP_V4_FLOW);
  facts.udp6_by_port = ByPort(fd, interface, UDP_V6_FLOW);
  facts.program = ProgramOf(index);
  return facts;
}

}  // namespace

Facts GatherFacts() {
  Facts facts;
  libbpf_set_print(nullptr);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (struct if_nameindex* names = if_nameindex(); names != nullptr) {
    for (const auto* one = names; fd >= 0 && one->if_index != 0; ++one) {
      facts.interfaces[one->if_name] = FactsOf(fd, one->if_name, static_cast<int>(one->if_index));
    }
    if_freenameindex(names);
  }
  if (fd >= 0) close(fd);

  const int xdp = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (xdp >= 0) close(xdp);
  // EPERM: the kernel has them, and only we may not.
  if (xdp >= 0 || errno == EAFNOSUPPORT) facts.af_xdp = xdp >= 0;

  timex clock = {};
  const int state = adjtimex(&clock);
  if (state >= 0) facts.clock_synchronised = state != TIME_ERROR && !(clock.status & STA_UNSYNC);
  return facts;
}

}  // namespace understudy::ctl::doctor
