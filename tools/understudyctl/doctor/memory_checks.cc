// Hugepages, locked memory, swap.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kSizes[] = "/sys/kernel/mm/hugepages";
// EAL and one AF_XDP queue (dataplane/port/port.cc); each further queue takes 25 MB.
constexpr uint64_t kWantedMb = 96;
constexpr uint64_t kUmemBytes = uint64_t{32} << 20;

struct Pages {
  uint64_t total_mb = 0;
  uint64_t free_mb = 0;
};

Pages PagesIn(const Machine& machine, const std::string& folder) {
  Pages pages;
  for (const std::string& name : machine.List(folder)) {  // hugepages-2048kB
    uint64_t size_kb = 0;
    if (!absl::SimpleAtoi(name.substr(name.find('-') + 1, name.size() - name.find('-') - 3),
                          &size_kb)) {
      continue;
    }
    const std::string size = folder + "/" + name;
    pages.total_mb += machine.ReadNumber(size + "/nr_hugepages").value_or(0) * size_kb / 1024;
    const uint64_t free = machine.ReadNumber(size + "/free_hugepages").value_or(0);
    // Of the free ones, those that some program will touch yet.
    const uint64_t reserved = machine.ReadNumber(size + "/resv_hugepages").value_or(0);
    pages.free_mb += (free - std::min(free, reserved)) * size_kb / 1024;
  }
  return pages;
}

// The number behind "VmSwap:" and the like in a file of lines; 0 when there is none.
uint64_t FieldOf(const Machine& machine, const std::string& path, std::string_view name,
                 int base = 10) {
  for (const std::string& line : machine.ReadLines(path)) {
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, base);
  }
  return 0;
}

std::string FileOf(const Resident& resident, std::string_view name) {
  return absl::StrCat("/proc/", resident.dataplane_pid, "/", std::string(name));
}

}  // namespace

void CheckHugepages(const Examination& examination, Findings& findings) {
  findings.About("hugepages");
  const Machine& machine = examination.machine;
  if (!machine.Exists(kSizes)) return findings.NotApplicable("the kernel has none");
  const Pages pages = PagesIn(machine, kSizes);
  const bool in_use = std::ranges::any_of(examination.residents, &Resident::dataplane_alive);
  const std::string what = absl::StrCat(pages.free_mb, " of ", pages.total_mb, " MB free");
  const std::string mend = absl::StrCat(
      "sysctl -w vm.nr_hugepages=", std::max<uint64_t>(pages.total_mb + kWantedMb, 256) / 2,
      "   # and in /etc/sysctl.d/ for the next boot");
  if (pages.total_mb == 0) {
    findings.Warn("none", "buffers lie on small pages: more misses of the TLB for every frame",
                  mend);
  } else if (pages.free_mb < kWantedMb && !in_use) {
    findings.Warn(what, "too few for one queue: the next start goes without", mend);
  } else {
    findings.Ok(what);
  }
  // A NIC's buffers should lie on its own NUMA node.
  for (const std::string& interface : examination.interfaces) {
    const auto node = machine.ReadNumber("/sys/class/net/" + interface + "/device/numa_node");
    const std::string folder =
        absl::StrCat("/sys/devices/system/node/node", node.value_or(0), "/hugepages");
    if (pages.total_mb == 0 || !node || !machine.Exists(folder)) continue;
    findings.About("hugepages", interface);
    if (PagesIn(machine, folder).total_mb != 0) {
      findings.Ok(absl::StrCat("there are some on its NUMA node ", *node));
    } else {
      findings.Warn(absl::StrCat("none on its NUMA node ", *node),
                    "its buffers lie behind the other processor: each frame takes longer",
                    absl::StrCat("echo 128 > ", folder, "/hugepages-2048kB/nr_hugepages"));
    }
  }
}

void CheckHugePagesOfTables(const Examination& examination, Findings& findings) {
  findings.About("thp");
  constexpr char kShmem[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
  const auto setting = examination.machine.Read(kShmem);
  if (!setting) return findings.NotApplicable("the kernel has no transparent huge pages");
  if (setting->find("[deny]") != std::string::npos) {
    return findings.Warn("denied for shared memory",
                         "tables lie on small pages: a lookup in a large one walks page tables",
                         absl::StrCat("echo advise > ", kShmem));
  }
  findings.Ok("tables may lie on huge pages");
}

void CheckLockedMemory(const Examination& examination, Findings& findings) {
  findings.About("memlock");
  bool looked = false;
  for (const Resident& resident : examination.residents) {
    if (!resident.dataplane_alive || resident.interfaces.empty()) continue;
    findings.About("memlock", resident.name);
    looked = true;
    const Machine& machine = examination.machine;
    const std::string limits = machine.Read(FileOf(resident, "limits")).value_or("");
    const uint64_t capabilities = FieldOf(machine, FileOf(resident, "status"), "CapEff:", 16);
    constexpr uint64_t kIpcLock = uint64_t{1} << 14;  // CAP_IPC_LOCK, which no limit holds back
    const bool unlimited = limits.find("Max locked memory         unlimited") != std::string::npos;
    const uint64_t limit = FieldOf(machine, FileOf(resident, "limits"), "Max locked memory");
    if (limits.empty()) {
      findings.NotApplicable("the limits of its process cannot be read");
    } else if (unlimited || (capabilities & kIpcLock) != 0 || limit >= kUmemBytes) {
      findings.Ok("the dataplane may lock what it needs");
    } else {
      findings.Warn(absl::StrCat("the dataplane may lock ", limit >> 10, " kB"),
                    "before Linux 5.11 sockets of AF_XDP do not get their buffers",
                    "LimitMEMLOCK=infinity in its unit, then restart it");
    }
  }
  if (!looked) findings.NotApplicable("no dataplane serves an interface");
}

void CheckSwap(const Examination& examination, Findings& findings) {
  findings.About("swap");
  const Machine& machine = examination.machine;
  if (machine.ReadLines("/proc/swaps").size() < 2) return findings.Ok("none");
  for (const Resident& resident : examination.residents) {
    if (!resident.dataplane_alive) continue;
    const uint64_t out_kb = FieldOf(machine, FileOf(resident, "status"), "VmSwap:");
    if (out_kb == 0) continue;
    findings.About("swap", resident.name);
    findings.Warn(absl::StrCat(out_kb, " kB of the dataplane are swapped out"),
                  "a query that needs them waits for a disk",
                  "swapoff -a   # and MemorySwapMax=0 in its unit");
  }
  if (findings.all().empty() || findings.all().back().check != "swap") {
    findings.Advise("there is some", "under pressure a query may wait for a disk",
                    "swapoff -a   # or MemorySwapMax=0 in the units");
  }
}

}  // namespace understudy::ctl::doctor
