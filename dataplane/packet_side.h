// All that DPDK does here: EAL, the ports, the workers that serve them; opened and closed in order.
//
// Used by: main, when there is a --port. Without one nothing of DPDK runs.
#ifndef UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_
#define UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/contract/report.h"
#include "dataplane/options.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/port.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_swap.h"
#include "dataplane/worker/worker_group.h"

namespace understudy {

class PacketSide {
 public:
  // Null and a sentence when any port cannot be had; then none is left open.
  static std::unique_ptr<PacketSide> Open(const Options& options, std::string* error);
  // Ends the workers, closes the ports (which detaches the XDP programs), then EAL.
  ~PacketSide();
  PacketSide(const PacketSide&) = delete;
  PacketSide& operator=(const PacketSide&) = delete;

  // Error text, empty when all workers run.
  std::string StartWorkers(const worker::TableSwap& swap, worker::Quiescence& quiescence,
                           const contract::ReportWriter& report);
  size_t worker_count() const { return workers_ ? workers_->size() : 0; }
  std::string PortNames() const;
  // Says once that a port stopped receiving, and once that it does again. Looks once a second.
  void LookAtPorts(uint64_t now_ns);

 private:
  explicit PacketSide(const Options& options) : options_(options) {}
  std::string Plan(port::EalPlan* plan);
  std::string OpenPorts();

  const Options& options_;
  bool eal_runs_ = false;
  std::vector<uint32_t> queues_;  // of each port
  std::vector<std::unique_ptr<port::Port>> ports_;
  std::unique_ptr<worker::WorkerGroup> workers_;
  uint64_t look_at_ports_ns_ = 0;
  std::vector<std::string> troubles_;  // of each port, as last said
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_
