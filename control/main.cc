// understudy-control: reads what shall be served, probes, decides, publishes, and answers its
// operators.
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "control/api/api.h"
#include "control/api/doors.h"
#include "control/api/event_feed.h"
#include "control/config/config.h"
#include "control/engine/engine.h"
#include "control/engine/first_configuration.h"
#include "control/publication/publisher.h"
#include "control/state/store.h"
#include "control/supervisor.h"

namespace understudy::control {
namespace {

constexpr int kExitFailed = 1, kExitBadConfig = 2, kExitHeld = 3;  // README.md

struct Options {
  std::string config;
  std::string instance;  // empty: see InstanceToStart
  bool from_file = false;
  std::string state_dir = "/var/lib/understudy";
  std::string shm_dir = contract::kDefaultShmDir;
  DoorOptions doors;  // socket empty: /run/understudy/<instance>.sock
  std::string socket_mode = "0660";
  std::string log_level = "info";
  bool check = false;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("--config", options.config,
                 "Configuration file; not read while one is applied by understudyctl");
  app.add_option("--instance", options.instance,
                 "Instance to start; needed when --config does not say it");
  app.add_flag("--from-file", options.from_file, "Forget an applied configuration, read --config");
  app.add_option("--state-dir", options.state_dir, "Where verdicts, overrides and events are kept")
      ->capture_default_str();
  app.add_option("--shm-dir", options.shm_dir, "Where instances have their shared memory")
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "How much is logged")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_flag("--check", options.check, "Only check the configuration: exit status 0 or 2");
  app.set_version_flag("--version", UNDERSTUDY_VERSION);
}

void AddDoorOptions(CLI::App& app, Options& options) {
  DoorOptions& doors = options.doors;
  app.add_option("--socket", doors.socket,
                 "Socket of the API (default: /run/understudy/INSTANCE.sock)");
  app.add_option("--socket-mode", options.socket_mode, "Who may open the socket, in octal")
      ->check(CLI::IsMember({"0600", "0660", "0666"}))
      ->capture_default_str();
  app.add_option("--socket-group", doors.socket_access.group, "Group of the socket");
  app.add_option("--api-listen", doors.listen,
                 "ADDRESS:PORT of the API over TCP with TLS; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--api-certificate", doors.certificate, "Its certificate and chain (PEM)");
  app.add_option("--api-key", doors.key, "Its private key (PEM)");
  app.add_option("--api-tokens", doors.tokens,
                 "Who may use it: lines of NAME sha256:HEX read|write");
}

// The configuration to start with; null when it has errors, which are told.
std::shared_ptr<const DesiredState> TakeOrTell(ConfigResult result) {
  for (const ConfigError& warning : result.warnings) {
    std::cerr << "warning: " << warning.Text() << "\n";
  }
  for (const ConfigError& error : result.errors) std::cerr << error.Text() << "\n";
  const size_t errors = result.errors.size();
  if (!result.state) {
    std::cerr << errors << (errors == 1 ? " error" : " errors") << ": nothing is started\n";
  }
  return std::move(result.state);
}

Reloader::Load FileLoad(const std::string& file) {
  if (file.empty()) return nullptr;
  return [file] { return LoadConfig(file); };
}

// SIGHUP reloads, SIGTERM and SIGINT end.
class Signals {
 public:
  Signals(boost::asio::io_context& io, Engine& engine, Doors& doors, Supervisor& supervisor)
      : io_(io),
        engine_(engine),
        doors_(doors),
        supervisor_(supervisor),
        set_(io, SIGHUP, SIGTERM, SIGINT) {
    Wait();
  }

 private:
  void Wait() {
    set_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        spdlog::info("SIGHUP: reloading");
        Event asked = EventOf(EventKind::kReloadAsked);
        asked.author = "SIGHUP";
        engine_.Note(std::move(asked));
        doors_.Renew();
        supervisor_.Reloading();
        engine_.Reload([this](const ReloadResult&) { supervisor_.Reloaded(); });
        return Wait();
      }
      spdlog::info("signal {}: ending; answers go on from what is published", number);
      supervisor_.Stopping();
      doors_.Close();
      engine_.Stop();
      io_.stop();
    });
  }

  boost::asio::io_context& io_;
  Engine& engine_;
  Doors& doors_;
  Supervisor& supervisor_;
  boost::asio::signal_set set_;
};

DoorOptions DoorsOf(const Options& options, const std::string& instance) {
  DoorOptions doors = options.doors;
  if (doors.socket.empty()) doors.socket = absl::StrCat("/run/understudy/", instance, ".sock");
  doors.socket_access.mode =
      static_cast<mode_t>(std::strtoul(options.socket_mode.c_str(), nullptr, 8));
  return doors;
}

int CannotStart(const absl::Status& status) {
  std::cerr << "cannot start: " << status.message() << "\n";
  return absl::IsFailedPrecondition(status) ? kExitHeld : kExitFailed;
}

// What is kept of an instance, and what it serves first; null, told, when that cannot be served.
struct Beginning {
  std::unique_ptr<Store> store;
  Remembered remembered;
  std::shared_ptr<const DesiredState> desired;
};

