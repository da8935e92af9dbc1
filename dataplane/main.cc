// understudy-dataplane: answers DNS queries from the table in shared memory until it is told to
// stop.
//
// Order of start: lock, report, table, sockets and ports, workers; so the first packet already
// meets a table. Order of end: workers, ports (which detaches the XDP program), the rest by scope.
#include <csignal>
#include <ctime>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/listen/listener.h"
#include "dataplane/options.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/port.h"
#include "dataplane/worker/control_watch.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_reader.h"
#include "dataplane/worker/table_swap.h"
#include "dataplane/worker/worker_group.h"

namespace understudy {
namespace {

// What can be wrong at start; the sentence is all there is to say.
struct StartFailure {
  std::string sentence;
};

// Signals that ask for the end are taken by the main thread alone, when it looks.
sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

constexpr uint32_t kEalMemoryMb = 64;  // what DPDK needs beside the buffers

// EAL while it lives; ended after the last port is closed.
class EalSession {
 public:
  explicit EalSession(const port::EalPlan& plan) {
    const std::string error = port::StartEal(plan);
    if (!error.empty()) throw StartFailure{error};
  }
  ~EalSession() { port::StopEal(); }
  EalSession(const EalSession&) = delete;
  EalSession& operator=(const EalSession&) = delete;
};

class Dataplane {
 public:
  explicit Dataplane(const Options& options)
      : options_(options),
        lock_(Lock(options.paths)),
        report_(NewReport(options.paths)),
        quiescence_(contract::kMaxWorkers),
        swap_(quiescence_),
        watch_(options.paths, swap_, report_, [](const std::string& line) { spdlog::info(line); }) {
    watch_.Start(contract::MonotonicNs());
    OpenListener();
    if (!options.ports.empty()) OpenPorts();
    StartThreads();
  }

