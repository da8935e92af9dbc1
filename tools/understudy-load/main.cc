// understudy-load: loads a DNS server over a DPDK port and says what came back.
#include <rte_launch.h>
#include <rte_lcore.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "dataplane/port/eal.h"
#include "dataplane/port/port.h"
#include "tools/understudy-load/link.h"
#include "tools/understudy-load/options.h"
#include "tools/understudy-load/report.h"

namespace understudy::load {
namespace {

constexpr double kLinkPatienceS = 5;
constexpr uint32_t kEalMemoryMb = 64;  // what DPDK needs beside the buffers

std::atomic<bool> g_stop{false};  // a signal handler has nowhere else to write

struct Job {
  Generator* generator;
  std::atomic<bool> over{false};
};

int RunJob(void* argument) {
  auto* job = static_cast<Job*>(argument);
  job->generator->Run(g_stop);
  job->over.store(true, std::memory_order_release);
  return 0;
}

std::string Start(const Options& options) {
  port::EalPlan plan;
  plan.instance = "load-" + std::to_string(getpid());
  plan.ports = {options.port};
  plan.cpus = port::AllowedCpus();
  plan.workers = options.queues;
  if (plan.workers > plan.cpus.size()) {
    return "--queues " + std::to_string(options.queues) + ": each needs a CPU, and this process " +
           "may run on " + std::to_string(plan.cpus.size());
  }
  plan.memory_mb = kEalMemoryMb + port::MemoryMbOf(options.port, options.queues);
  plan.hugepages = !options.no_huge && port::FreeHugepagesMb() >= plan.memory_mb;
  return port::StartEal(plan);
}

Generators MakeGenerators(const Options& options, const Questions& questions, const Link& link,
                          Slots& slots) {
  // Each worker its share of the rate, of the queries, and of the slots (a power of two of them).
  LoadPlan plan = options.plan;
  plan.rate /= options.queues;
  plan.trickle /= options.queues;
  if (plan.queries != 0) plan.queries = (plan.queries + options.queues - 1) / options.queues;
  uint32_t share = kSlots;
  while (share * options.queues > kSlots) share /= 2;
  Generators generators;
  for (uint32_t queue = 0; queue < options.queues; ++queue) {
    const Generator::Lane lane = {.device = link.device().id(),
                                  .queue = static_cast<uint16_t>(queue),
                                  .pool = link.device().pools()[queue],
                                  .first_slot = queue * share,
                                  .slots = share};
    generators.push_back(std::make_unique<Generator>(plan, questions, link.frame(), slots, lane));
  }
  return generators;
}

// Waits for the workers, with a line a second if wanted.
void Watch(const Generators& generators, const std::vector<std::unique_ptr<Job>>& jobs,
           bool lines) {
  using Clock = std::chrono::steady_clock;
  Sums before;
  auto line_at = Clock::now();
  const auto is_over = [](const auto& job) { return job->over.load(std::memory_order_acquire); };
  while (!std::ranges::all_of(jobs, is_over)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const double passed = std::chrono::duration<double>(Clock::now() - line_at).count();
    if (!lines || passed < 1) continue;
    const Sums now = SumOf(generators);
    std::fprintf(stderr, "%s\n", LineOf(before, now, passed).c_str());
    before = now;
    line_at = Clock::now();
  }
  rte_eal_mp_wait_lcore();
}

int Fail(const std::string& sentence) {
  std::fprintf(stderr, "understudy-load: %s\n", sentence.c_str());
  return 3;
}

int Load(const Options& options) {
  std::string error;
  const auto questions = Questions::Build(options.questions, &error);
  if (!questions) {
    Fail(error);
    return 2;
  }
  error = Start(options);
  if (!error.empty()) return Fail(error);
  const auto link = Link::Open(options, &error);
  if (!link) return Fail(error);
  if (!link->WaitUntilUp(kLinkPatienceS)) {
    return Fail(options.port.text + ": nobody is at the other end after " +
                std::to_string(static_cast<int>(kLinkPatienceS)) + " s");
  }
  Slots slots;
  const Generators generators = MakeGenerators(options, *questions, *link, slots);
  std::vector<std::unique_ptr<Job>> jobs;
  const std::vector<uint32_t> cores = port::WorkerCores();
  for (size_t i = 0; i < generators.size(); ++i) {
    jobs.push_back(std::make_unique<Job>());
    jobs.back()->generator = generators[i].get();
    rte_eal_remote_launch(RunJob, jobs.back().get(), cores[i]);
  }
  Watch(generators, jobs, !options.json && !options.quiet);
  const std::string result = options.json ? JsonOf(generators) : TextOf(generators);
  std::fputs(result.c_str(), stdout);
  const Sums sums = SumOf(generators);
  return sums.lost() == 0 && sums.wrong() == 0 && sums.received > 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  const ParsedOptions parsed = ParseOptions(argc, argv);
  if (!parsed.options) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  for (const int number : {SIGINT, SIGTERM}) {
    std::signal(number, [](int) { g_stop.store(true, std::memory_order_relaxed); });
  }
  const int code = Load(*parsed.options);
  port::StopEal();
  return code;
}

}  // namespace
}  // namespace understudy::load

int main(int argc, char** argv) { return understudy::load::Main(argc, argv); }
