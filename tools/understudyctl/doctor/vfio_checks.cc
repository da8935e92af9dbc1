// Whole NICs: the IOMMU, and what is bound to vfio-pci.
#include "absl/strings/str_cat.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {
namespace {

constexpr char kDevices[] = "/sys/bus/pci/devices/";
constexpr char kNoIommuMode[] = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

// "03:00.0" is short for "0000:03:00.0".
std::string FolderOf(const std::string& device) {
  return kDevices + (device.size() == 7 ? "0000:" + device : device);
}

// The device keeps a group whose other devices other drivers use: vfio refuses it then.
std::string StrangerInGroup(const Machine& machine, const std::string& folder) {
  for (const std::string& other : machine.List(folder + "/iommu_group/devices")) {
    const auto driver = machine.Link(kDevices + other + "/driver");
    if (driver && *driver != "vfio-pci" && *driver != "pcieport") {
      return absl::StrCat(other, " (", *driver, ")");
    }
  }
  return "";
}

}  // namespace

void CheckIommu(const Examination& examination, Findings& findings) {
  findings.About("iommu");
  const Machine& machine = examination.machine;
  if (examination.pci_devices.empty()) {
    return findings.NotApplicable("no whole NIC is served: name one by --interface 0000:03:00.0");
  }
  if (!machine.List("/sys/kernel/iommu_groups").empty()) return findings.Ok("on");
  if (machine.Read(kNoIommuMode) == "Y") {
    return findings.Warn(
        "off, and vfio runs in its unsafe mode", "the NIC can write to all memory of the machine",
        "firmware: VT-d or AMD-Vi on; kernel command line: intel_iommu=on iommu=pt");
  }
  findings.Broken("off", "vfio-pci gives no NIC away: the whole NIC does not start",
                  "firmware: VT-d or AMD-Vi on; kernel command line: intel_iommu=on iommu=pt");
}

void CheckVfio(const Examination& examination, Findings& findings) {
  for (const std::string& device : examination.pci_devices) {
    findings.About("vfio", device);
    const Machine& machine = examination.machine;
    const std::string folder = FolderOf(device);
    const auto driver = machine.Link(folder + "/driver");
    if (!machine.Exists(folder)) {
      findings.Broken("there is no such PCI device", "its port does not start", "lspci -D -nn");
    } else if (driver != "vfio-pci") {
      findings.Broken(driver ? "bound to " + *driver : "bound to no driver",
                      "the kernel has it, or nobody: its port does not start",
                      absl::StrCat("driverctl set-override ", device,
                                   " vfio-pci   # tools/nic bind looks first"));
    } else if (const std::string other = StrangerInGroup(machine, folder); !other.empty()) {
      findings.Broken(absl::StrCat("its IOMMU group is shared with ", other),
                      "vfio refuses a group that others use",
                      absl::StrCat("driverctl set-override ", other.substr(0, other.find(' ')),
                                   " vfio-pci   # or another slot, or ACS in the firmware"));
    } else {
      findings.Ok("bound to vfio-pci");
    }
  }
}

}  // namespace understudy::ctl::doctor
