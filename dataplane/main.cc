// understudy-dataplane: answers DNS queries from the table in shared memory until it is told to
// stop.
//
// Order of start: lock, report, table, sockets and ports, workers; so the first packet already
// meets a table. Order of end: workers, ports (which detaches the XDP program), the rest by scope.
#include <csignal>
#include <ctime>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/cookie_keeper.h"
#include "dataplane/listen/listener.h"
#include "dataplane/options.h"
#include "dataplane/packet_side.h"
#include "dataplane/rate_limit_options.h"
#include "dataplane/worker/control_watch.h"
#include "dataplane/worker/pulse.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_reader.h"
#include "dataplane/worker/table_swap.h"

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

class Dataplane {
 public:
  explicit Dataplane(const Options& options)
      : options_(options),
        lock_(Lock(options.paths)),
        report_(NewReport(options.paths)),
        pulse_(report_),
        quiescence_(contract::kMaxWorkers),
        swap_(quiescence_),
        cookies_(OpenCookies(options)),
        watch_(options.paths, swap_, report_, MostReaders(options),
               [](const std::string& line) { spdlog::info(line); }) {
    StartRateLimit();
    if (cookies_) options_.responder.cookies = &cookies_->secrets();
    watch_.Start(contract::MonotonicNs());
    OpenListener();
    if (!options.ports.empty()) OpenPacketSide();
    if (listener_) listener_thread_ = std::thread([this] { listener_->Run(*listener_reader_); });
  }

  // By hand, because threads end before what they read.
  ~Dataplane() {
    packet_side_.reset();
    if (!listener_thread_.joinable()) return;
    listener_->Stop();
    listener_thread_.join();
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
      pulse_.Tick(now_ns);
      if (cookies_) cookies_->Tick(now_ns);
      if (packet_side_) packet_side_->LookAtPorts(now_ns);
      signal = sigtimedwait(&end_signals, nullptr, &tick);
      if (signal == SIGHUP) Reload();
    }
    pulse_.Stop();
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

  // One thread for the kernel's sockets, and at most one worker for each CPU.
  static uint32_t MostReaders(const Options& options) {
    return std::min(contract::kMaxWorkers,
                    1 + std::max(options.workers, std::thread::hardware_concurrency()));
  }

  static contract::ReportWriter NewReport(const contract::InstancePaths& paths) {
    std::string error;
    auto report = contract::ReportWriter::Create(paths, &error);
    if (!report) throw StartFailure{error};
    return *std::move(report);
  }

  static std::unique_ptr<CookieKeeper> OpenCookies(const Options& options) {
    if (options.no_cookies) return nullptr;
    std::string error;
    auto cookies = CookieKeeper::Open(options.cookie_secret_file, contract::MonotonicNs(), &error);
    if (!cookies) throw StartFailure{error};
    return cookies;
  }

  void StartRateLimit() {
    const responder::RateLimit& limit = options_.rate_limit;
    if (limit.per_second == 0) return;
    limiter_ = std::make_unique<responder::RateLimiter>(limit, responder::RateLimiter::RandomKey());
    options_.responder.limiter = limiter_.get();
    spdlog::info("rate limit: {}", TextOf(limit, limiter_->buckets()));
  }

  void Reload() {
    const std::string result = cookies_ ? cookies_->Reload() : "";
    spdlog::info("SIGHUP: {}",
                 result.empty() ? "nothing to reload here, tables come by themselves" : result);
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
    settings.responder = options_.responder;
    settings.tcp_connections = options_.tcp_connections;
    settings.tcp_idle_timeout_ms = options_.tcp_idle_timeout_ms;
    std::string error;
    listener_ = listen::Listener::Open(settings, &error);
    if (!listener_) throw StartFailure{error};
    listener_reader_.emplace(swap_, quiescence_, NewSlot("listen " + options_.listen[0].text()));
  }

  void OpenPacketSide() {
    std::string error;
    packet_side_ = PacketSide::Open(options_, &error);
    if (packet_side_) error = packet_side_->StartWorkers(swap_, quiescence_, report_);
    if (!error.empty()) throw StartFailure{error};
  }

  void Announce() const {
    std::string places = packet_side_ ? packet_side_->PortNames() : "";
    if (listener_) {
      for (const auto& address : listener_->bound()) places += " listen:" + address.text();
    }
    // Scripts wait for the word "ready".
    spdlog::info("ready: table generation {}, {} workers,{}",
                 report_->table_generation.load(std::memory_order_relaxed),
                 packet_side_ ? packet_side_->worker_count() : 0, places);
  }

  Options options_;
  const contract::OwnerLock lock_;
  const contract::ReportWriter report_;
  worker::Pulse pulse_;
  worker::Quiescence quiescence_;
  worker::TableSwap swap_;
  std::unique_ptr<responder::RateLimiter> limiter_;  // null: nothing is limited
  std::unique_ptr<CookieKeeper> cookies_;            // null: none are used
  worker::ControlWatch watch_;
  std::unique_ptr<listen::Listener> listener_;
  std::optional<worker::TableReader> listener_reader_;
  std::thread listener_thread_;
  std::unique_ptr<PacketSide> packet_side_;
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
