// How long control takes over many health checks, and how much memory they need, as one JSON
// object: a configuration of N checks is loaded, applied, and reloaded with one of them changed.
//
//   control_scale --checks N
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/measured.h"
#include "control/config/config.h"
#include "control/engine/standing.h"
#include "control/health/checker.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

// Resident memory of this process, after what is free went back to the system.
uint64_t ResidentBytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Every check has an endpoint of its own; the `changed`th asks for another path.
void WriteConfig(const std::string& path, int checks, int changed) {
  std::ofstream yaml(path);
  yaml << "instance: bench\nzones:\n  - {name: example.com, file: zone}\nhealth_checks:\n";
  for (int i = 0; i < checks; ++i) {
    yaml << "  check-" << i << ": {type: http, address: 10." << (i >> 16) << "." << (i >> 8 & 255)
         << "." << (i & 255) << ", port: 8080, path: " << (i == changed ? "/ready" : "/healthz")
         << ", interval: 10s, timeout: 500ms}\n";
  }
}

std::unique_ptr<const control::DesiredState> Load(const std::string& path) {
  control::ConfigResult loaded = control::LoadConfig(path);
  if (!loaded.state) throw std::runtime_error(loaded.errors.at(0).Text());
  return std::move(loaded.state);
}

boost::json::object Measure(int checks) {
  const test::Scratch scratch;
  std::ofstream(scratch / "zone")
      << "$TTL 60\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n";
  const std::string config = scratch / "understudy.yaml";
  boost::asio::io_context io(1);
  control::Standing standing;
  control::Checker checker(io, [](const control::HealthCheck&, const control::ProbeResult&) {});
  standing.Remember({}, {});
  const auto shared = [&standing](const control::HealthCheck& check) {
    return standing.checks().at(check.name).definition;
  };

  WriteConfig(config, checks, -1);
  const uint64_t resident_before = ResidentBytes();
  const Stopwatch loading;
  auto state = Load(config);
  const double load_ms = loading.Ms();
  const uint64_t resident_loaded = ResidentBytes();
  const Stopwatch standing_watch;
  standing.Apply(*state, {});
  const double standing_ms = standing_watch.Ms();
  const Stopwatch checker_watch;
  checker.Apply(state->health_checks, shared);
  const double checker_ms = checker_watch.Ms();
  // The loop does not run: nothing is probed, and every check waits for its time.
  const double total_ms = loading.Ms();
  state.reset();  // as the engine does once its table is published
  const uint64_t resident_after = ResidentBytes();

  WriteConfig(config, checks, checks / 2);
  const Stopwatch reloading;
  state = Load(config);
  const Stopwatch reapplying;
  standing.Apply(*state, {});
  const control::Checker::Applied applied = checker.Apply(state->health_checks, shared);
  const double reapply_ms = reapplying.Ms();
  const double reload_ms = reloading.Ms();
  const auto each = [checks](uint64_t bytes) { return bytes / static_cast<uint64_t>(checks); };
  return {{"checks", checks},
          {"load_ms", load_ms},
          {"standing_ms", standing_ms},
          {"checker_ms", checker_ms},
          {"total_ms", total_ms},
          {"desired_bytes_per_check", each(resident_loaded - resident_before)},
          {"running_bytes_per_check", each(resident_after - resident_before)},
          {"reload_one_ms", reload_ms},
          {"reload_one_apply_ms", reapply_ms},
          {"reload_one_touched", applied.started + applied.stopped}};
}

int Main(int argc, char** argv) {
  CLI::App app("Time and memory of N health checks: loaded, applied, reloaded with one changed.");
  int checks = 100000;
  app.add_option("--checks", checks, "Health checks")->check(CLI::Range(1, 10000000));
  CLI11_PARSE(app, argc, argv);
  return TellMeasured([&] { return Measure(checks); });
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
