// The checks, each a function of what the doctor may see. One file for each kind of thing looked
// at.
//
// Used by: doctor_commands, tests.
// Invariant: every check says something about everything it looked at, if only that it is well.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_CHECKS_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_CHECKS_H_

#include "tools/understudyctl/doctor/finding.h"
#include "tools/understudyctl/doctor/machine.h"

namespace understudy::ctl::doctor {

using Check = void (*)(const Examination& examination, Findings& findings);

// interface_checks.cc: each interface.
void CheckLink(const Examination& examination, Findings& findings);
void CheckMtu(const Examination& examination, Findings& findings);
void CheckXdp(const Examination& examination, Findings& findings);
// queue_checks.cc: each interface.
void CheckQueues(const Examination& examination, Findings& findings);
void CheckSpread(const Examination& examination, Findings& findings);
void CheckRings(const Examination& examination, Findings& findings);
// vfio_checks.cc: each PCI device.
void CheckIommu(const Examination& examination, Findings& findings);
void CheckVfio(const Examination& examination, Findings& findings);
// memory_checks.cc
void CheckHugepages(const Examination& examination, Findings& findings);
void CheckHugePagesOfTables(const Examination& examination, Findings& findings);
void CheckLockedMemory(const Examination& examination, Findings& findings);
void CheckSwap(const Examination& examination, Findings& findings);
// processor_checks.cc
void CheckIsolation(const Examination& examination, Findings& findings);
void CheckGovernor(const Examination& examination, Findings& findings);
void CheckInterruptBalance(const Examination& examination, Findings& findings);
// kernel_checks.cc
void CheckKernel(const Examination& examination, Findings& findings);
void CheckClock(const Examination& examination, Findings& findings);
// leftover_checks.cc: what a crash leaves.
void CheckInstances(const Examination& examination, Findings& findings);
void CheckPrograms(const Examination& examination, Findings& findings);
void CheckTaps(const Examination& examination, Findings& findings);
void CheckHugepageFiles(const Examination& examination, Findings& findings);
void CheckRuntimeFolders(const Examination& examination, Findings& findings);

inline constexpr Check kChecks[] = {
    CheckLink,
    CheckMtu,
    CheckXdp,
    CheckQueues,
    CheckSpread,
    CheckRings,
    CheckIommu,
    CheckVfio,
    CheckHugepages,
    CheckHugePagesOfTables,
    CheckLockedMemory,
    CheckSwap,
    CheckIsolation,
    CheckGovernor,
    CheckInterruptBalance,
    CheckKernel,
    CheckClock,
    CheckInstances,
    CheckPrograms,
    CheckTaps,
    CheckHugepageFiles,
    CheckRuntimeFolders,
};

}  // namespace understudy::ctl::doctor

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_DOCTOR_CHECKS_H_
