#include "dataplane/packet_side.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace understudy {
namespace {

constexpr uint32_t kEalMemoryMb = 64;  // what DPDK needs beside the buffers
constexpr uint64_t kLookAtPortsEveryNs = 1'000'000'000;
constexpr uint64_t kQueueFreeWithinNs = 2'000'000'000;
constexpr uint64_t kOpenAgainEveryNs = 100'000'000;

const std::string kClaim = "claim ";

// Holds the number of the XDP program that was attached to the interface last.
std::string NumberFile(const contract::InstancePaths& paths, const std::string& interface) {
  return paths.directory + "/program." + interface;
}

std::string NeedsRoot() {
  return geteuid() == 0 ? ""
                        : " (ports need root, or the capabilities and LimitMEMLOCK=infinity of the "
                          "unit; --listen does not)";
}

std::string NoHugepages(bool asked, uint64_t free_mb) {
  if (asked) return "without hugepages, as asked";
  return "without hugepages: only " + std::to_string(free_mb) + " MB of them are free";
}

}  // namespace

std::unique_ptr<PacketSide> PacketSide::Prepare(const Options& options,
                                                std::map<std::string, int>* inherited,
                                                std::function<void()> on_thread,
                                                std::string* error) {
  std::unique_ptr<PacketSide> side(new PacketSide(options));
  side->on_thread_ = std::move(on_thread);
  port::EalPlan plan;
  *error = side->Plan(&plan);
  if (error->empty()) *error = side->ClaimInterfaces(inherited);
  if (error->empty()) *error = port::StartEal(plan);
  side->eal_runs_ = error->empty();
  if (error->empty()) return side;
  *error += NeedsRoot();
  return nullptr;
}

PacketSide::~PacketSide() {
  Close();
  if (eal_runs_) port::StopEal();
}

std::string PacketSide::Open(const worker::TableSwap& swap, worker::Quiescence& quiescence,
                             const contract::ReportWriter& report) {
  std::string error = OpenPorts();
  if (error.empty()) error = StartWorkers(swap, quiescence, report);
  opened_before_ = opened_before_ || error.empty();
  if (error.empty()) return "";
  Close();
  return error + NeedsRoot();
}

void PacketSide::Close() {
  if (workers_) {
    for (const auto& port : ports_) port->StopArrivals();
  }
  workers_.reset();
  ports_.clear();
  look_at_ports_ns_ = 0;  // closed ports are looked at at once
}

std::string PacketSide::ClaimInterfaces(std::map<std::string, int>* inherited) {
  for (const port::PortSpec& spec : options_.ports) {
    if (spec.kind != port::PortKind::kAfXdp) continue;
    if (const auto found = inherited->find(kClaim + spec.target); found != inherited->end()) {
      claims_.emplace(spec.target,
                      port::InterfaceClaim::Inherit(inherited->extract(found).mapped()));
      continue;
    }
    std::string error;
    auto claim = port::InterfaceClaim::Take(spec.target, &error);
    if (!claim) return spec.text + ": " + error;
    claims_.emplace(spec.target, *std::move(claim));
  }
  return "";
}

std::map<std::string, int> PacketSide::Belongings() const {
  std::map<std::string, int> own;
  for (const auto& [interface, claim] : claims_) own.emplace(kClaim + interface, claim.fd());
  for (const auto& port : ports_) {
    if (port->program() >= 0) own.emplace("program " + port->spec().target, port->program());
  }
  return own;
}

// Asks the interfaces for their queues, and plans as many workers and as much memory as they need.
std::string PacketSide::Plan(port::EalPlan* plan) {
  plan->instance = options_.instance;
  plan->ports = options_.ports;
  plan->cpus = port::AllowedCpus();
  plan->user = options_.eal;
  plan->memory_mb = kEalMemoryMb;
  uint32_t all_queues = 0;
  for (const port::PortSpec& spec : options_.ports) {
    std::string error;
    const uint32_t otherwise = std::max(options_.workers, 1U);
    queues_.push_back(port::QueuesOf(spec, options_.queues, otherwise, &error));
    if (queues_.back() == 0) return error;
    plan->memory_mb += port::MemoryMbOf(spec, queues_.back());
    all_queues += queues_.back();
  }
  const auto cpus = static_cast<uint32_t>(plan->cpus.size());
  plan->workers = options_.workers != 0 ? options_.workers : std::min(all_queues, cpus);
  if (plan->workers > cpus && !port::ChoosesCores(plan->user)) {
    return "--workers " + std::to_string(plan->workers) +
           ": each needs a CPU, and this process may " + "run on " + std::to_string(cpus);
  }
  const uint64_t free_mb = port::FreeHugepagesMb();
  plan->hugepages = !options_.no_huge && free_mb >= plan->memory_mb;
  spdlog::info("{} MB of buffers, {}", plan->memory_mb,
               plan->hugepages ? "in hugepages" : NoHugepages(options_.no_huge, free_mb));
  return "";
}

