// What the kernel can do, and whether it knows the time.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "tools/understudyctl/doctor/checks.h"

namespace understudy::ctl::doctor {

void CheckKernel(const Examination& examination, Findings& findings) {
  findings.About("kernel");
  const Machine& machine = examination.machine;
  const std::string release = machine.Read("/proc/sys/kernel/osrelease").value_or("");
  unsigned major = 0;
  unsigned minor = 0;
  const bool known =
      std::sscanf(release.c_str(), "%u.%u", &major, &minor) == 2;  // NOLINT(cert-err34-c)
  const auto af_xdp = machine.facts().af_xdp;
  if (af_xdp == false) {
    findings.Broken(absl::StrCat(release, " has no AF_XDP sockets"),
                    "ports of the kind af_xdp: do not start",
                    "a kernel with CONFIG_XDP_SOCKETS=y (Debian's has it), the whole NIC "
                    "(tools/nic), or --listen alone");
  } else if (known && (major < 5 || (major == 5 && minor < 10))) {
    findings.Warn(absl::StrCat(release, " is older than 5.10"),
                  "it is not tried, and lacks wake-ups that AF_XDP needs to be fast",
                  "apt install linux-image-amd64");
  } else if (af_xdp) {
    findings.Ok(absl::StrCat(release, ", AF_XDP"));
  } else {
    findings.NotApplicable("whether it has AF_XDP is not told");
  }
  findings.About("bpf jit");
  const auto compiles = machine.Read("/proc/sys/net/core/bpf_jit_enable");
  if (!compiles) {
    findings.NotApplicable("not told, or always on");
  } else if (*compiles == "0") {
    findings.Warn("off", "the XDP program is interpreted for every frame",
                  "sysctl -w net.core.bpf_jit_enable=1");
  } else {
    findings.Ok("on");
  }
}

void CheckClock(const Examination& examination, Findings& findings) {
  findings.About("clock");
  const auto synchronised = examination.machine.facts().clock_synchronised;
  if (!synchronised) return findings.NotApplicable("the kernel does not tell");
  if (*synchronised) return findings.Ok("synchronised");
  findings.Warn("not synchronised",
                "DNS cookies of the other nodes are taken for expired, certificates are judged "
                "wrong, and events bear wrong times",
                "apt install chrony   # or timedatectl set-ntp true");
}

}  // namespace understudy::ctl::doctor
