#include "dataplane/dataplane.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

#include "dataplane/contract/group_counts.h"
#include "dataplane/port/xdp_program.h"
#include "dataplane/rate_limit_options.h"

namespace understudy {
namespace {

void Must(const std::string& error) {
  if (!error.empty()) throw StartFailure{error};
}

std::unique_ptr<Predecessor> FindPredecessor(const Options& options) {
  if (!options.take_over) return nullptr;
  std::string error;
  auto predecessor = Predecessor::Find(options.paths.dataplane_socket(), &error);
  Must(error);
  spdlog::info("{}", predecessor ? "taking over from the running dataplane"
                                 : "nothing to take over: no dataplane runs this instance");
  return predecessor;
}

contract::OwnerLock Lock(const contract::InstancePaths& paths, Predecessor* predecessor) {
  if (const int fd = predecessor ? predecessor->Take("lock") : -1; fd >= 0) {
    return contract::OwnerLock::Inherit(fd);
  }
  std::string error = contract::MakeDirectory(paths);
  Must(error);
  contract::OwnerLock lock = contract::OwnerLock::Acquire(paths.dataplane_lock(), &error);
  if (!lock) {
    throw StartFailure{"this instance has a dataplane (--take-over takes its place): " + error};
  }
  return lock;
}

// One thread for the kernel's sockets, and at most one worker for each CPU.
uint32_t MostReaders(const Options& options) {
  return std::min(contract::kMaxWorkers,
                  1 + std::max(options.workers, std::thread::hardware_concurrency()));
}

// Not to be seen before it is published.
contract::ReportWriter NewReport(const contract::InstancePaths& paths) {
  std::string error;
  auto report = contract::ReportWriter::CreateAside(paths, &error);
  if (!report) throw StartFailure{error};
  return *std::move(report);
}

std::unique_ptr<CookieKeeper> OpenCookies(const Options& options) {
  if (options.no_cookies) return nullptr;
  std::string error;
  auto cookies = CookieKeeper::Open(options.cookie_secret_file, contract::MonotonicNs(), &error);
  if (!cookies) throw StartFailure{error};
  return cookies;
}

}  // namespace

Dataplane::Dataplane(const Options& options, const Sandbox& sandbox,
                     process::Supervisor& supervisor)
    : options_(options),
      sandbox_(sandbox),
      predecessor_(FindPredecessor(options)),
      lock_(Lock(options.paths, predecessor_.get())),
      report_(NewReport(options.paths)),
      pulse_(report_),
      sign_of_life_(supervisor, report_, pulse_),
      quiescence_(contract::kMaxWorkers),
      swap_(quiescence_),
      cookies_(OpenCookies(options)),
      watch_(
          options.paths, swap_, report_, MostReaders(options),
          [](const std::string& line) { spdlog::info(line); },
          [&sandbox] { sandbox.EnterOther(); }) {
  StartRateLimit();
  if (cookies_) options_.responder.cookies = &cookies_->secrets();
  if (!predecessor_) RemoveLeftovers();
  watch_.Start(contract::MonotonicNs());
  OpenListener();
  PreparePacketSide();
  TakeOver();
  Must(report_.Publish(options_.paths));
  StartListener();
  if (packet_side_) Must(packet_side_->Open(swap_, quiescence_, report_));
  EndTakeOver();
  CloseSandbox();
}

void Dataplane::Run(const sigset_t& end_signals) {
  Announce();
  // Short enough that a new table is found before anybody asks, long enough to cost nothing.
  const timespec tick = {0, 1'000'000};
  int signal = -1;
  while (signal != SIGTERM && signal != SIGINT) {
    const uint64_t now_ns = contract::MonotonicNs();
    watch_.Tick(now_ns);
    pulse_.Tick(now_ns);
    if (cookies_) cookies_->Tick(now_ns);
    LookAtPorts(now_ns);
    ShowLife(now_ns);
    if (LookAtSuccessor(now_ns)) return;
    signal = sigtimedwait(&end_signals, nullptr, &tick);
    if (signal == SIGHUP) Reload();
  }
  pulse_.Stop();
  const std::string end = signal == SIGTERM ? "ending on SIGTERM" : "ending on SIGINT";
  sign_of_life_.Stopping(end);
  spdlog::info("{}", end);
}

// What other dataplanes left beside the report, once none of them may go on.
void Dataplane::RemoveLeftovers() const {
  contract::GroupCountsWriter::RemoveOthers(options_.paths, report_->started_ns.load());
  contract::ReportWriter::Forget(options_.paths);
}

void Dataplane::StartRateLimit() {
  const responder::RateLimit& limit = options_.rate_limit;
  if (limit.per_second == 0) return;
  limiter_ = std::make_unique<responder::RateLimiter>(limit, responder::RateLimiter::RandomKey());
  options_.responder.limiter = limiter_.get();
  spdlog::info("rate limit: {}", TextOf(limit, limiter_->buckets()));
}

void Dataplane::Reload() {
  sign_of_life_.Reloading(contract::MonotonicNs());
  const std::string result = cookies_ ? cookies_->Reload() : "";
  spdlog::info("SIGHUP: {}",
               result.empty() ? "nothing to reload here, tables come by themselves" : result);
  sign_of_life_.Reloaded();
}

void Dataplane::OpenListener() {
  if (options_.listen.empty()) return;
  listen::ListenerSettings settings;
  settings.addresses = options_.listen;
  settings.responder = options_.responder;
  settings.tcp_connections = options_.tcp_connections;
  settings.tcp_idle_timeout_ms = options_.tcp_idle_timeout_ms;
  settings.inherited = &Inherited();
  std::string error;
  listener_ = listen::Listener::Open(settings, &error);
  Must(error);
  contract::WorkerSlot* slot = report_.SlotOf("listen " + options_.listen[0].text());
  listener_reader_.emplace(swap_, quiescence_, *slot);
}

void Dataplane::StartListener() {
  if (!listener_) return;
  listener_thread_.Start(*listener_, *listener_reader_, [this] { sandbox_.EnterListener(); });
}

void Dataplane::PreparePacketSide() {
  if (options_.ports.empty()) return;
  std::string error;
  packet_side_ = PacketSide::Prepare(
      options_, &Inherited(), [this] { sandbox_.EnterWorker(); }, &error);
  Must(error);
}

void Dataplane::TakeOver() {
  if (!predecessor_) return;
  std::string unreadable;  // of another layout: counters begin at zero
  const auto before = contract::ReportReader::Open(options_.paths, &unreadable);
  const bool has_table = report_->table_generation.load(std::memory_order_relaxed) != 0;
  if (!has_table && (!before || (*before)->table_generation.load() != 0)) {
    throw StartFailure{
        "there is no table that this version can use, the running dataplane goes on: start "
        "control of this version first"};
  }
  port::KeepPrograms(true);
  released_ns_ = contract::MonotonicNs();
  Must(predecessor_->Release());
  if (before) report_.Continue(*before);
}

void Dataplane::EndTakeOver() {
  if (predecessor_ && !predecessor_->SayServing()) {
    throw StartFailure{"this took so long that the running dataplane goes on"};
  }
  if (predecessor_) {
    spdlog::info("took over: ports were closed for {} ms",
                 (contract::MonotonicNs() - released_ns_) / 1'000'000);
  }
  if (predecessor_) RemoveLeftovers();
  predecessor_.reset();
  port::KeepPrograms(false);
  std::string error;
  hand_over_ = HandOver::Open(options_.paths.dataplane_socket(), &error);
  if (!hand_over_) spdlog::warn("nobody can take over from this dataplane: {}", error);
}

Belongings Dataplane::Own() const {
  Belongings own = {{"lock", lock_.fd()}};
  if (listener_) own.merge(listener_->Sockets());
  if (packet_side_) own.merge(packet_side_->Belongings());
  return own;
}

// True when it serves, and this one may end.
bool Dataplane::LookAtSuccessor(uint64_t now_ns) {
  if (!hand_over_) return false;
  switch (hand_over_->Poll(now_ns, [this] { return Own(); })) {
    case HandOver::Event::kNone:
      break;
    case HandOver::Event::kRelease:
      Release();
      break;
    case HandOver::Event::kServing:
      if (listener_) listener_->ServeConnections(*listener_reader_);
      contract::ReportWriter::Forget(options_.paths);
      spdlog::info("process {} has taken over: ending", hand_over_->successor());
      return true;
    case HandOver::Event::kGone:
      TakeBack();
      break;
  }
  return false;
}

void Dataplane::Release() {
  spdlog::info("process {} takes over", hand_over_->successor());
  released_ = true;
  port::KeepPrograms(true);
  contract::ReportWriter::Keep(options_.paths);
  if (packet_side_) packet_side_->Close();
  listener_thread_.Stop();
  hand_over_->SayReleased();
}

void Dataplane::TakeBack() {
  spdlog::error("process {} did not take over: going on", hand_over_->successor());
  // The same lock once more: what the other wrote into the file is ours again.
  contract::OwnerLock::Inherit(dup(lock_.fd()));
  if (std::exchange(released_, false)) {
    report_.Restore(options_.paths);
    StartListener();
  }
  RemoveLeftovers();
}

void Dataplane::LookAtPorts(uint64_t now_ns) {
  if (!packet_side_ || released_) return;
  if (packet_side_->LookAtPorts(now_ns, swap_, quiescence_, report_)) port::KeepPrograms(false);
}

// Nothing more is opened from here on that an interface coming back would not ask for.
void Dataplane::CloseSandbox() {
  if (packet_side_) {
    const std::string left = port::RunOnIdleThreads([this] { sandbox_.EnterOther(); });
    if (!left.empty()) spdlog::warn("a thread keeps its capabilities: {}", left);
  }
  sandbox_.EnterMain();
}

void Dataplane::ShowLife(uint64_t now_ns) {
  // Workers have ended while a successor opens the ports, or an interface is away.
  const bool are_workers_there = !released_ && (!packet_side_ || packet_side_->is_open());
  sign_of_life_.Tick(now_ns, are_workers_there, packet_side_ ? packet_side_->Troubles() : "");
}

void Dataplane::Announce() {
  std::string places = packet_side_ ? packet_side_->PortNames() : "";
  if (listener_) {
    for (const auto& address : listener_->bound()) places += " listen:" + address.text();
  }
  // Scripts wait for the word "ready".
  spdlog::info("ready: table generation {}, {} workers,{}",
               report_->table_generation.load(std::memory_order_relaxed),
               packet_side_ ? packet_side_->worker_count() : 0, places);
  sign_of_life_.Ready(places);
}

}  // namespace understudy
