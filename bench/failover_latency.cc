// From verdict to first changed answer: how long after the probe result that decides a failover
// does a worker in another process compose the other side's answer?
//
// What is real: the engine (verdict, decision, publication, its loop), shared memory, a worker's
// loop (selection, responder) in a process of its own on another CPU. What is not in it: the probe
// before, the NIC behind. The floor beside it: one word stored by one process until the other one
// saw it.
//
//   failover_latency [--flips N] [--groups N] [--json]
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>

#include "absl/strings/substitute.h"
#include "control/config/config.h"
#include "control/engine/engine.h"
#include "dataplane/responder/responder.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

using contract::MonotonicNs;

// What the worker tells: which answer it gave last, and when it first gave it.
struct Told {
  std::atomic<uint32_t> answer;
  std::atomic<uint64_t> since_ns;
  std::atomic<uint64_t> ping;  // for the floor
  std::atomic<uint64_t> pong_ns;
};

Told& SharedPage() {
  void* page =
      mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::runtime_error("no shared page");
  return *new (page) Told{};
}

void PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  sched_setaffinity(0, sizeof(set), &set);  // without a second CPU the numbers tell
}

// A worker as the packet path has it, over one query again and again. The parent ends it.
[[noreturn]] void RunWorker(const contract::InstancePaths& paths, uint64_t generation, Told& told) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  PinTo(1);
  std::string error;
  contract::Refusal refusal = contract::Refusal::kNone;
  const auto report = contract::ReportWriter::Create(paths, &error);
  const auto table = contract::Table::Open(paths.table(generation), &refusal, &error);
  if (!report || !table) _exit(1);
  contract::SelectionReader reader(*report->AddWorker("bench"));
  const responder::Responder responder(responder::ResponderOptions{});
  const std::string query = test::Query({.name = "app.example.com", .flags = 0});
  uint8_t buffer[responder::kMaxUdpMessage] = {};
  for (uint32_t last = 0;;) {
    responder::Exchange exchange;
    std::memcpy(buffer, query.data(), query.size());
    exchange.message = buffer;
    exchange.query_length = static_cast<uint16_t>(query.size());
    exchange.capacity = sizeof(buffer);
    responder.Respond(reader.Enter(*table), std::span(&exchange, 1));
    uint32_t address = 0;
    std::memcpy(&address, buffer + exchange.answer_length - sizeof(address), sizeof(address));
    if (address != last) {
      told.since_ns.store(MonotonicNs(), std::memory_order_relaxed);
      told.answer.store(last = address, std::memory_order_release);
    }
    const uint64_t ping = told.ping.load(std::memory_order_acquire);
    if (ping != 0) {
      told.pong_ns.store(MonotonicNs(), std::memory_order_relaxed);
      told.ping.store(0, std::memory_order_release);
    }
  }
}

// Undamped: it fails over again and again, which damping is there to slow down.
std::string Config(int groups) {
  std::string text =
      "instance: bench\nzones:\n  - {name: example.com, file: zone}\nhealth_checks:\n"
      "  eu: {type: tcp, address: 192.0.2.10, port: 80, failure_threshold: 1}\nfailover_groups:\n";
  for (int i = 0; i < groups; ++i) {
    const std::string name = i == 0 ? "app" : "g" + std::to_string(i);
    text += absl::Substitute(
        "  $0:\n    primary: {health_check: eu}\n    failback: {damping: {max: 0s}}\n    records:\n"
        "      - {name: $0.example.com, type: A, ttl: 30, primary: [192.0.2.10],\n"
        "         secondary: [198.51.100.10]}\n",
        name);
  }
  return text;
}

std::shared_ptr<const control::DesiredState> Desired(const test::Scratch& scratch, int groups) {
  std::ofstream(scratch / "zone")
      << "$TTL 60\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n";
  control::ConfigResult result =
      control::ParseConfig(Config(groups), scratch / "config", scratch.path());
  if (!result.state) throw std::runtime_error(result.errors.front().Text());
  return std::move(result.state);
}

struct Percentiles {
  explicit Percentiles(std::vector<uint64_t> ns) : sorted(std::move(ns)) {
    std::ranges::sort(sorted);
  }
  double Us(double share) const {
    const auto last = static_cast<double>(sorted.size() - 1);
    return static_cast<double>(sorted[static_cast<size_t>(share * last)]) / 1000;
  }
  std::vector<uint64_t> sorted;
};

