#include "dataplane/worker/worker_group.h"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <algorithm>

namespace understudy::worker {
namespace {

// Ports whose workers share their CPU with the senders on small machines; a NIC or a memif of a
// benchmark has its core to itself.
constexpr uint32_t kSharedIdleSleepUs = 50;

uint32_t IdleSleepOf(port::PortKind kind) {
  return kind == port::PortKind::kAfXdp || kind == port::PortKind::kEal ? kSharedIdleSleepUs : 0;
}

struct Share {
  std::vector<ServedQueue> queues;
  std::string name;  // "af_xdp:eth1 q0,2"
  const port::Port* named = nullptr;
  uint32_t idle_sleep_us = kSharedIdleSleepUs;
};

// As long as a slot has room for. The end stays, which tells workers of one port apart.
std::string Shortened(const std::string& name) {
  constexpr size_t kRoom = sizeof(contract::WorkerSlot::name) - 1;
  constexpr size_t kEnd = 10;
  if (name.size() <= kRoom) return name;
  return name.substr(0, kRoom - kEnd - 1) + "~" + name.substr(name.size() - kEnd);
}

// Queues go round: neighbours to different workers.
std::vector<Share> ShareOut(const std::vector<std::unique_ptr<port::Port>>& ports, size_t workers) {
  std::vector<Share> shares(workers);
  size_t next = 0;
  for (const auto& port : ports) {
    for (uint16_t queue = 0; queue < port->device().queues(); ++queue) {
      Share& share = shares[next++ % workers];
      ServedQueue served;
      served.device = port->device().id();
      served.queue = queue;
      if (port->kernel_side() != nullptr) served.kernel_side = port->kernel_side()->id();
      served.wait_fd = port->device().wait_fd(queue);
      served.responder = &port->responder();
      share.queues.push_back(served);
      if (share.named != port.get()) {
        share.name += (share.name.empty() ? "" : " ") + port->spec().text + " q";
      } else {
        share.name += ",";
      }
      share.name += std::to_string(queue);
      share.named = port.get();
      share.idle_sleep_us = std::min(share.idle_sleep_us, IdleSleepOf(port->spec().kind));
    }
  }
  // More workers than queues: the rest would have nothing to do.
  std::erase_if(shares, [](const Share& share) { return share.queues.empty(); });
  return shares;
}

}  // namespace

std::unique_ptr<WorkerGroup> WorkerGroup::Start(const Settings& settings, const TableSwap& swap,
                                                Quiescence& quiescence,
                                                const contract::ReportWriter& report,
                                                std::string* error) {
  if (settings.cores.empty()) {
    *error = "EAL was given no core for a worker beside the main one";
    return nullptr;
  }
  std::unique_ptr<WorkerGroup> group(new WorkerGroup);
  std::vector<const contract::WorkerSlot*> slots;
  group->on_thread_ = settings.on_thread;
  for (Share& share : ShareOut(*settings.ports, settings.cores.size())) {
    // The slot that a worker of these queues had before its ports were closed; never one of
    // another.
    contract::WorkerSlot* slot = report.SlotOf(Shortened(share.name));
    if (std::ranges::count(slots, slot) != 0) slot = report.AddWorker(share.name);
    slots.push_back(slot);
    if (slot == nullptr) {
      *error = "more workers than the report has slots for";
      return nullptr;
    }
    OnCore on_core;
    on_core.worker =
        std::make_unique<PacketWorker>(swap, quiescence, *slot, std::move(share.queues),
                                       settings.idle_sleep_us.value_or(share.idle_sleep_us));
    on_core.group = group.get();
    on_core.core = settings.cores[group->workers_.size()];
    group->workers_.push_back(std::move(on_core));
  }
  for (OnCore& on_core : group->workers_) {
    const auto run = [](void* argument) {
      const auto* self = static_cast<const OnCore*>(argument);
      if (self->group->on_thread_) self->group->on_thread_();
      self->worker->Run(self->group->stop_);
      return 0;
    };
    if (rte_eal_remote_launch(run, &on_core, on_core.core) != 0) {
      *error = "core " + std::to_string(on_core.core) + " does not take a worker";
      return nullptr;
    }
    ++group->started_;
  }
  return group;
}

WorkerGroup::~WorkerGroup() {
  // relaxed: the workers learn nothing else from it; the wait below orders all they did.
  stop_.store(true, std::memory_order_relaxed);
  for (size_t i = 0; i < started_; ++i) rte_eal_wait_lcore(workers_[i].core);
}

}  // namespace understudy::worker