std::string PacketSide::OpenPorts() {
  size_t taps = 0;
  for (size_t i = 0; i < options_.ports.size(); ++i) {
    port::PortSettings settings;
    settings.index = static_cast<uint32_t>(i);
    settings.queues = queues_[i];
    settings.services4 = options_.services4;
    settings.services6 = options_.services6;
    settings.responder = options_.responder;
    settings.fast_path = options_.fast_path;
    settings.xdp_program = options_.xdp_program;
    const std::string number_file = NumberFile(options_.paths, options_.ports[i].target);
    std::ifstream(number_file) >> settings.known_program;
    // Later there is a heartbeat to keep, and OpenAgain comes back.
    settings.queue_free_within_ns = opened_before_ ? 0 : kQueueFreeWithinNs;
    settings.log = [](const std::string& line) { spdlog::info("{}", line); };
    if (port::IsWholeNic(options_.ports[i].kind)) {
      settings.tap =
          taps < options_.taps.size() ? options_.taps[taps] : "us-tap" + std::to_string(taps);
      ++taps;
    }
    std::string error;
    auto port = port::Port::Open(options_.ports[i], settings, &error);
    if (!port) return error;
    // For a successor of this one's sudden death; one that cannot read it says what to do.
    if (port->program() >= 0) std::ofstream(number_file) << port->program_number() << "\n";
    ports_.push_back(std::move(port));
  }
  return "";
}

std::string PacketSide::StartWorkers(const worker::TableSwap& swap, worker::Quiescence& quiescence,
                                     const contract::ReportWriter& report) {
  worker::WorkerGroup::Settings settings;
  settings.ports = &ports_;
  settings.cores = port::WorkerCores();
  settings.idle_sleep_us = options_.idle_sleep_us;
  settings.on_thread = on_thread_;
  // EAL may have been given more cores than workers are wanted.
  if (options_.workers != 0 && options_.workers < settings.cores.size()) {
    settings.cores.resize(options_.workers);
  }
  std::string error;
  workers_ = worker::WorkerGroup::Start(settings, swap, quiescence, report, &error);
  return workers_ ? "" : error;
}

std::string PacketSide::PortNames() const {
  std::string names;
  for (const auto& port : ports_) names += " " + port->spec().text;
  return names;
}

void PacketSide::CountBuffers(const contract::ReportWriter& report) const {
  uint64_t all = 0;
  uint64_t free = 0;
  for (const auto& port : ports_) {
    for (const port::Device* device : {&port->device(), port->kernel_side()}) {
      if (device == nullptr) continue;
      all += device->buffers();
      free += device->free_buffers();
    }
  }
  report->buffers.store(all, std::memory_order_relaxed);
  report->buffers_free.store(free, std::memory_order_relaxed);
}

std::string PacketSide::Troubles() const {
  std::string all;
  const auto add = [&all](const std::string& trouble) {
    if (!trouble.empty()) all += (all.empty() ? "" : "; ") + trouble;
  };
  for (size_t i = 0; i < troubles_.size(); ++i) {
    if (!troubles_[i].empty()) add(options_.ports[i].text + ": " + troubles_[i]);
  }
  if (!is_open()) add(cannot_open_);
  return all;
}

bool PacketSide::LookAtPorts(uint64_t now_ns, const worker::TableSwap& swap,
                             worker::Quiescence& quiescence, const contract::ReportWriter& report) {
  if (now_ns < look_at_ports_ns_) return false;
  look_at_ports_ns_ = now_ns + kLookAtPortsEveryNs;
  troubles_.resize(options_.ports.size());
  bool anew = !is_open();
  CountBuffers(report);
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i]->IsMadeAnew()) anew = true;
    const std::string trouble = ports_[i]->Trouble();
    if (trouble == troubles_[i]) continue;
    if (trouble.empty()) {
      spdlog::info("{}: receives again", ports_[i]->spec().text);
    } else {
      spdlog::error("{}: {}", ports_[i]->spec().text, trouble);
    }
    troubles_[i] = trouble;
  }
  return anew && OpenAgain(now_ns, swap, quiescence, report);
}

bool PacketSide::OpenAgain(uint64_t now_ns, const worker::TableSwap& swap,
                           worker::Quiescence& quiescence, const contract::ReportWriter& report) {
  Close();
  const std::string error = Open(swap, quiescence, report);
  if (error.empty()) {
    spdlog::info("opened again:{}", PortNames());
    troubles_.assign(options_.ports.size(), "");
    cannot_open_.clear();
    return true;
  }
  look_at_ports_ns_ = now_ns + kOpenAgainEveryNs;
  if (error != cannot_open_) spdlog::error("{}; trying again", error);
  cannot_open_ = error;
  return false;
}

}  // namespace understudy
