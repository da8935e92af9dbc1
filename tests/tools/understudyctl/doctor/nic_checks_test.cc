// Interfaces, queues and whole NICs: each check seen well, ill, and where it does not apply.
#include <gtest/gtest.h>

#include "tests/tools/understudyctl/doctor/made_up_machine.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kNet[] = "/sys/class/net/eth1/";
constexpr char kPci[] = "/sys/bus/pci/devices/0000:03:00.0/";

void Queues(MadeUpMachine& machine, int count) {
  for (int i = 0; i < count; ++i) {
    machine.File(kNet + ("queues/rx-" + std::to_string(i) + "/rps_cpus"), "0");
    machine.File("/sys/devices/system/cpu/cpu" + std::to_string(i % 4) + "/online", "1");
  }
}

InterfaceFacts& Eth1(MadeUpMachine& machine) { return machine.facts.interfaces["eth1"]; }

TEST(DoctorNicTest, LooksAtTheInterface) {
  Try({
      {"no interface is served or named", CheckLink, [](auto& m) { m.interfaces.clear(); },
       Severity::kNotApplicable, "--interface", ""},
      {"it is not there", CheckLink, [](auto&) {}, Severity::kBroken, "no such interface",
       "ip -br"},
      {"it is down", CheckLink, [](auto& m) { m.File(kNet + std::string("operstate"), "down"); },
       Severity::kBroken, "down", "ip link set dev eth1 up"},
      {"no carrier", CheckLink,
       [](auto& m) {
         m.File(kNet + std::string("operstate"), "lowerlayerdown");
         m.File(kNet + std::string("carrier"), "0");
       },
       Severity::kBroken, "no carrier", "ethtool eth1"},
      {"it is up", CheckLink, [](auto& m) { m.File(kNet + std::string("operstate"), "up"); },
       Severity::kOk, "up", ""},
      {"the MTU is that of Ethernet", CheckMtu,
       [](auto& m) { m.File(kNet + std::string("mtu"), "1500"); }, Severity::kOk, "1500", ""},
      {"the MTU is too small for IPv6", CheckMtu,
       [](auto& m) { m.File(kNet + std::string("mtu"), "1279"); }, Severity::kBroken, "1279",
       "mtu 1500"},
      {"the MTU is small", CheckMtu, [](auto& m) { m.File(kNet + std::string("mtu"), "1420"); },
       Severity::kWarning, "1420", "ip link set dev eth1 mtu 1500"},
      {"the MTU is too large for AF_XDP", CheckMtu,
       [](auto& m) { m.File(kNet + std::string("mtu"), "9000"); }, Severity::kWarning, "9000",
       "mtu 1500"},
      {"the MTU is not told", CheckMtu, [](auto&) {}, Severity::kNotApplicable, "not told", ""},
  });
}

TEST(DoctorNicTest, LooksAtXdp) {
  const auto driver = [](const char* name) {
    return [name](MadeUpMachine& m) {
      m.Link(kNet + std::string("device/driver"), std::string("../drivers/") + name);
    };
  };
  const auto program = [](const char* mode) {
    return [mode](MadeUpMachine& m) { Eth1(m).program = {7, "understudy_xdp", mode}; };
  };
  Try({
      {"a driver with XDP", CheckXdp, driver("ice"), Severity::kOk, "driver ice", ""},
      {"a driver without", CheckXdp, driver("r8169"), Severity::kWarning, "driver r8169",
       "tools/nic"},
      {"a virtual interface", CheckXdp, [](auto&) {}, Severity::kNotApplicable, "virtual", ""},
      {"the program in the driver", CheckXdp, program("xdp"), Severity::kOk, "driver runs", ""},
      {"the program in generic mode", CheckXdp, program("xdpgeneric"), Severity::kWarning,
       "generic mode", "tools/nic"},
  });
}

