// The machine as the doctor sees it: files below a root, and the few facts that no file tells.
//
// Used by: the checks; tests, with a root and facts of their own.
//
// Invariants
//  1. Looking changes nothing.
//  2. A check knows nothing but what is here, so that it is tested with made-up trees and facts.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_MACHINE_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_MACHINE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/contract/root.h"

namespace understudy::ctl::doctor {

// What ethtool and netlink say of an interface. Nothing: its driver does not say.
struct InterfaceFacts {
  struct Rings {
    uint32_t receive = 0;
    uint32_t most = 0;  // the driver's limit
  };
  struct Program {
    uint32_t id = 0;
    std::string name;  // empty: only root may know
    std::string mode;  // as ip(8) writes it: xdp, xdpgeneric, xdpoffload
  };

  std::optional<uint32_t> channels;  // combined, in use
  std::optional<Rings> rings;
  std::vector<uint32_t> spread;      // RSS: hash slot -> queue; empty: not told
  std::optional<bool> udp4_by_port;  // RSS looks at UDP ports
  std::optional<bool> udp6_by_port;
  std::optional<Program> program;
};

struct Facts {
  std::map<std::string, InterfaceFacts> interfaces;  // of this network namespace
  std::optional<bool> af_xdp;                        // the kernel makes AF_XDP sockets
  std::optional<bool> clock_synchronised;
};

// Asks the kernel.
Facts GatherFacts();

// An instance with files in shared memory, alive or not.
struct Resident {
  std::string name;
  contract::InstancePaths paths;
  bool control_alive = false;
  bool dataplane_alive = false;
  // Does not live, and said so itself: it ended as planned (or never came to serve).
  bool control_ended = false;
  bool dataplane_ended = false;
  int64_t dataplane_pid = 0;             // while it lives
  std::vector<std::string> interfaces;   // that it serves by AF_XDP
  std::vector<std::string> pci_devices;  // that it has as a whole
};

class Machine {
 public:
  // `root`: "" for the real one.
  Machine(std::string root, Facts facts) : root_(std::move(root)), facts_(std::move(facts)) {}

  // Without blanks at its end. Nothing: cannot be read.
  std::optional<std::string> Read(const std::string& path) const;
  // None: cannot be read.
  std::vector<std::string> ReadLines(const std::string& path) const;
  std::optional<uint64_t> ReadNumber(const std::string& path) const;
  // Names in a directory, sorted.
  std::vector<std::string> List(const std::string& path) const;
  bool Exists(const std::string& path) const;
  // The last part of what a symbolic link points at.
  std::optional<std::string> Link(const std::string& path) const;
  // Pids of the processes of that name.
  std::vector<std::string> ProcessesNamed(const std::string& name) const;
  std::vector<Resident> Residents(const std::string& shm_dir) const;

  const Facts& facts() const { return facts_; }

 private:
  const std::string root_;
  const Facts facts_;
};

// What a run is about.
struct Examination {
  Machine machine;
  std::string shm_dir;
  std::vector<Resident> residents;
  std::vector<std::string> interfaces;   // asked for, or served
  std::vector<std::string> pci_devices;  // the same
};

}  // namespace understudy::ctl::doctor

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_MACHINE_H_
