#include "control/health/program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace understudy::control {
namespace {

// glibc 2.36 has no names for these.
int PidfdWait(int pidfd, siginfo_t* info, int options) {
  int result;
  do {
    result =
        waitid(static_cast<idtype_t>(3 /* P_PIDFD */), static_cast<id_t>(pidfd), info, options);
  } while (result != 0 && errno == EINTR);
  return result;
}

// Everything the child needs, made before it: between clone and exec it may only make system calls,
// for its memory is ours, and another thread may hold any lock.
struct Launch {
  const char* file = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int output = -1;
  pid_t parent = 0;
  rlim_t cpu_s = 0;
  int error = 0;  // errno of what failed in the child
};

bool Limit(__rlimit_resource_t resource, rlim_t most) {
  const rlimit limit = {.rlim_cur = most, .rlim_max = most};
  return setrlimit(resource, &limit) == 0;
}

// Ignored signals stay ignored through exec, as blocked ones stay blocked. Not by sigaction(): a
// sanitizer would note that for the parent.
void ResetSignals() {
  struct {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    uint64_t mask = 0;
  } const plain;
  for (int signal = 1; signal < 65; ++signal) {
    syscall(SYS_rt_sigaction, signal, &plain, nullptr, sizeof(plain.mask));
  }
  const uint64_t none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof(none));
}

bool RedirectStandardStreams(int output) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
         dup2(output, STDERR_FILENO) >= 0;
}

// When memory is short this program goes before control does. Best effort: may be forbidden.
void OfferToOomKiller() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, "1000", 4);
  close(file);
}

bool Confine(const Launch& launch) {
  return setsid() >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == launch.parent &&
         RedirectStandardStreams(launch.output) && close_range(3, ~0U, 0) == 0 && chdir("/") == 0 &&
         Limit(RLIMIT_CPU, launch.cpu_s) && Limit(RLIMIT_AS, Program::kMaxMemory) &&
         Limit(RLIMIT_FSIZE, Program::kMaxFile) && Limit(RLIMIT_CORE, 0) &&
         Limit(RLIMIT_NOFILE, Program::kMaxOpenFiles) &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int Become(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  OfferToOomKiller();
  if (Confine(launch)) {
    ResetSignals();
    execve(launch.file, launch.arguments, launch.environment);
  }
  launch.error = errno;
  _exit(127);
}

// The stack of the child until exec. Its own, as the parent's would be written over.
class Stack {
 public:
  Stack()
      : base_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                   -1, 0)) {}
  ~Stack() {
    if (base_ != MAP_FAILED) munmap(base_, kSize);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void* top() const { return base_ == MAP_FAILED ? nullptr : static_cast<char*>(base_) + kSize; }

 private:
  static constexpr size_t kSize = 64 << 10;
  void* base_;
};

// No signal may be handled in the child while it has our memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // exec does not write to them.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

rlim_t CpuSeconds(absl::Duration cpu) {
  return static_cast<rlim_t>(
      std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(cpu, absl::Seconds(1)))));
}

// Both ends above the standard streams, which the child replaces.
bool OpenPipe(Descriptor* read_end, Descriptor* write_end) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const Descriptor low_read(ends[0]), low_write(ends[1]);
  *read_end = Descriptor(fcntl(ends[0], F_DUPFD_CLOEXEC, 3));
  *write_end = Descriptor(fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
  return read_end->get() >= 0 && write_end->get() >= 0 &&
         fcntl(read_end->get(), F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

void Descriptor::Close() {
  if (fd_ >= 0) close(fd_);
}

std::optional<Program::Refusal> Program::Start(const Order& order,
                                               std::optional<Program>* started) {
  Descriptor read_end, write_end;
  const Stack stack;
  if (stack.top() == nullptr || !OpenPipe(&read_end, &write_end)) return Refusal{errno};
  const std::vector<char*> arguments = Pointers(order.command);
  const std::vector<char*> environment = Pointers(order.environment);
  Launch launch = {.file = order.command.front().c_str(),
                   .arguments = arguments.data(),
                   .environment = environment.data(),
                   .output = write_end.get(),
                   .parent = getpid(),
                   .cpu_s = CpuSeconds(order.cpu)};
  int pidfd = -1;
  pid_t pid;
  {
    const SignalsBlocked blocked;
    pid =
        clone(Become, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, &pidfd);
  }
  if (pid < 0) return Refusal{errno};
  Program program(pid, Descriptor(pidfd), std::move(read_end));
  if (launch.error != 0) return Refusal{launch.error};
  started->emplace(std::move(program));
  return std::nullopt;
}

Program::Program(Program&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      exit_(std::move(other.exit_)),
      output_(std::move(other.output_)) {}

Program::~Program() {
  if (pid_ == 0) return;
  Kill();
  // A killed program is gone at once unless the kernel holds it, in a device that does not answer.
  constexpr int kPatienceMs = 100;
  pollfd ended = {.fd = exit_.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, kPatienceMs);
  Reap();
}

// A zombie keeps its id, and with it the group's, so nobody else can be hit before Reap.
void Program::Kill() const {
  if (pid_ != 0) kill(-pid_, SIGKILL);
}

std::optional<Program::End> Program::Reap() {
  siginfo_t info = {};
  if (pid_ == 0 || PidfdWait(exit_.get(), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0) {
    return std::nullopt;
  }
  Kill();
  PidfdWait(exit_.get(), &info, WEXITED | WNOHANG);
  pid_ = 0;
  return End{.exited = info.si_code == CLD_EXITED, .status = info.si_status};
}

}  // namespace understudy::control