TEST(DoctorNicTest, LooksAtQueuesAndWhatSpreadsOverThem) {
  const auto spread = [](const std::vector<uint32_t>& slots, std::optional<bool> ports) {
    return [slots, ports](MadeUpMachine& m) {
      Queues(m, 4);
      Eth1(m).spread = slots;
      Eth1(m).udp4_by_port = Eth1(m).udp6_by_port = ports;
    };
  };
  Try({
      {"as many as channels", CheckQueues,
       [](auto& m) {
         Queues(m, 4);
         Eth1(m).channels = 4;
       },
       Severity::kOk, "4 receive queues, 4 CPUs", ""},
      {"more than AF_XDP can serve", CheckQueues, [](auto& m) { Queues(m, 2); }, Severity::kBroken,
       "2 queues, and AF_XDP can serve 1", "ethtool -L eth1 rx 1"},
      {"more than CPUs", CheckQueues,
       [](auto& m) {
         Queues(m, 16);
         Eth1(m).channels = 16;
       },
       Severity::kWarning, "16 queues for 4 CPUs", "ethtool -L eth1 combined 4"},
      {"queues are not told", CheckQueues, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"one queue needs no spreading", CheckSpread, [](auto& m) { Queues(m, 1); },
       Severity::kNotApplicable, "one queue", ""},
      {"the driver does not tell", CheckSpread, [](auto& m) { Queues(m, 4); },
       Severity::kNotApplicable, "does not tell", ""},
      {"all of them, by ports", CheckSpread, spread({0, 1, 2, 3, 0, 1, 2, 3}, true), Severity::kOk,
       "4 queues", ""},
      {"some of them", CheckSpread, spread({0, 0, 2, 0}, true), Severity::kWarning,
       "2 of 4 queues (0,2)", "ethtool -X eth1 equal 4"},
      {"by addresses alone", CheckSpread, spread({0, 1, 2, 3}, false), Severity::kWarning,
       "udp6 is spread by addresses", "ethtool -N eth1 rx-flow-hash udp6 sdfn"},
      {"rings are not told", CheckRings, [](auto&) {}, Severity::kNotApplicable, "", ""},
      {"a ring that could be longer", CheckRings,
       [](auto& m) {
         Eth1(m).rings = {512, 4096};
       },
       Severity::kWarning, "512 frames, the driver takes 4096", "ethtool -G eth1 rx 2048"},
      {"a ring as long as it goes", CheckRings,
       [](auto& m) {
         Eth1(m).rings = {512, 512};
       },
       Severity::kOk, "512", ""},
  });
}

TEST(DoctorNicTest, LooksAtAWholeNic) {
  const auto bound = [](const char* driver) {
    return [driver](MadeUpMachine& m) {
      m.pci_devices = {"0000:03:00.0"};
      m.File(kPci + std::string("class"), "0x020000");
      if (*driver != 0) m.Link(kPci + std::string("driver"), std::string("../") + driver);
    };
  };
  const auto with_neighbour = [bound](const char* driver) {
    return [bound, driver](MadeUpMachine& m) {
      bound("vfio-pci")(m);
      m.File(kPci + std::string("iommu_group/devices/0000:03:00.1/class"), "0x020000");
      m.Link("/sys/bus/pci/devices/0000:03:00.1/driver", std::string("../") + driver);
    };
  };
  Try({
      {"none is served", CheckIommu, [](auto&) {}, Severity::kNotApplicable, "no whole NIC", ""},
      {"no IOMMU", CheckIommu, bound("vfio-pci"), Severity::kBroken, "off", "intel_iommu=on"},
      {"vfio without IOMMU", CheckIommu,
       [bound](auto& m) {
         bound("vfio-pci")(m);
         m.File("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y");
       },
       Severity::kWarning, "unsafe", "intel_iommu=on"},
      {"an IOMMU", CheckIommu,
       [bound](auto& m) {
         bound("vfio-pci")(m);
         m.File("/sys/kernel/iommu_groups/7/type", "DMA");
       },
       Severity::kOk, "on", ""},
      {"bound to vfio-pci", CheckVfio, bound("vfio-pci"), Severity::kOk, "vfio-pci", ""},
      {"in short", CheckVfio,
       [bound](auto& m) {
         bound("vfio-pci")(m);
         m.pci_devices = {"03:00.0"};
       },
       Severity::kOk, "vfio-pci", ""},
      {"bound to the kernel's driver", CheckVfio, bound("ice"), Severity::kBroken, "bound to ice",
       "driverctl set-override 0000:03:00.0 vfio-pci"},
      {"bound to nothing", CheckVfio, bound(""), Severity::kBroken, "no driver", "driverctl"},
      {"not there", CheckVfio, [](auto& m) { m.pci_devices = {"0000:99:00.0"}; }, Severity::kBroken,
       "no such PCI device", "lspci"},
      {"a neighbour of its group is the kernel's", CheckVfio, with_neighbour("ice"),
       Severity::kBroken, "shared with 0000:03:00.1 (ice)", "driverctl set-override 0000:03:00.1"},
      {"its neighbour is on vfio-pci too", CheckVfio, with_neighbour("vfio-pci"), Severity::kOk,
       "vfio-pci", ""},
  });
}

}  // namespace
}  // namespace understudy::ctl::doctor
