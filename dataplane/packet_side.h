// All that DPDK does here: EAL, the ports, the workers that serve them; opened and closed in order.
//
// Used by: dataplane, when there is a --port. Without one nothing of DPDK runs.
#ifndef UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_
#define UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/contract/report.h"
#include "dataplane/options.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/interface.h"
#include "dataplane/port/port.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_swap.h"
#include "dataplane/worker/worker_group.h"

namespace understudy {

class PacketSide {
 public:
  // Starts EAL and claims the interfaces: all that needs no port. Claims that a predecessor hands
  // over ("claim eth1") are taken out of `inherited`. Null and a sentence when it cannot be.
  // `on_thread`: see WorkerGroup.
  static std::unique_ptr<PacketSide> Prepare(const Options& options,
                                             std::map<std::string, int>* inherited,
                                             std::function<void()> on_thread, std::string* error);
  // Closes the ports, then EAL.
  ~PacketSide();
  PacketSide(const PacketSide&) = delete;
  PacketSide& operator=(const PacketSide&) = delete;

  // Opens the ports and starts their workers. Error text, empty when all run; else no port is open.
  std::string Open(const worker::TableSwap& swap, worker::Quiescence& quiescence,
                   const contract::ReportWriter& report);
  // What has arrived is answered, then workers end and ports are closed, which detaches the XDP
  // programs (but see port::KeepPrograms). Open may be called again.
  void Close();
  bool is_open() const { return workers_ != nullptr; }
  // What a successor needs to have, by name: "claim eth1", "program eth1".
  std::map<std::string, int> Belongings() const;
  size_t worker_count() const { return workers_ ? workers_->size() : 0; }
  std::string PortNames() const;
  // Of all ports, as last seen; empty when there are none.
  std::string Troubles() const;
  // Says once that a port stopped receiving, and once that it does again; opens ports that are
  // closed, or whose interface was made anew. Looks once a second, at closed ones more often. True
  // when it has opened them.
  bool LookAtPorts(uint64_t now_ns, const worker::TableSwap& swap, worker::Quiescence& quiescence,
                   const contract::ReportWriter& report);

 private:
  explicit PacketSide(const Options& options) : options_(options) {}
  std::string Plan(port::EalPlan* plan);
  std::string ClaimInterfaces(std::map<std::string, int>* inherited);
  std::string OpenPorts();
  void CountBuffers(const contract::ReportWriter& report) const;
  bool OpenAgain(uint64_t now_ns, const worker::TableSwap& swap, worker::Quiescence& quiescence,
                 const contract::ReportWriter& report);
  std::string StartWorkers(const worker::TableSwap& swap, worker::Quiescence& quiescence,
                           const contract::ReportWriter& report);

  const Options& options_;
  std::function<void()> on_thread_;
  bool eal_runs_ = false;
  bool opened_before_ = false;
  std::vector<uint32_t> queues_;                        // of each port
  std::map<std::string, port::InterfaceClaim> claims_;  // by interface
  std::vector<std::unique_ptr<port::Port>> ports_;
  std::unique_ptr<worker::WorkerGroup> workers_;
  uint64_t look_at_ports_ns_ = 0;
  std::vector<std::string> troubles_;  // of each port, as last said
  std::string cannot_open_;            // why, as last said
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_PACKET_SIDE_H_
