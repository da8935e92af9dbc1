// Memory, processors, kernel and clock: each check seen well, ill, and where it does not apply.
#include <gtest/gtest.h>

#include "tests/tools/understudyctl/doctor/made_up_machine.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kTwoMb[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
constexpr char kSwaps[] = "Filename Type Size Used Priority";

void Pages(MadeUpMachine& machine, const std::string& total, const std::string& free) {
  machine.File(kTwoMb + std::string("nr_hugepages"), total);
  machine.File(kTwoMb + std::string("free_hugepages"), free);
}

TEST(DoctorMachineTest, LooksAtHugepages) {
  const auto pages = [](const char* total, const char* free) {
    return [total, free](MadeUpMachine& m) { Pages(m, total, free); };
  };
  static constexpr char kNode[] =
      "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages";
  const auto on_node = [](const char* count) {
    return [count](MadeUpMachine& m) {
      Pages(m, "256", "256");
      m.File("/sys/class/net/eth1/device/numa_node", "1");
      m.File(kNode, count);
    };
  };
  Try({
      {"a kernel without", CheckHugepages, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"none", CheckHugepages, pages("0", "0"), Severity::kWarning, "none", "vm.nr_hugepages=128"},
      {"too few are free", CheckHugepages, pages("256", "10"), Severity::kWarning,
       "20 of 512 MB free", "vm.nr_hugepages=304"},
      {"somebody has reserved the free ones", CheckHugepages,
       [](auto& m) {
         Pages(m, "256", "256");
         m.File(kTwoMb + std::string("resv_hugepages"), "246");
       },
       Severity::kWarning, "20 of 512 MB free", "vm.nr_hugepages=304"},
      {"they are in use by the dataplane", CheckHugepages,
       [](auto& m) {
         Pages(m, "256", "10");
         m.Serving();
       },
       Severity::kOk, "20 of 512 MB free", ""},
      {"enough", CheckHugepages, pages("256", "256"), Severity::kOk, "512 of 512 MB free", ""},
      {"none on the NIC's node", CheckHugepages, on_node("0"), Severity::kWarning, "NUMA node 1",
       "node1/hugepages"},
      {"some on the NIC's node", CheckHugepages, on_node("64"), Severity::kOk, "NUMA node 1", ""},
      {"one node, which the kernel calls -1", CheckHugepages,
       [](auto& m) {
         Pages(m, "256", "256");
         m.File("/sys/class/net/eth1/device/numa_node", "-1");
       },
       Severity::kOk, "512", ""},
  });
}

