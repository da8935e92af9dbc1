// What a crash leaves, and what lives and must not be taken for it.
#include <gtest/gtest.h>

#include "dataplane/contract/report.h"
#include "tests/tools/understudyctl/doctor/made_up_machine.h"

namespace understudy::ctl::doctor {
namespace {

TEST(DoctorLeftoverTest, LooksAtInstances) {
  enum class Is { kAlive, kEnded, kDead };
  const auto resident = [](Is control, Is dataplane) {
    return [=](MadeUpMachine& m) {
      Resident& one = m.Serving();
      one.control_alive = control == Is::kAlive;
      one.control_ended = control == Is::kEnded;
      one.dataplane_alive = dataplane == Is::kAlive;
      one.dataplane_ended = dataplane == Is::kEnded;
    };
  };
  Try({
      {"none", CheckInstances, [](auto&) {}, Severity::kNotApplicable, "none", ""},
      {"both live", CheckInstances, resident(Is::kAlive, Is::kAlive), Severity::kOk, "live", ""},
      {"control is dead", CheckInstances, resident(Is::kDead, Is::kAlive), Severity::kWarning,
       "control does not run: it died", "start understudy-control"},
      {"control was stopped", CheckInstances, resident(Is::kEnded, Is::kAlive), Severity::kWarning,
       "control does not run: it was stopped", "start understudy-control"},
      {"the dataplane is dead", CheckInstances, resident(Is::kAlive, Is::kDead), Severity::kBroken,
       "no dataplane runs: it died", "start understudy-dataplane"},
      {"the dataplane was stopped", CheckInstances, resident(Is::kAlive, Is::kEnded),
       Severity::kBroken, "no dataplane runs: it was stopped", "start understudy-dataplane"},
      {"both are dead", CheckInstances, resident(Is::kDead, Is::kDead), Severity::kWarning,
       "control and the dataplane died", "start understudy-control understudy-dataplane"},
      {"one was stopped, then the other one died", CheckInstances, resident(Is::kEnded, Is::kDead),
       Severity::kWarning, "lives: the dataplane died", "start"},
      {"the other way round", CheckInstances, resident(Is::kDead, Is::kEnded), Severity::kWarning,
       "lives: control died", "start"},
      {"both were stopped: what is left is for the next start", CheckInstances,
       resident(Is::kEnded, Is::kEnded), Severity::kAdvice, "it was stopped", "start"},
  });
}

TEST(DoctorLeftoverTest, LooksAtWhatHangsOnInterfaces) {
  const auto program = [](const char* name, const char* mode, const char* socket) {
    return [=](MadeUpMachine& m) {
      m.facts.interfaces["eth1"].program = {7, name, mode};
      m.File("/proc/net/unix",
             std::string("Num RefCount\n0: 2 0 10000 5 1 71 ") + socket + "\n1: 2 0 /run/x");
    };
  };
  const auto tap = [](const char* name, const char* flags, const char* carrier) {
    return [=](MadeUpMachine& m) {
      const std::string folder = std::string("/sys/class/net/") + name;
      m.File(folder + "/tun_flags", flags);
      m.File(folder + "/carrier", carrier);
    };
  };
  Try({
      {"no program", CheckPrograms, [](auto& m) { m.facts.interfaces["eth1"]; }, Severity::kOk,
       "none", ""},
      {"one that is in use", CheckPrograms,
       program("understudy_xdp", "xdp", "@understudy-dataplane/eth1"), Severity::kOk, "none", ""},
      {"one in use on another interface", CheckPrograms,
       program("understudy_xdp", "xdp", "@understudy-dataplane/eth10"), Severity::kWarning, "dead",
       "ip link set dev eth1 xdp off"},
      {"one of a dead dataplane, in generic mode", CheckPrograms,
       program("understudy_xdp", "xdpgeneric", "@other"), Severity::kWarning, "dead",
       "ip link set dev eth1 xdpgeneric off"},
      {"one of somebody else", CheckPrograms, program("xdp_pass", "xdp", "@other"), Severity::kOk,
       "none", ""},
      {"a TAP in use", CheckTaps, tap("us-tap0", "0x1102", "1"), Severity::kOk, "none", ""},
      {"a TAP that went with its process", CheckTaps, [](auto&) {}, Severity::kOk, "none", ""},
      {"a TAP that stays and nobody has open", CheckTaps, tap("us-tap0", "0x1902", "0"),
       Severity::kWarning, "nobody", "ip link delete us-tap0"},
      {"a TAP of somebody else", CheckTaps, tap("tap0", "0x1902", "0"), Severity::kOk, "none", ""},
  });
}

TEST(DoctorLeftoverTest, LooksAtFilesOfDpdk) {
  const auto file = [](const char* mapped) {
    return [=](MadeUpMachine& m) {
      m.File("/proc/self/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0\ntmpfs /run tmpfs");
      m.File("/dev/hugepages/rtemap_0", "");
      m.File("/proc/9/maps", std::string("7f00-7f20 rw-s 00000000 00:0f 1 ") + mapped);
    };
  };
  Try({
      {"no hugetlbfs", CheckHugepageFiles, [](auto&) {}, Severity::kOk, "none", ""},
      {"files that a process maps", CheckHugepageFiles, file("/dev/hugepages/rtemap_0"),
       Severity::kOk, "none", ""},
      {"files of nobody", CheckHugepageFiles, file("/usr/lib/x.so"), Severity::kWarning, "1 files",
       "/dev/hugepages/*map_*"},
      {"no runtime folders", CheckRuntimeFolders, [](auto&) {}, Severity::kOk, "none", ""},
      {"one of a dataplane that lives", CheckRuntimeFolders,
       [](auto& m) {
         m.Serving();
         m.File("/run/dpdk/understudy-edge1/x", "");
       },
       Severity::kOk, "none", ""},
      {"one of a dataplane that is dead", CheckRuntimeFolders,
       [](auto& m) {
         m.Serving().dataplane_alive = false;
         m.File("/run/dpdk/understudy-edge1/x", "");
       },
       Severity::kAdvice, "killed", "rm -r /run/dpdk/understudy-edge1"},
      {"one of another program", CheckRuntimeFolders,
       [](auto& m) { m.File("/run/dpdk/rte/x", ""); }, Severity::kOk, "none", ""},
  });
}

TEST(DoctorMachineTest, FindsInstancesAndWhatTheyServe) {
  MadeUpMachine made_up;
  const Machine machine(made_up.root(), {});
  EXPECT_TRUE(machine.Residents("/shm").empty());
  std::string error;
  const auto paths = *contract::PathsOf(made_up.root() + "/shm", "edge1");
  made_up.File("/shm/not-an-instance/x", "");
  made_up.File("/shm/edge1/control.lock", "");
  const auto report = contract::ReportWriter::Create(paths, &error);
  ASSERT_TRUE(report) << error;
  report->AddWorker("listen udp 127.0.0.1:53");
  report->AddWorker("af_xdp:eth1 q0");
  report->AddWorker("af_xdp:eth1 q1");
  report->AddWorker("nic:0000:03:00.0 q0");
  {
    const auto lock = contract::OwnerLock::Acquire(paths.dataplane_lock(), &error);
    const auto residents = machine.Residents("/shm");
    ASSERT_EQ(residents.size(), 1U);
    EXPECT_FALSE(residents[0].control_alive);
    EXPECT_TRUE(residents[0].dataplane_alive);
    EXPECT_EQ(residents[0].dataplane_pid, getpid());
    EXPECT_EQ(residents[0].interfaces, std::vector<std::string>({"eth1"}));
    EXPECT_EQ(residents[0].pci_devices, std::vector<std::string>({"0000:03:00.0"}));
  }
  EXPECT_FALSE(machine.Residents("/shm")[0].dataplane_alive) << "its lock is free";
  const auto root = contract::RootWriter::Open(paths, &error);
  ASSERT_TRUE(root) << error;
  (*root)->pid = 41;
  (*report)->workers_moved_ns = 7;
  EXPECT_FALSE(machine.Residents("/shm")[0].control_ended);
  EXPECT_FALSE(machine.Residents("/shm")[0].dataplane_ended);
  (*root)->pid = 0;
  (*report)->workers_moved_ns = 0;
  EXPECT_TRUE(machine.Residents("/shm")[0].control_ended);
  EXPECT_TRUE(machine.Residents("/shm")[0].dataplane_ended);
}

}  // namespace
}  // namespace understudy::ctl::doctor