class Bench {
 public:
  explicit Bench(int groups)
      : paths_{scratch_ / "bench"}, desired_(Desired(scratch_, groups)), told_(SharedPage()) {
    std::string error = contract::MakeDirectory(paths_);
    if (!error.empty()) throw std::runtime_error(error);
    auto publisher = control::Publisher::Open(paths_, contract::StalePolicy::kFrozen);
    if (!publisher.ok()) throw std::runtime_error(std::string(publisher.status().message()));
    publisher_ = *std::move(publisher);
    control::Remembered remembered;
    store_ = control::Store::Open({.path = scratch_ / "state.db"}, &remembered);
    engine_ = std::make_unique<control::Engine>(
        io_, *publisher_, *store_,
        control::Engine::Options{.clock = {}, .load = {}, .probe = false});
    engine_->Start(desired_, std::move(remembered));
    while (engine_->served().table_generation == 0) io_.run_one();
    worker_ = fork();
    if (worker_ == 0) RunWorker(paths_, engine_->served().table_generation, told_);
    PinTo(0);
    WaitWhile([this] { return told_.answer.load() == 0; });
  }
  ~Bench() {
    kill(worker_, SIGKILL);
    waitpid(worker_, nullptr, 0);
    engine_->Stop();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Nanoseconds from the probe result that decides to the first answer of the other side.
  uint64_t Flip(bool healthy) {
    const uint32_t before = told_.answer.load();
    const uint64_t started_ns = MonotonicNs();
    const control::HealthCheck& check = desired_->health_checks.at("eu");
    for (uint32_t i = 0; i < (healthy ? check.success_threshold : check.failure_threshold); ++i) {
      engine_->Take(check, {.success = healthy, .reason = "bench", .started = {}, .took = {}});
    }
    WaitWhile([this, before] { return told_.answer.load(std::memory_order_acquire) == before; });
    return told_.since_ns.load() - started_ns;
  }

  uint64_t Ping() {
    const uint64_t started_ns = MonotonicNs();
    told_.ping.store(started_ns, std::memory_order_release);
    while (told_.ping.load(std::memory_order_acquire) != 0) {
    }
    return told_.pong_ns.load() - started_ns;
  }

  // Lets the loop rest as it does between probes: timers, heartbeats, events, the store.
  void Rest(std::chrono::microseconds time) { io_.run_for(time); }

 private:
  template <typename Condition>
  void WaitWhile(Condition condition) {
    const uint64_t limit_ns = MonotonicNs() + 5'000'000'000;
    while (condition()) {
      io_.poll();
      if (MonotonicNs() > limit_ns) throw std::runtime_error("the worker never changed its answer");
    }
  }

  test::Scratch scratch_;
  contract::InstancePaths paths_;
  std::shared_ptr<const control::DesiredState> desired_;
  Told& told_;
  boost::asio::io_context io_{1};
  std::unique_ptr<control::Publisher> publisher_;
  std::unique_ptr<control::Store> store_;
  std::unique_ptr<control::Engine> engine_;
  pid_t worker_ = -1;
};

boost::json::object JsonOf(const Percentiles& times) {
  return {{"p50_us", times.Us(0.5)},    {"p90_us", times.Us(0.9)}, {"p99_us", times.Us(0.99)},
          {"p999_us", times.Us(0.999)}, {"max_us", times.Us(1)},   {"count", times.sorted.size()}};
}

void Print(const char* what, const Percentiles& times) {
  std::printf("%-44s %9.1f %9.1f %9.1f %9.1f %9.1f\n", what, times.Us(0.5), times.Us(0.9),
              times.Us(0.99), times.Us(0.999), times.Us(1));
}

int Main(int argc, char** argv) {
  CLI::App app("From verdict to first changed answer.");
  int flips = 1000, groups = 1000;
  bool json = false;
  app.add_option("--flips", flips, "How often to fail over or back")
      ->check(CLI::Range(10, 1000000));
  app.add_option("--groups", groups, "Groups that change side together")
      ->check(CLI::Range(1, 100000));
  app.add_flag("--json", json, "One JSON object instead of a table");
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
  Bench bench(groups);
  std::mt19937 random(1);
  std::vector<uint64_t> flip_ns, ping_ns;
  for (int i = 0; i < flips; ++i) {
    flip_ns.push_back(bench.Flip(i % 2 != 0));
    bench.Rest(std::chrono::microseconds(5000 + random() % 5000));
    ping_ns.push_back(bench.Ping());
  }
  const Percentiles flip(std::move(flip_ns)), ping(std::move(ping_ns));
  if (json) {
    std::cout << boost::json::object{{"groups", groups},
                                     {"verdict_to_first_changed_answer", JsonOf(flip)},
                                     {"floor_one_word_between_processes", JsonOf(ping)}}
              << "\n";
    return 0;
  }
  std::printf("%-44s %9s %9s %9s %9s %9s\n", "microseconds", "p50", "p90", "p99", "p99.9", "max");
  Print(("verdict to first changed answer, " + std::to_string(groups) + " groups").c_str(), flip);
  Print("floor: one word from process to process", ping);
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
