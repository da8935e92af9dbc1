// How many probes control makes on one core, over real sockets to a server of this machine on
// another core, and how evenly they are spread, as one JSON object. Without what comes behind a
// result (verdict, decision).
//
//   control_probes --type tcp|http --checks N --interval-ms MS [--seconds S]
//
// N / interval is offered; a check waits for its result before its interval starts, so that a core
// that cannot keep up makes fewer probes, never more at once than there are checks.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/measured.h"
#include "control/health/checker.h"

namespace understudy {
namespace {

using control::Checker;
using control::CheckType;
using control::HealthCheck;
using control::ProbeResult;
using Clock = std::chrono::steady_clock;

void PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  sched_setaffinity(0, sizeof(set), &set);  // without a second CPU the numbers tell
}

void Require(bool done, const char* what) {
  if (!done) throw std::runtime_error(absl::StrCat(what, ": ", strerror(errno)));
}

// Accepts, answers whatever it reads with 200, and closes when the peer has, or after an answer. In
// a process of its own, as long as its parent lives.
class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    socklen_t size = sizeof(any);
    Require(bind(listener_, reinterpret_cast<sockaddr*>(&any), size) == 0, "bind");
    Require(listen(listener_, 4096) == 0, "listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin_port);
    pid_ = fork();
    Require(pid_ >= 0, "fork");
    if (pid_ == 0) Serve();
    close(listener_);
  }
  ~Server() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const { return port_; }

 private:
  [[noreturn]] void Serve() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    PinTo(1);
    poller_ = epoll_create1(0);
    Watch(listener_);
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = epoll_wait(poller_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        fd == listener_ ? Accept() : Answer(fd);
      }
    }
  }
  void Watch(int fd) const {
    epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event);
  }
  void Accept() const {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) Watch(fd);
  }
  static void Answer(int fd) {
    constexpr std::string_view kAnswer =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    std::array<char, 2048> request;
    if (read(fd, request.data(), request.size()) > 0) send(fd, kAnswer.data(), kAnswer.size(), 0);
    close(fd);
  }

  int listener_;
  int poller_ = -1;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// Every check has an address of its own, so that there are ports enough.
std::map<std::string, HealthCheck> Checks(CheckType type, int count, absl::Duration interval,
                                          uint16_t port) {
  std::map<std::string, HealthCheck> checks;
  for (int i = 0; i < count; ++i) {
    HealthCheck check;
    check.name = absl::StrCat("check-", i);
    check.type = type;
    check.address = absl::StrCat("127.", 1 + (i >> 16), ".", i >> 8 & 255, ".", i & 255);
    check.port = port;
    check.interval = interval;
    check.connect_timeout = check.response_timeout = absl::Seconds(4);
    checks.emplace(check.name, check);
  }
  return checks;
}

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

constexpr std::chrono::milliseconds kSlice{100};

boost::json::object Measure(const std::string& type, int count, int interval_ms, int seconds) {
  const Server server;
  PinTo(0);
  boost::asio::io_context io(1);
  std::vector<uint64_t> slices;
  uint64_t probes = 0, failed = 0;
  Clock::time_point begin = Clock::time_point::max();
  std::string reason;
  Checker checker(io, [&](const HealthCheck&, const ProbeResult& result) {
    const auto now = Clock::now();
    if (now < begin) return;
    ++probes;
    const auto slice = static_cast<size_t>((now - begin) / kSlice);
    if (slice < slices.size()) ++slices[slice];
    if (!result.success) {
      ++failed;
      reason = result.reason;
    }
  });
  const absl::Duration interval = absl::Milliseconds(interval_ms);
  checker.Apply(
      Checks(type == "tcp" ? CheckType::kTcp : CheckType::kHttp, count, interval, server.port()));
  // The first round, whose probes lie closer together, and another second to calm down.
  io.run_for(std::chrono::milliseconds(2000 + interval_ms));
  slices.assign(static_cast<size_t>(std::chrono::seconds(seconds) / kSlice), 0);
  begin = Clock::now();
  const double cpu_before = CpuSeconds();
  io.run_for(std::chrono::seconds(seconds));
  const double cpu = CpuSeconds() - cpu_before;
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  checker.Stop();
  std::ranges::sort(slices);
  return {{"type", type},
          {"checks", count},
          {"offered_per_second", count * 1000.0 / interval_ms},
          {"probes_per_second", static_cast<double>(probes) / wall},
          {"failed", failed},
          {"failure", reason},
          {"cpu_share", cpu / wall},
          {"cpu_us_per_probe", cpu * 1e6 / static_cast<double>(std::max<uint64_t>(probes, 1))},
          {"slice_min", slices.front()},
          {"slice_median", slices[slices.size() / 2]},
          {"slice_max", slices.back()}};
}

int Main(int argc, char** argv) {
  CLI::App app("Probes a second on one core.");
  std::string type = "tcp";
  int checks = 10000, interval_ms = 1000, seconds = 5;
  app.add_option("--type", type, "Type of the checks")->check(CLI::IsMember({"tcp", "http"}));
  app.add_option("--checks", checks, "Health checks")->check(CLI::Range(1, 1000000));
  app.add_option("--interval-ms", interval_ms, "Their interval")->check(CLI::Range(10, 100000));
  app.add_option("--seconds", seconds, "How long is measured")->check(CLI::Range(1, 3600));
  CLI11_PARSE(app, argc, argv);
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return TellMeasured([&] { return Measure(type, checks, interval_ms, seconds); });
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