  // By hand, because the members' own order would end threads after what they use.
  ~Dataplane() {
    workers_.reset();
    if (listener_thread_.joinable()) {
      listener_->Stop();
      listener_thread_.join();
    }
  }
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  void Run(const sigset_t& end_signals) {
    Announce();
    // Short enough that a new table is found before anybody asks, long enough to cost nothing.
    const timespec tick = {0, 1'000'000};
    int signal = -1;
    while (signal != SIGTERM && signal != SIGINT) {
      const uint64_t now_ns = contract::MonotonicNs();
      watch_.Tick(now_ns);
      LookAtPorts(now_ns);
      signal = sigtimedwait(&end_signals, nullptr, &tick);
      if (signal == SIGHUP)
        spdlog::info("SIGHUP: nothing to reload here, tables come by themselves");
    }
    spdlog::info("ending on {}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
  }

 private:
  static contract::OwnerLock Lock(const contract::InstancePaths& paths) {
    std::string error = contract::MakeDirectory(paths);
    if (!error.empty()) throw StartFailure{error};
    contract::OwnerLock lock = contract::OwnerLock::Acquire(paths.dataplane_lock(), &error);
    if (!lock) throw StartFailure{"this instance has a dataplane: " + error};
    return lock;
  }

  static contract::ReportWriter NewReport(const contract::InstancePaths& paths) {
    std::string error;
    auto report = contract::ReportWriter::Create(paths, &error);
    if (!report) throw StartFailure{error};
    return *std::move(report);
  }

  contract::WorkerSlot& NewSlot(const std::string& name) {
    contract::WorkerSlot* slot = report_.AddWorker(name);
    if (slot == nullptr) throw StartFailure{"more threads than the report has slots for"};
    return *slot;
  }

  void OpenListener() {
    if (options_.listen.empty()) return;
    listen::ListenerSettings settings;
    settings.addresses = options_.listen;
    settings.responder.max_udp_payload = options_.max_udp_payload;
    settings.tcp_connections = options_.tcp_connections;
    settings.tcp_idle_timeout_ms = options_.tcp_idle_timeout_ms;
    std::string error;
    listener_ = listen::Listener::Open(settings, &error);
    if (!listener_) throw StartFailure{error};
    listener_reader_.emplace(swap_, quiescence_, NewSlot("listen " + options_.listen[0].text()));
  }

  void OpenPorts() {
    std::vector<uint32_t> queues;
    StartEal(&queues);
    uint32_t taps = 0;
    for (size_t i = 0; i < options_.ports.size(); ++i) {
      port::PortSettings settings;
      settings.index = static_cast<uint32_t>(i);
      settings.queues = queues[i];
      settings.services4 = options_.services4;
      settings.services6 = options_.services6;
      settings.max_udp_payload = options_.max_udp_payload;
      settings.xdp_program = options_.xdp_program;
      settings.log = [](const std::string& line) { spdlog::info("{}", line); };
      if (port::IsWholeNic(options_.ports[i].kind)) {
        settings.tap =
            taps < options_.taps.size() ? options_.taps[taps] : "us-tap" + std::to_string(taps);
        ++taps;
      }
      std::string error;
      ports_.push_back(port::Port::Open(options_.ports[i], settings, &error));
      if (!ports_.back()) {
        throw StartFailure{error + (geteuid() == 0 ? "" : " (ports need root; --listen does not)")};
      }
    }
  }

  // Asks the interfaces for their queues, then starts EAL with as many workers and as much memory
  // as they need.
  void StartEal(std::vector<uint32_t>* queues) {
    port::EalPlan plan;
    plan.instance = options_.instance;
    plan.ports = options_.ports;
    plan.cpus = port::AllowedCpus();
    plan.user = options_.eal;
    plan.memory_mb = kEalMemoryMb;
    const auto cpus = static_cast<uint32_t>(plan.cpus.size());
    const uint32_t otherwise = options_.workers != 0 ? options_.workers : 1;
    uint32_t all_queues = 0;
    for (const port::PortSpec& spec : options_.ports) {
      std::string error;
      queues->push_back(port::QueuesOf(spec, options_.queues, otherwise, &error));
      if (queues->back() == 0) throw StartFailure{error};
      plan.memory_mb += port::MemoryMbOf(spec, queues->back());
      all_queues += queues->back();
    }
    plan.workers = options_.workers != 0 ? options_.workers : std::min(all_queues, cpus);
    if (plan.workers > cpus) {
      throw StartFailure{std::to_string(plan.workers) +
                         " workers need a CPU each, this process may "
                         "run on " +
                         std::to_string(cpus)};
    }
    const uint64_t free_mb = port::FreeHugepagesMb();
    plan.hugepages = !options_.no_huge && free_mb >= plan.memory_mb;
    spdlog::info("{} MB of buffers, {}", plan.memory_mb,
                 plan.hugepages ? "in hugepages" : NoHugepages(free_mb));
    eal_.emplace(plan);
  }

  std::string NoHugepages(uint64_t free_mb) const {
    if (options_.no_huge) return "without hugepages, as asked";
    return "without hugepages: only " + std::to_string(free_mb) + " MB of them are free";
  }

  void StartThreads() {
    if (!ports_.empty()) {
      worker::WorkerGroup::Settings settings;
      settings.ports = &ports_;
      settings.cores = port::WorkerCores();
      settings.idle_sleep_us = options_.idle_sleep_us;
      if (options_.workers != 0 && options_.workers < settings.cores.size()) {
        settings.cores.resize(options_.workers);
      }
      std::string error;
      workers_ = worker::WorkerGroup::Start(settings, swap_, quiescence_, report_, &error);
      if (!workers_) throw StartFailure{error};
    }
    if (listener_) listener_thread_ = std::thread([this] { listener_->Run(*listener_reader_); });
  }

  // A port that stops receiving is said once, and once that it is back.
  void LookAtPorts(uint64_t now_ns) {
    if (now_ns < look_at_ports_ns_) return;
    look_at_ports_ns_ = now_ns + 1'000'000'000;
    troubles_.resize(ports_.size());
    for (size_t i = 0; i < ports_.size(); ++i) {
      const std::string trouble = ports_[i]->Trouble();
      if (trouble == troubles_[i]) continue;
      if (trouble.empty()) spdlog::info("{}: receives again", ports_[i]->spec().text);
      if (!trouble.empty()) spdlog::error("{}: {}", ports_[i]->spec().text, trouble);
      troubles_[i] = trouble;
    }
  }

  void Announce() const {
    std::string places;
    for (const auto& port : ports_) places += " " + port->spec().text;
    if (listener_) {
      for (const auto& address : listener_->bound()) places += " listen:" + address.text();
    }
    // Scripts wait for the word "ready".
    spdlog::info("ready: table generation {}, {} workers,{}",
                 report_->table_generation.load(std::memory_order_relaxed),
                 workers_ ? workers_->size() : 0, places);
  }

  const Options& options_;
  const contract::OwnerLock lock_;
  const contract::ReportWriter report_;
  worker::Quiescence quiescence_;
  worker::TableSwap swap_;
  worker::ControlWatch watch_;
  std::unique_ptr<listen::Listener> listener_;
  std::optional<worker::TableReader> listener_reader_;
  std::thread listener_thread_;
  std::optional<EalSession> eal_;
  std::vector<std::unique_ptr<port::Port>> ports_;
  std::unique_ptr<worker::WorkerGroup> workers_;
  uint64_t look_at_ports_ns_ = 0;
  std::vector<std::string> troubles_;  // of each port, as last said
};

int Main(int argc, char** argv) {
  const ParsedOptions parsed = ParseOptions(argc, argv);
  if (!parsed.options) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("dataplane"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l dataplane " + parsed.options->instance + ": %v");
  spdlog::flush_on(spdlog::level::info);
  const sigset_t end_signals = BlockEndSignals();
  try {
    Dataplane dataplane(*parsed.options);
    dataplane.Run(end_signals);
  } catch (const StartFailure& failure) {
    spdlog::error("{}", failure.sentence);
    return 1;
  } catch (const std::exception& failure) {  // no memory, no thread: also only at start
    spdlog::error("cannot start: {}", failure.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
