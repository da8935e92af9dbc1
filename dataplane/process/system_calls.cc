#include "dataplane/process/system_calls.h"

#include <seccomp.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

namespace understudy::process {
namespace {

constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

// What nothing here ever does, and what code that should not be here would do next.
constexpr int kNever[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(userfaultfd),
};

// recvfrom, sendto, poll: AF_XDP. readv, writev: TAP. write, read: memif's interrupts, and the pipe
// on which DPDK tells a core what to do. rt_sigreturn: TAP learns of frames by a signal. madvise,
// munmap, exit: the end of a thread. tgkill and the signal calls: abort(3), which shall still dump.
constexpr int kWorker[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getcpu),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(set_robust_list),
};

constexpr int kListenerToo[] = {
    SCMP_SYS(accept4),     SCMP_SYS(accept),     SCMP_SYS(epoll_ctl),  SCMP_SYS(close),
    SCMP_SYS(shutdown),    SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(fcntl),      SCMP_SYS(ioctl),
};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

int AddAll(const Filter& filter, uint32_t action, std::span<const int> calls) {
  for (const int call : calls) {
    const int result = seccomp_rule_add(filter.get(), action, call, 0);
    if (result != 0) return result;
  }
  return 0;
}

// Memory, but none with code in it.
int AddMemory(const Filter& filter) {
  const scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  int result = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_code);
  if (result != 0) return result;
  result = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_code);
  return result;
}

int AddRules(const Filter& filter, Calls calls) {
  if (calls == Calls::kAllThreads) return AddAll(filter, kRefuse, kNever);
  int result = AddAll(filter, SCMP_ACT_ALLOW, kWorker);
  if (result == 0) result = AddMemory(filter);
  if (result == 0 && calls == Calls::kListener)
    result = AddAll(filter, SCMP_ACT_ALLOW, kListenerToo);
  return result;
}

}  // namespace

std::string LimitSystemCalls(Calls calls) {
  const Filter filter(seccomp_init(calls == Calls::kAllThreads ? SCMP_ACT_ALLOW : kRefuse),
                      &seccomp_release);
  int result = filter ? AddRules(filter, calls) : -ENOMEM;
  if (result == 0) {
    // Both only improve: the kernel logs refused calls; and kernels before 5.16 would slow a
    // filtered thread down by a mitigation against what runs beside it in one process.
    seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, 1);
    seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_SSB, 1);
    result = seccomp_load(filter.get());
  }
  return result == 0 ? "" : std::string("no system call filter: ") + std::strerror(-result);
}

}  // namespace understudy::process
