// Link, MTU and XDP of the interfaces that carry queries.
#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

constexpr uint64_t kEthernetMtu = 1500;
// RFC 8200 5: what every IPv6 link carries.
constexpr uint64_t kIpv6Mtu = 1280;
// A frame with its headers must fit a page of UMEM (dataplane/port/port.cc).
constexpr uint64_t kAfXdpMtu = 3498;

// Drivers that run XDP programs themselves (Linux 6.1, `ndo_bpf`). With others the kernel does it
// later, in its generic way.
constexpr std::array<std::string_view, 29> kXdpDrivers = {
    "bnxt_en",   "bonding", "cpsw",  "dpaa2-eth",  "ena",         "enetc",   "fsl_dpa", "hv_netvsc",
    "i40e",      "ice",     "igb",   "igc",        "ixgbe",       "ixgbevf", "lan966x", "mlx4_en",
    "mlx5_core", "mvneta",  "mvpp2", "nfp",        "nicvf",       "qede",    "sfc",     "stmmac",
    "tsnep",     "tun",     "veth",  "virtio_net", "xen_netfront"};

std::string Folder(const std::string& interface) { return "/sys/class/net/" + interface; }

}  // namespace

void CheckLink(const Examination& examination, Findings& findings) {
  findings.About("link");
  if (examination.interfaces.empty()) {
    return findings.NotApplicable("no dataplane serves an interface: name one by --interface");
  }
  for (const std::string& interface : examination.interfaces) {
    findings.About("link", interface);
    const Machine& machine = examination.machine;
    if (!machine.Exists(Folder(interface))) {
      findings.Broken("there is no such interface in this network namespace",
                      "no query comes in by it",
                      "ip -br link; understudyctl doctor --interface NAME");
    } else if (machine.Read(Folder(interface) + "/operstate") == "down") {
      findings.Broken("it is down", "no query comes in by it",
                      absl::StrCat("ip link set dev ", interface, " up"));
    } else if (machine.Read(Folder(interface) + "/carrier") == "0") {
      findings.Broken("it has no carrier", "no query comes in by it",
                      absl::StrCat("ethtool ", interface, "   # then cable and switch"));
    } else {
      findings.Ok("up");
    }
  }
}

void CheckMtu(const Examination& examination, Findings& findings) {
  for (const std::string& interface : examination.interfaces) {
    findings.About("mtu", interface);
    const auto mtu = examination.machine.ReadNumber(Folder(interface) + "/mtu");
    const std::string mend = absl::StrCat("ip link set dev ", interface, " mtu ", kEthernetMtu);
    if (!mtu) {
      findings.NotApplicable("not told");
    } else if (*mtu < kIpv6Mtu) {
      findings.Broken(absl::StrCat(*mtu, " octets"),
                      "less than IPv6 needs: it is off, and large answers fail", mend);
    } else if (*mtu < kEthernetMtu) {
      findings.Warn(absl::StrCat(*mtu, " octets"),
                    "larger answers are truncated and asked again over TCP", mend);
    } else if (*mtu > kAfXdpMtu) {
      findings.Warn(
          absl::StrCat(*mtu, " octets"),
          absl::StrCat("above ", kAfXdpMtu,
                       " most drivers refuse XDP programs, and the dataplane does not start"),
          mend);
    } else {
      findings.Ok(absl::StrCat(*mtu, " octets"));
    }
  }
}

void CheckXdp(const Examination& examination, Findings& findings) {
  for (const std::string& interface : examination.interfaces) {
    findings.About("xdp", interface);
    const auto facts = examination.machine.facts().interfaces.find(interface);
    const auto driver = examination.machine.Link(Folder(interface) + "/device/driver");
    const bool attached =
        facts != examination.machine.facts().interfaces.end() && facts->second.program;
    const std::string cost =
        "every query costs a buffer of the kernel first: a fraction of the rate";
    if (attached && facts->second.program->mode == "xdpgeneric") {
      findings.Warn(
          "the program runs in generic mode, not in the driver", cost,
          "a NIC whose driver has XDP (dataplane/README.md), or the whole NIC (tools/nic)");
    } else if (attached) {
      findings.Ok("the driver runs the program");
    } else if (!driver) {
      findings.NotApplicable("a virtual interface: its driver is not told");
    } else if (std::ranges::find(kXdpDrivers, *driver) == kXdpDrivers.end()) {
      findings.Warn(
          absl::StrCat("driver ", *driver, " is not known to run XDP programs"), cost,
          "a NIC whose driver has XDP (dataplane/README.md), or the whole NIC (tools/nic)");
    } else {
      findings.Ok(absl::StrCat("driver ", *driver));
    }
  }
}

}  // namespace understudy::ctl::doctor
