#include "dataplane/port/eal.h"

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>

namespace understudy::port {
namespace {

std::string Joined(const std::vector<uint32_t>& numbers) {
  std::string text;
  for (const uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

// "0@(0,1),1@1": the main lcore floats, each worker has its CPU.
std::string LcoresOf(const EalPlan& plan) {
  std::string lcores = "0@(" + Joined(plan.cpus) + ")";
  for (uint32_t i = 0; i < plan.workers; ++i) {
    const uint32_t cpu = plan.cpus[plan.cpus.size() - 1 - i % plan.cpus.size()];
    lcores += "," + std::to_string(i + 1) + "@" + std::to_string(cpu);
  }
  return lcores;
}

}  // namespace

bool ChoosesCores(const std::vector<std::string>& user) {
  return std::ranges::any_of(user, [](const std::string& argument) {
    return argument.starts_with("-l") || argument.starts_with("-c") ||
           argument.starts_with("--lcores");
  });
}

std::vector<std::string> EalArguments(const EalPlan& plan) {
  std::vector<std::string> arguments = {"understudy-dataplane", "--no-telemetry"};
  const auto add = [&arguments](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  add({"--file-prefix", "understudy-" + plan.instance, "-m", std::to_string(plan.memory_mb)});
  // The TAP driver complains of what only its flow rules would need; what fails is said by us.
  add({"--log-level", "lib.eal:warning", "--log-level", "pmd.net.tap:critical"});
  if (plan.hugepages) {
    add({"--in-memory"});  // hugepages without a mounted hugetlbfs
  } else {
    add({"--no-huge", "--no-shconf"});
  }
  if (!ChoosesCores(plan.user)) {
    add({"--lcores", LcoresOf(plan)});
  }
  bool pci = false;
  for (const PortSpec& port : plan.ports) {
    if (port.kind != PortKind::kNic) continue;
    add({"-a", port.target});
    pci = true;
  }
  // AF_XDP registers a pool as one piece of memory, which it is by virtual addresses alone.
  if (!pci) add({"--no-pci", "--iova-mode", "va"});
  arguments.insert(arguments.end(), plan.user.begin(), plan.user.end());
  return arguments;
}

std::vector<uint32_t> AllowedCpus() {
  std::vector<uint32_t> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

uint64_t FreeHugepagesMb() {
  uint64_t total_kb = 0;
  std::error_code error;
  const std::filesystem::path sizes = "/sys/kernel/mm/hugepages";
  for (auto entry = std::filesystem::directory_iterator(sizes, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();  // hugepages-2048kB
    const size_t dash = name.find('-');
    uint64_t free = 0;
    if (dash == std::string::npos || !(std::ifstream(entry->path() / "free_hugepages") >> free)) {
      continue;
    }
    uint64_t reserved = 0;
    std::ifstream(entry->path() / "resv_hugepages") >> reserved;
    total_kb +=
        (free - std::min(free, reserved)) * std::strtoull(name.c_str() + dash + 1, nullptr, 10);
  }
  return total_kb / 1024;
}

std::string StartEal(const EalPlan& plan) {
  std::vector<std::string> arguments = EalArguments(plan);
  std::vector<char*>
      raw;  // EAL reorders it, and keeps pointers into the strings only while it runs
  raw.reserve(arguments.size());
  for (std::string& argument : arguments) raw.push_back(argument.data());
  if (rte_eal_init(static_cast<int>(raw.size()), raw.data()) >= 0) return "";
  std::string line;
  for (const std::string& argument : arguments) line += " " + argument;
  const bool no_pages = plan.hugepages && rte_errno == ENOMEM;
  return std::string("DPDK does not start: ") + rte_strerror(rte_errno) +
         (no_pages ? ", hugepages were taken by somebody else just now (--no-huge uses none)"
                   : "") +
         " (arguments:" + line + ")";
}

void StopEal() {
  std::error_code kept;  // as it is when somebody else put something there
  std::filesystem::remove(rte_eal_get_runtime_dir(), kept);
}

std::string RunOnIdleThreads(const std::function<void()>& once) {
  // Copied, so that a thread that comes late finds what it is to call.
  struct Errand {
    std::function<void()> once;
    std::promise<void> done;
  };
  const auto run = [](void* argument) {
    (*static_cast<std::function<void()>*>(argument))();
    return 0;
  };
  unsigned core = 0;
  RTE_LCORE_FOREACH_WORKER(core) {
    if (rte_eal_get_lcore_state(core) != WAIT) continue;
    auto copy = once;
    if (rte_eal_remote_launch(run, &copy, core) == 0) rte_eal_wait_lcore(core);
  }
  // Alarms ring on the thread that waits for interrupts.
  auto errand = std::make_unique<Errand>(Errand{once, {}});
  std::future<void> done = errand->done.get_future();
  const auto ring = [](void* argument) {
    const std::unique_ptr<Errand> mine(static_cast<Errand*>(argument));
    mine->once();
    mine->done.set_value();
  };
  if (rte_eal_alarm_set(1, ring, errand.get()) != 0) return "DPDK sets no alarm";
  [[maybe_unused]] const Errand* handed_over = errand.release();
  if (done.wait_for(std::chrono::seconds(1)) == std::future_status::ready) return "";
  return "DPDK's interrupt thread does not answer";
}

std::vector<uint32_t> WorkerCores() {
  std::vector<uint32_t> cores;
  unsigned core = 0;
  RTE_LCORE_FOREACH_WORKER(core) { cores.push_back(core); }
  return cores;
}

}  // namespace understudy::port
