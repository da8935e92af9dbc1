// What a crash leaves: shared memory, XDP programs, TAPs, hugepage files, runtime folders.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dataplane/contract/root.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kOurProgram[] = "understudy_xdp";     // dataplane/port/xdp_program.cc
constexpr char kClaim[] = "@understudy-dataplane/";  // dataplane/port/interface.cc
constexpr char kOurRuntime[] = "understudy-";        // dataplane/port/eal.cc
constexpr uint64_t kPersists = 0x0800;               // IFF_PERSIST, <linux/if_tun.h>

bool IsClaimed(const Machine& machine, const std::string& interface) {
  const std::string claim = kClaim + interface;
  return std::ranges::any_of(machine.ReadLines("/proc/net/unix"),
                             [&](const std::string& line) { return line.ends_with(claim); });
}

// Where hugetlbfs is mounted.
std::vector<std::string> HugepageFolders(const Machine& machine) {
  std::vector<std::string> folders;
  for (const std::string& line : machine.ReadLines("/proc/self/mounts")) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    if (fields.size() > 2 && fields[2] == "hugetlbfs") folders.push_back(fields[1]);
  }
  return folders;
}

bool IsMapped(const Machine& machine, const std::string& path) {
  return std::ranges::any_of(machine.List("/proc"), [&](const std::string& pid) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) return false;
    const auto maps = machine.Read("/proc/" + pid + "/maps");
    return maps && maps->find(path) != std::string::npos;
  });
}

constexpr char kStartDataplane[] =
    "systemctl start understudy-dataplane   # serves what /etc/default/understudy-dataplane says; "
    "journalctl -u understudy-dataplane tells why it ended";
constexpr char kStartBoth[] = "systemctl start understudy-control understudy-dataplane";

// Whichever way they ended, the next start goes on from their memory: it is nothing to clear away.
void LookAtDead(const Resident& resident, const std::string& folder, Findings& findings) {
  const std::string cost =
      absl::StrCat("nothing answers; a start goes on from what is in ", folder);
  if (resident.control_ended && resident.dataplane_ended) {
    return findings.Advise("nothing of it lives: it was stopped", cost, kStartBoth);
  }
  const char* who = resident.control_ended     ? "the dataplane"
                    : resident.dataplane_ended ? "control"
                                               : "control and the dataplane";
  findings.Warn(absl::StrCat("nothing of it lives: ", who, " died"), cost, kStartBoth);
}

}  // namespace

void CheckInstances(const Examination& examination, Findings& findings) {
  if (examination.residents.empty()) {
    findings.About("instances");
    return findings.NotApplicable(absl::StrCat("none in ", examination.shm_dir));
  }
  for (const Resident& resident : examination.residents) {
    findings.About("instance", resident.name);
    if (resident.control_alive && resident.dataplane_alive) {
      findings.Ok("control and dataplane live");
    } else if (resident.dataplane_alive) {
      findings.Warn(absl::StrCat("control does not run: it ",
                                 resident.control_ended ? "was stopped" : "died"),
                    "answers stay as they are, whatever fails",
                    "systemctl start understudy-control");
    } else if (resident.control_alive) {
      findings.Broken(
          absl::StrCat("no dataplane runs: it ",
                       resident.dataplane_ended ? "was stopped, or never served" : "died"),
          "nothing answers", kStartDataplane);
    } else {
      LookAtDead(resident, absl::StrCat(examination.shm_dir, "/", resident.name), findings);
    }
  }
}

void CheckPrograms(const Examination& examination, Findings& findings) {
  findings.About("xdp leftovers");
  bool any = false;
  for (const auto& [interface, facts] : examination.machine.facts().interfaces) {
    if (!facts.program || facts.program->name != kOurProgram ||
        IsClaimed(examination.machine, interface)) {
      continue;
    }
    any = true;
    findings.About("xdp leftovers", interface);
    findings.Warn("it carries the program of a dataplane that is dead",
                  "every frame passes it for nothing; the next start replaces it",
                  absl::StrCat("ip link set dev ", interface, " ", facts.program->mode, " off"));
  }
  if (!any) findings.Ok("none");
}

void CheckTaps(const Examination& examination, Findings& findings) {
  findings.About("tap leftovers");
  bool any = false;
  for (const std::string& interface : examination.machine.List("/sys/class/net")) {
    const std::string folder = "/sys/class/net/" + interface;
    const auto flags = examination.machine.Read(folder + "/tun_flags");
    if (!interface.starts_with("us-tap") || !flags) continue;
    const bool persists = (std::strtoull(flags->c_str(), nullptr, 16) & kPersists) != 0;
    if (!persists || examination.machine.Read(folder + "/carrier") == "1") continue;
    any = true;
    findings.About("tap leftovers", interface);
    findings.Warn("a TAP that nobody has open", "routes by it lead nowhere",
                  absl::StrCat("ip link delete ", interface));
  }
  if (!any) findings.Ok("none");
}

void CheckHugepageFiles(const Examination& examination, Findings& findings) {
  findings.About("hugepage files");
  const Machine& machine = examination.machine;
  bool any = false;
  for (const std::string& folder : HugepageFolders(machine)) {
    uint64_t dead = 0;
    for (const std::string& file : machine.List(folder)) {
      dead += file.find("map_") != std::string::npos && !IsMapped(machine, folder + "/" + file);
    }
    if (dead == 0) continue;
    any = true;
    findings.About("hugepage files", folder);
    findings.Warn(
        absl::StrCat(dead, " files of DPDK processes that are dead"),
        "their hugepages are missing to others",
        absl::StrCat("for f in ", folder, "/*map_*; do fuser -s \"$f\" || rm \"$f\"; done"));
  }
  if (!any) findings.Ok("none");
}

void CheckRuntimeFolders(const Examination& examination, Findings& findings) {
  findings.About("runtime folders");
  bool any = false;
  for (const std::string& name : examination.machine.List("/run/dpdk")) {
    if (!name.starts_with(kOurRuntime)) continue;
    const std::string instance = name.substr(sizeof(kOurRuntime) - 1);
    const bool alive = std::ranges::any_of(examination.residents, [&](const Resident& resident) {
      return resident.name == instance && resident.dataplane_alive;
    });
    if (alive) continue;
    any = true;
    findings.About("runtime folders", name);
    findings.Advise("left by a dataplane that was killed", "nothing but clutter",
                    absl::StrCat("rm -r /run/dpdk/", name));
  }
  if (!any) findings.Ok("none");
}

}  // namespace understudy::ctl::doctor
