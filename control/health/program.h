// A program of the operator that an exec check runs: started without a shell, under limits, in a
// session and process group of its own.
//
// Used by: exec_probe (through programs). Plain system calls, no loop.
//  1. It inherits standard input (/dev/null) and output, nothing else: no descriptor, no ignored or
//     blocked signal, no environment but what is given.
//  2. It dies when the thread that started it does (PR_SET_PDEATHSIG), gains no privileges by exec
//     (PR_SET_NO_NEW_PRIVS), and is what the kernel kills first when memory is short.
//  3. The object ends as a process and as a zombie with the destructor, unless it was reaped
//  before.
// Started by clone with the memory shared until exec, as posix_spawn does: no page table is copied,
// however large this process is. posix_spawn itself can set neither limits nor any of 2.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROGRAM_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROGRAM_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace understudy::control {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }

  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  void Close();

  int fd_ = -1;
};

class Program {
 public:
  struct Order {
    std::vector<std::string> command;      // a name without '/' is looked for in kPath
    std::vector<std::string> environment;  // "NAME=value", all of it
    absl::Duration cpu;                    // rounded up to seconds
  };
  static constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  static constexpr uint64_t kMaxMemory = uint64_t{1} << 30;  // address space of each process
  static constexpr uint64_t kMaxFile = uint64_t{64} << 20;   // it writes
  static constexpr uint64_t kMaxOpenFiles = 256;

  // What started is in `started`; else the error: what could not be done, and whether this host
  // lacked something. Returns when the program has been loaded, or could not be.
  struct Refusal {
    int error = 0;  // errno
  };
  static std::optional<Refusal> Start(const Order& order, std::optional<Program>* started);

  ~Program();
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;

  // Readable when the program has ended.
  int exit_descriptor() const { return exit_.get(); }
  // What it writes to standard output and error; does not block.
  int output_descriptor() const { return output_.get(); }
  // Kills it and all that it has started and that stayed in its process group.
  void Kill() const;
  // How it ended, as waitid says (si_code and si_status); empty while it runs. What is left of its
  // process group is killed then.
  struct End {
    bool exited = false;  // else killed by a signal
    int status = 0;       // exit status, or the signal
  };
  std::optional<End> Reap();

 private:
  Program(pid_t pid, Descriptor exit, Descriptor output)
      : pid_(pid), exit_(std::move(exit)), output_(std::move(output)) {}

  pid_t pid_;  // 0: reaped
  Descriptor exit_;
  Descriptor output_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROGRAM_H_
