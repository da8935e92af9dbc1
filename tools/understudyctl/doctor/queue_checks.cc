// Queues, what spreads frames over them (RSS), and how long they are.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

// Of the dataplane's own sockets: a NIC's shorter ring fills first.
constexpr uint32_t kWantedRing = 2048;

const InterfaceFacts& FactsOf(const Examination& examination, const std::string& interface) {
  static const InterfaceFacts unknown;
  const auto& all = examination.machine.facts().interfaces;
  const auto found = all.find(interface);
  return found == all.end() ? unknown : found->second;
}

// Receive queues in use.
uint32_t QueuesOf(const Examination& examination, const std::string& interface) {
  uint32_t count = 0;
  for (const std::string& name :
       examination.machine.List("/sys/class/net/" + interface + "/queues")) {
    count += name.starts_with("rx-");
  }
  return count;
}

uint32_t CpusOf(const Machine& machine) {
  uint32_t count = 0;
  for (const std::string& name : machine.List("/sys/devices/system/cpu")) {
    count += name.size() > 3 && name.starts_with("cpu") &&
             name.find_first_not_of("0123456789", 3) == std::string::npos;
  }
  return count;
}

}  // namespace

void CheckQueues(const Examination& examination, Findings& findings) {
  for (const std::string& interface : examination.interfaces) {
    findings.About("queues", interface);
    const uint32_t queues = QueuesOf(examination, interface);
    const uint32_t channels = std::max(FactsOf(examination, interface).channels.value_or(1), 1U);
    const uint32_t cpus = CpusOf(examination.machine);
    if (queues == 0) {
      findings.NotApplicable("not told");
    } else if (queues > channels) {
      findings.Broken(
          absl::StrCat("it receives on ", queues, " queues, and AF_XDP can serve ", channels),
          "the dataplane refuses it: queries on the other queues would go to the kernel",
          absl::StrCat("ethtool -L ", interface, " rx ", channels,
                       "   # or combined; a veth: ip link add ... numrxqueues 1"));
    } else if (cpus != 0 && queues > cpus) {
      findings.Warn(absl::StrCat(queues, " queues for ", cpus, " CPUs"),
                    "workers serve several queues each, and none of them better",
                    absl::StrCat("ethtool -L ", interface, " combined ", cpus));
    } else {
      findings.Ok(absl::StrCat(queues, " receive queues, ", cpus, " CPUs"));
    }
  }
}

void CheckSpread(const Examination& examination, Findings& findings) {
  for (const std::string& interface : examination.interfaces) {
    findings.About("rss", interface);
    const InterfaceFacts& facts = FactsOf(examination, interface);
    const uint32_t queues = QueuesOf(examination, interface);
    if (queues < 2) {
      findings.NotApplicable("one queue");
      continue;
    }
    const std::set<uint32_t> used(facts.spread.begin(), facts.spread.end());
    if (facts.spread.empty() && !facts.udp4_by_port) {
      findings.NotApplicable("the driver does not tell how it spreads");
      continue;
    }
    if (!facts.spread.empty() && used.size() < queues) {
      findings.Warn(absl::StrCat("frames go to ", used.size(), " of ", queues, " queues (",
                                 absl::StrJoin(used, ","), ")"),
                    "the other workers have nothing to do",
                    absl::StrCat("ethtool -X ", interface, " equal ", queues));
    }
    std::vector<std::string> by_address;
    if (facts.udp4_by_port == false) by_address.emplace_back("udp4");
    if (facts.udp6_by_port == false) by_address.emplace_back("udp6");
    for (const std::string& flow : by_address) {
      findings.Warn(absl::StrCat(flow, " is spread by addresses alone"),
                    "a busy resolver keeps one worker busy, and the others idle",
                    absl::StrCat("ethtool -N ", interface, " rx-flow-hash ", flow, " sdfn"));
    }
    if (by_address.empty() && (facts.spread.empty() || used.size() >= queues)) {
      findings.Ok(absl::StrCat("spread over ", queues, " queues by addresses and ports"));
    }
  }
}

void CheckRings(const Examination& examination, Findings& findings) {
  for (const std::string& interface : examination.interfaces) {
    findings.About("rings", interface);
    const auto& rings = FactsOf(examination, interface).rings;
    if (!rings || rings->most == 0) {
      findings.NotApplicable("the driver has no ring sizes");
    } else if (rings->receive < std::min(rings->most, kWantedRing)) {
      findings.Warn(
          absl::StrCat("receive ring of ", rings->receive, " frames, the driver takes ",
                       rings->most),
          "bursts are lost before the dataplane sees them",
          absl::StrCat("ethtool -G ", interface, " rx ", std::min(rings->most, kWantedRing)));
    } else {
      findings.Ok(absl::StrCat("receive ring of ", rings->receive, " frames"));
    }
  }
}

}  // namespace understudy::ctl::doctor
