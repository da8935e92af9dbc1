// exec probes with real programs.
#include "control/health/exec_probe.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/health/checker.h"
#include "tests/control/health/shell_check.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Processes whose parent is this one, dead ones included.
size_t Children() {
  size_t children = 0;
  DIR* const folder = opendir("/proc");
  while (const dirent* entry = readdir(folder)) {
    std::ifstream file(absl::StrCat("/proc/", entry->d_name, "/stat"));
    std::string text;
    if (!std::getline(file, text)) continue;
    const std::vector<std::string> fields = absl::StrSplit(text.substr(text.rfind(')') + 2), ' ');
    children += fields.at(1) == absl::StrCat(getpid()) ? 1 : 0;
  }
  closedir(folder);
  return children;
}

bool IsAlive(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  return std::getline(file, text) && text.substr(text.rfind(')') + 2, 1) != "Z";
}

// Waits on the real clock, for what another process does.
bool Soon(const std::function<bool()>& done) {
  for (int i = 0; i < 1000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

class ExecProbeTest : public testing::Test {
 protected:
  ~ExecProbeTest() override {
    EXPECT_TRUE(Soon([] { return Children() == 0; })) << "a child or a zombie is left";
  }
  ProbeResult Run(const HealthCheck& check) { return Probe(io_, check, context_); }
  std::string Read(const std::string& file) const {
    std::ifstream in(folder_ + "/" + file);
    std::string text;
    std::getline(in, text);
    return text;
  }

  asio::io_context io_;
  ProbeContext context_;
  ScratchDirectory scratch_;
  const std::string folder_ = scratch_.path();
};

struct Case {
  std::string script;
  bool success;
  std::string reason;
};

TEST_F(ExecProbeTest, TheExitStatusDecidesAndTheFirstLineSaysWhy) {
  const std::vector<Case> cases = {
      {"exit 0", true, "exit status 0"},
      {"echo all is well; echo more", true, "exit status 0: all is well"},
      {"exit 3", false, "exit status 3"},
      {"echo; echo '  disk is full  ' >&2; exit 2", false, "exit status 2: disk is full"},
      {"echo to a file > /dev/stderr; exit 1", false, "exit status 1: to a file"},
      {"printf 'a\\033[1mb\\001'; exit 1", false, "exit status 1: a\\x1b[1mb\\x01"},
      {"kill -TERM $$", false, "killed by SIGTERM"},
      {"read line || exit 4", false, "exit status 4"},  // nothing on standard input
  };
  for (const Case& c : cases) {
    const ProbeResult result = Run(Shell(c.script));
    EXPECT_EQ(result.success, c.success) << c.script;
    EXPECT_EQ(result.reason, c.reason) << c.script;
    EXPECT_TRUE(result.conclusive) << c.script;
  }
}

TEST_F(ExecProbeTest, ALongLineIsCut) {
  const ProbeResult result = Run(Shell("printf '%01000d' 7; exit 1"));
  EXPECT_TRUE(absl::EndsWith(result.reason, "0000")) << result.reason;
  EXPECT_LT(result.reason.size(), 250u);
}

TEST_F(ExecProbeTest, ThereIsNoShellBetween) {
  HealthCheck check = Shell("");
  check.command = {"/bin/echo", "$HOME; exit 1", "*"};
  const ProbeResult result = Run(check);
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.reason, "exit status 0: $HOME; exit 1 *");
}

TEST_F(ExecProbeTest, WhatCannotBeRunFailsWithItsReason) {
  HealthCheck check = Shell("");
  check.command = {"/nowhere/check"};
  EXPECT_EQ(Run(check).reason, "cannot run /nowhere/check: no such file or directory");
  check.command = {"no-such-program"};
  EXPECT_EQ(Run(check).reason, "cannot run no-such-program: no such file or directory");
  check.command = {"/etc"};
  EXPECT_EQ(Run(check).reason, "cannot run /etc: permission denied");
  EXPECT_TRUE(Run(check).conclusive);
}

TEST_F(ExecProbeTest, TheEnvironmentIsCleanAndSaysWhichCheckItIs) {
  setenv("SECRET", "of control", 1);
  HealthCheck check = Shell("", "eu-disk");
  check.command = {"/usr/bin/env"};
  const ProbeResult result = Run(check);
  EXPECT_EQ(result.reason, absl::StrCat("exit status 0: PATH=", Program::kPath));
  check = Shell("env | sort | tr '\\n' ' '", "eu-disk");
  const std::string all = Run(check).reason;
  EXPECT_TRUE(absl::StrContains(all, "UNDERSTUDY_CHECK=eu-disk")) << all;
  EXPECT_FALSE(absl::StrContains(all, "SECRET")) << all;
}

TEST_F(ExecProbeTest, ItInheritsNoDescriptorAndNoSignalsAndIsConfined) {
  // Left open for exec on purpose.
  const int open_here = memfd_create("not for programs", 0);
  signal(SIGPIPE, SIG_IGN);
  const auto line = [this](const std::string& script) { return Run(Shell(script)).reason; };
  EXPECT_EQ(line("ls /proc/self/fd | tr '\\n' ' '"), "exit status 0: 0 1 2 3");  // 3: ls's own
  EXPECT_EQ(line("grep -E 'SigIgn|SigBlk' /proc/self/status | tr -d '\\n'"),
            "exit status 0: SigBlk:\\t0000000000000000SigIgn:\\t0000000000000000");
  EXPECT_EQ(line("grep NoNewPrivs /proc/self/status"), "exit status 0: NoNewPrivs:\\t1");
  EXPECT_EQ(line("pwd"), "exit status 0: /");
  EXPECT_EQ(line("ulimit -c; ulimit -n"), "exit status 0: 0");
  EXPECT_EQ(line("cat /proc/self/oom_score_adj"), "exit status 0: 1000");
  // The leader of its own session and group.
  EXPECT_EQ(line("set -- $(cat /proc/$$/stat); test $1 = $5 && test $1 = $6 && echo leader"),
            "exit status 0: leader");
  close(open_here);
}

TEST_F(ExecProbeTest, LimitsHoldAgainstMemoryFilesAndTime) {
  ProbeResult result = Run(Shell("head -c 2000000000 /dev/zero | tail -c 2000000000 | wc -c"));
  EXPECT_TRUE(absl::StrContains(result.reason, "memory exhausted")) << result.reason;
  result = Run(Shell(absl::StrCat("head -c 100000000 /dev/zero > ", folder_, "/big")));
  EXPECT_FALSE(result.success);
  struct stat big = {};
  ASSERT_EQ(stat((folder_ + "/big").c_str(), &big), 0);
  EXPECT_EQ(static_cast<uint64_t>(big.st_size), Program::kMaxFile);
}

TEST_F(ExecProbeTest, AProgramThatDoesNotEndIsKilledWithAllItStarted) {
  HealthCheck check = Shell(
      absl::StrCat("echo still busy; sleep 1000 & echo $! > ", folder_, "/child; sleep 1000"));
  check.response_timeout = absl::Milliseconds(300);
  const ProbeResult result = Run(check);
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.conclusive);
  EXPECT_EQ(result.reason, "no exit within 300ms: still busy");
  EXPECT_LT(result.took, absl::Seconds(2));
  const pid_t child = std::atoi(Read("child").c_str());
  ASSERT_GT(child, 0);
  EXPECT_TRUE(Soon([child] { return !IsAlive(child); }));
}