TEST(DoctorMachineTest, LooksAtMemory) {
  static constexpr char kShmem[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
  const auto process = [](const char* limit, const char* capabilities, const char* swapped) {
    return [=](MadeUpMachine& m) {
      m.Serving();
      m.File("/proc/42/limits",
             "Limit                     Soft Limit           Hard Limit           Units\n"
             "Max locked memory         " +
                 std::string(limit) + "              8388608              bytes");
      m.File("/proc/42/status",
             "Name: x\nVmSwap:\t" + std::string(swapped) + " kB\nCapEff:\t" + capabilities);
      m.File("/proc/swaps", kSwaps + std::string("\n/dev/vda2 partition 1000 0 -2"));
    };
  };
  Try({
      {"tables may lie on huge pages", CheckHugePagesOfTables,
       [](auto& m) { m.File(kShmem, "always within_size advise [never] deny force"); },
       Severity::kOk, "", ""},
      {"tables may not", CheckHugePagesOfTables,
       [](auto& m) { m.File(kShmem, "always within_size advise never [deny] force"); },
       Severity::kWarning, "denied", "echo advise"},
      {"no transparent huge pages", CheckHugePagesOfTables, [](auto&) {}, Severity::kNotApplicable,
       "", ""},
      {"nothing is served", CheckLockedMemory, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"a low limit", CheckLockedMemory, process("65536", "0000000000001000", "0"),
       Severity::kWarning, "64 kB", "LimitMEMLOCK=infinity"},
      {"a low limit that does not hold it back", CheckLockedMemory,
       process("65536", "0000000000004000", "0"), Severity::kOk, "", ""},
      {"no limit", CheckLockedMemory, process("unlimited", "0", "0"), Severity::kOk, "", ""},
      {"a process that cannot be looked at", CheckLockedMemory, [](auto& m) { m.Serving(); },
       Severity::kNotApplicable, "cannot be read", ""},
      {"no swap", CheckSwap, [](auto& m) { m.File("/proc/swaps", kSwaps); }, Severity::kOk, "none",
       ""},
      {"swap that is not used", CheckSwap, process("unlimited", "0", "0"), Severity::kAdvice,
       "some", "swapoff"},
      {"the dataplane is swapped out", CheckSwap, process("unlimited", "0", "512"),
       Severity::kWarning, "512 kB", "swapoff"},
  });
}

TEST(DoctorMachineTest, LooksAtProcessors) {
  static constexpr char kCpu[] = "/sys/devices/system/cpu/";
  const auto isolated = [](const char* online, const char* list) {
    return [=](MadeUpMachine& m) {
      m.File(kCpu + std::string("online"), online);
      m.File(kCpu + std::string("isolated"), list);
    };
  };
  const auto governors = [](const char* first, const char* second) {
    return [=](MadeUpMachine& m) {
      m.File(kCpu + std::string("cpu0/cpufreq/scaling_governor"), first);
      m.File(kCpu + std::string("cpu1/cpufreq/scaling_governor"), second);
    };
  };
  Try({
      {"not told", CheckIsolation, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"one CPU", CheckIsolation, isolated("0", ""), Severity::kNotApplicable, "one CPU", ""},
      {"none is isolated", CheckIsolation, isolated("0-3", ""), Severity::kAdvice, "no CPU",
       "isolcpus"},
      {"some are", CheckIsolation, isolated("0-3", "2-3"), Severity::kOk, "CPUs 2-3", ""},
      {"a virtual machine", CheckGovernor, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"all at full speed", CheckGovernor, governors("performance", "performance"), Severity::kOk,
       "performance", ""},
      {"one saves power", CheckGovernor, governors("performance", "powersave"), Severity::kWarning,
       "powersave on 1 CPUs (cpu1)", "cpupower"},
      {"irqbalance does not run", CheckInterruptBalance,
       [](auto& m) { m.File("/proc/7/comm", "sshd"); }, Severity::kOk, "", ""},
      {"irqbalance runs", CheckInterruptBalance,
       [](auto& m) { m.File("/proc/7/comm", "irqbalance"); }, Severity::kWarning, "irqbalance",
       "systemctl disable"},
  });
}

TEST(DoctorMachineTest, LooksAtTheKernelAndItsClock) {
  static constexpr char kRelease[] = "/proc/sys/kernel/osrelease";
  static constexpr char kJit[] = "/proc/sys/net/core/bpf_jit_enable";
  const auto kernel = [](const char* release, std::optional<bool> af_xdp, const char* jit) {
    return [=](MadeUpMachine& m) {
      m.File(kRelease, release);
      m.File(kJit, jit);
      m.facts.af_xdp = af_xdp;
    };
  };
  const auto clock = [](std::optional<bool> synchronised) {
    return [=](MadeUpMachine& m) { m.facts.clock_synchronised = synchronised; };
  };
  Try({
      {"Debian 12's", CheckKernel, kernel("6.1.0-28-amd64", true, "1"), Severity::kOk, "", ""},
      {"without AF_XDP", CheckKernel, kernel("6.1.0", false, "1"), Severity::kBroken,
       "no AF_XDP sockets", "CONFIG_XDP_SOCKETS"},
      {"an old one", CheckKernel, kernel("5.4.0-200", true, "1"), Severity::kWarning,
       "older than 5.10", "apt install"},
      {"it is not told", CheckKernel, kernel("6.1.0", std::nullopt, "1"), Severity::kNotApplicable,
       "", ""},
      {"an interpreted program", CheckKernel, kernel("6.1.0", true, "0"), Severity::kWarning, "off",
       "bpf_jit_enable=1"},
      {"a clock that is right", CheckClock, clock(true), Severity::kOk, "synchronised", ""},
      {"a clock that runs free", CheckClock, clock(false), Severity::kWarning, "not synchronised",
       "chrony"},
      {"a clock that is not told of", CheckClock, clock(std::nullopt), Severity::kNotApplicable, "",
       ""},
  });
}

}  // namespace
}  // namespace understudy::ctl::doctor
