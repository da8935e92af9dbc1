// understudy-dataplane: answers DNS queries from the table in shared memory until it is told to
// stop. What there is from start to end is in dataplane.h.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "dataplane/dataplane.h"
#include "dataplane/options.h"
#include "dataplane/process/supervisor.h"
#include "dataplane/sandbox.h"

namespace understudy {
namespace {

// Signals that ask for the end are taken by the main thread alone, when it looks.
sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Main(int argc, char** argv) {
  const ParsedOptions parsed = ParseOptions(argc, argv);
  if (!parsed.options) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  umask(0027);  // nothing of ours is everybody's
  spdlog::set_default_logger(spdlog::stderr_color_mt("dataplane"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l dataplane " + parsed.options->instance + ": %v");
  spdlog::flush_on(spdlog::level::info);
  const sigset_t end_signals = BlockEndSignals();
  try {
    const Sandbox sandbox(*parsed.options);
    process::Supervisor supervisor([&sandbox] { sandbox.EnterOther(); });
    Dataplane dataplane(*parsed.options, sandbox, supervisor);
    dataplane.Run(end_signals);
  } catch (const StartFailure& failure) {
    spdlog::error("{}", failure.sentence);
    return 1;
  } catch (const std::exception& failure) {  // no memory, no thread: also only at start
    spdlog::error("cannot start: {}", failure.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