Beginning BeginWith(const Options& options, const std::string& instance,
                    const std::string& state_file) {
  Beginning beginning;
  Remembered& remembered = beginning.remembered;
  beginning.store = Store::Open({.path = state_file}, &remembered);
  if (const absl::Status health = beginning.store->health(); !health.ok()) {
    spdlog::warn("state not durable: {}", std::string(health.message()));
  }
  if (options.from_file) remembered.configuration = nullptr;
  beginning.desired = TakeOrTell(FirstConfiguration(remembered, instance, options.config));
  if (beginning.desired) return beginning;
  for (const std::string& notice : beginning.store->TakeNotices()) std::cerr << notice << "\n";
  return beginning;
}

// From the lowest to the highest: each uses those above it, and goes before them.
int Run(boost::asio::io_context& io, const Options& options, const std::string& instance,
        Beginning& beginning, Publisher& publisher) {
  EventFeed feed;
  Tallies tallies;
  Engine engine(
      io, publisher, *beginning.store,
      {.load = FileLoad(options.config),
       .on_event =
           [&feed, &tallies](const Event& event) {
             feed.Wake();
             tallies.CountEvent(event);
           },
       .on_probe = [&tallies](const HealthCheck& check,
                              const ProbeResult& result) { tallies.CountProbe(check, result); }});
  Api api(engine, feed, tallies);
  const DoorOptions door_options = DoorsOf(options, instance);
  const absl::StatusOr<std::unique_ptr<Doors>> doors = Doors::Open(io, engine, api, door_options);
  if (!doors.ok()) return CannotStart(doors.status());
  api.OnReload([&doors] { (*doors)->Renew(); });
  api.CountDoorsBy([&doors] { return (*doors)->counts(); });
  Supervisor supervisor(io, engine);
  const Signals signals(io, engine, **doors, supervisor);
  engine.Start(std::move(beginning.desired), std::move(beginning.remembered));
  spdlog::info("instance {}: API on {}", instance, door_options.socket);
  RunLoop(io);
  return 0;
}

int Serve(const Options& options, const std::string& instance) {
  const auto paths = contract::PathsOf(options.shm_dir, instance);
  if (!paths) {
    if (!options.config.empty()) TakeOrTell(LoadConfig(options.config));
    std::cerr << "instance: '" << instance << "' is no instance name (1 to 64 of a-z, 0-9, -)\n";
    return kExitBadConfig;
  }
  // First of all: nobody else may look into the state that is read below.
  absl::StatusOr<contract::OwnerLock> lock = Publisher::TakeLock(*paths);
  if (!lock.ok()) return CannotStart(lock.status());
  const std::string state_file = absl::StrCat(options.state_dir, "/", instance, ".db");
  boost::asio::io_context io(1);  // the store tells of its last writes there
  Beginning beginning = BeginWith(options, instance, state_file);
  if (!beginning.desired) return kExitBadConfig;
  // Not before: what was applied is not given up for a file that cannot be served.
  if (options.from_file) {
    if (absl::Status status = ForgetApplied(*beginning.store); !status.ok()) {
      return CannotStart(status);
    }
  }
  auto publisher = Publisher::Open(*paths, beginning.desired->stale_policy, *std::move(lock));
  if (!publisher.ok()) return CannotStart(publisher.status());
  spdlog::info("instance {}: state in {}", instance, state_file);
  return Run(io, options, instance, beginning, **publisher);
}

int Check(const Options& options) {
  if (options.config.empty()) {
    std::cerr << "--check: say --config FILE as well\n";
    return kExitFailed;
  }
  const std::shared_ptr<const DesiredState> desired = TakeOrTell(LoadConfig(options.config));
  if (!desired) return kExitBadConfig;
  std::cout << options.config << ": good: " << desired->zones.size() << " zones, "
            << desired->groups.size() << " failover groups, " << desired->health_checks.size()
            << " health checks\n";
  return 0;
}

// A descriptor for every probe under way: as many as the system lets us have.
void RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) spdlog::warn("the limit of open files stays as it is");
}

// On a thread of its own that drops the oldest lines when nobody reads them: a log that is stuck
// must not stop failover.
void StartLog(const std::string& level) {
  constexpr size_t kLinesKept = 8192;
  spdlog::init_thread_pool(kLinesKept, 1);
  spdlog::set_default_logger(
      spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("control"));
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

int Main(int argc, char** argv) {
  CLI::App app("The control plane of Understudy: probes, decides, publishes.",
               "understudy-control");
  Options options;
  AddOptions(app, options);
  AddDoorOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitBadConfig;
  }
  umask(0027);  // nothing of ours is everybody's: state, shared memory, directories
  StartLog(options.log_level);
  RaiseFileLimit();
  // A client that closes early, or a log pipe that ends, is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  if (options.check) return Check(options);
  const absl::StatusOr<std::string> instance =
      InstanceToStart(options.instance, options.config, options.state_dir);
  if (instance.ok()) return Serve(options, *instance);
  // What is wrong with the file says more than that it names no instance.
  if (!options.config.empty() && !TakeOrTell(LoadConfig(options.config))) return kExitBadConfig;
  std::cerr << instance.status().message() << "\n";
  return options.config.empty() ? kExitFailed : kExitBadConfig;
}

}  // namespace
}  // namespace understudy::control

int main(int argc, char** argv) {
  const int status = understudy::control::Main(argc, argv);
  spdlog::shutdown();  // what is queued is written before the end
  return status;
}