TEST_F(ExecProbeTest, WhatAProgramLeavesBehindIsKilledWhenItEnds) {
  const ProbeResult result = Run(Shell(absl::StrCat("sleep 1000 & echo $! > ", folder_, "/child")));
  EXPECT_TRUE(result.success);  // though the child still has the output open
  const pid_t child = std::atoi(Read("child").c_str());
  ASSERT_GT(child, 0);
  EXPECT_TRUE(Soon([child] { return !IsAlive(child); }));
}

TEST_F(ExecProbeTest, OutputWithoutEndFailsSoon) {
  const ProbeResult result = Run(Shell("yes"));
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason, "wrote more than 65536 octets: y");
  EXPECT_LT(result.took, absl::Seconds(5));
}

TEST_F(ExecProbeTest, ManyRunAtOnceAndTheRestWaitForTheirTurn) {
  constexpr int kChecks = 40;
  std::map<std::string, HealthCheck> checks;
  for (int i = 0; i < kChecks; ++i) {
    const std::string name = absl::StrCat("check-", i);
    checks[name] = Shell("sleep 0.05", name);
    checks[name].interval = absl::Milliseconds(100);
  }
  std::map<std::string, int> passed;
  int failed = 0;
  Checker checker(io_, [&](const HealthCheck& check, const ProbeResult& result) {
    result.success ? ++passed[check.name] : ++failed;
  });
  checker.Apply(checks);
  EXPECT_TRUE(RunUntil(io_, [&] { return passed.size() == kChecks; }));
  EXPECT_EQ(failed, 0);
  checker.Stop();
  io_.restart();
  io_.run_for(milliseconds(100));
}

TEST_F(ExecProbeTest, ARemovedCheckHasItsProgramKilled) {
  int results = 0;
  Checker checker(io_, [&results](const HealthCheck&, const ProbeResult&) { ++results; });
  const HealthCheck check = Shell(absl::StrCat("echo $$ > ", folder_, "/pid.new; mv ", folder_,
                                               "/pid.new ", folder_, "/pid; sleep 1000"));
  checker.Apply({{check.name, check}});
  ASSERT_TRUE(RunUntil(io_, [this] { return !Read("pid").empty(); }));
  const pid_t pid = std::atoi(Read("pid").c_str());
  ASSERT_TRUE(IsAlive(pid));
  checker.Apply({});
  EXPECT_TRUE(Soon([pid] { return !IsAlive(pid); }));  // without another turn of the loop
  io_.restart();
  io_.run_for(milliseconds(50));
  EXPECT_EQ(results, 0);
}

TEST_F(ExecProbeTest, ALoopCanEndWithProgramsRunning) {
  auto io = std::make_unique<asio::io_context>();
  auto checker = std::make_unique<Checker>(*io, [](const HealthCheck&, const ProbeResult&) {});
  const HealthCheck check = Shell(absl::StrCat("touch ", folder_, "/there; sleep 1000"));
  checker->Apply({{check.name, check}});
  ASSERT_TRUE(RunUntil(*io, [this] { return access((folder_ + "/there").c_str(), F_OK) == 0; }));
  checker.reset();
  io.reset();
}

TEST_F(ExecProbeTest, AProgramDiesWithItsControl) {
  const std::string file = folder_ + "/pid";
  const pid_t control = fork();
  if (control == 0) {
    asio::io_context io;
    ProbeContext context;
    const HealthCheck check = Shell(
        absl::StrCat("echo $$ > ", file, ".new; mv ", file, ".new ", file, "; exec sleep 1000"));
    Probe(io, check, context);
    _exit(0);
  }
  ASSERT_TRUE(Soon([this] { return !Read("pid").empty(); }));
  const pid_t program = std::atoi(Read("pid").c_str());
  EXPECT_TRUE(IsAlive(program));
  kill(control, SIGKILL);
  waitpid(control, nullptr, 0);
  EXPECT_TRUE(Soon([program] { return !IsAlive(program); }));
}

}  // namespace
}  // namespace understudy::control
