// What else the workers' CPUs do, and how fast they are let run.
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kCpus[] = "/sys/devices/system/cpu";

}  // namespace

void CheckIsolation(const Examination& examination, Findings& findings) {
  findings.About("isolation");
  const Machine& machine = examination.machine;
  const auto isolated = machine.Read(absl::StrCat(kCpus, "/isolated"));
  const auto online = machine.Read(absl::StrCat(kCpus, "/online"));
  if (!isolated) return findings.NotApplicable("the kernel does not tell");
  if (online == "0") return findings.NotApplicable("one CPU");
  if (!isolated->empty()) return findings.Ok(absl::StrCat("CPUs ", *isolated));
  findings.Advise("no CPU is isolated",
                  "workers share theirs with everything else: now and then a query waits for it",
                  "kernel command line: isolcpus=LIST nohz_full=LIST rcu_nocbs=LIST, and "
                  "understudy-dataplane ... -- --lcores (dataplane/README.md)");
}

void CheckGovernor(const Examination& examination, Findings& findings) {
  findings.About("governor");
  std::map<std::string, std::vector<std::string>> cpus_of;
  for (const std::string& cpu : examination.machine.List(kCpus)) {
    const auto governor =
        examination.machine.Read(absl::StrCat(kCpus, "/", cpu, "/cpufreq/scaling_governor"));
    if (governor) cpus_of[*governor].push_back(cpu);
  }
  if (cpus_of.empty()) return findings.NotApplicable("the kernel does not set the frequency here");
  bool slow = false;
  for (const auto& [governor, cpus] : cpus_of) {
    if (governor == "performance") continue;
    slow = true;
    findings.Warn(absl::StrCat(governor, " on ", cpus.size(), " CPUs (", cpus.front(),
                               cpus.size() > 1 ? absl::StrCat(" to ", cpus.back()) : "", ")"),
                  "they wake up slow: the first queries after a pause take several times as long",
                  "cpupower frequency-set -g performance   # package linux-cpupower");
  }
  if (!slow) findings.Ok("performance");
}

void CheckInterruptBalance(const Examination& examination, Findings& findings) {
  findings.About("irqbalance");
  if (examination.machine.ProcessesNamed("irqbalance").empty()) return findings.Ok("does not run");
  findings.Warn("irqbalance runs",
                "it moves the NIC's interrupts to and fro: queues change their CPU under load",
                "systemctl disable --now irqbalance   # or IRQBALANCE_BANNED_CPULIST in "
                "/etc/default/irqbalance");
}

}  // namespace understudy::ctl::doctor
