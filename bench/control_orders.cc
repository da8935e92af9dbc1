// How long control's loop is held by what an operator orders for very many failover groups at
// once, and by a reload of as many, as one JSON object: for each order the time until it is
// answered, and the longest single turn of the loop: in time, and in time on the CPU, which other
// processes of the machine do not lengthen.
//
//   control_orders --groups N
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/measured.h"
#include "control/api/http_message.h"
#include "control/api/routes.h"
#include "control/config/config.h"
#include "control/engine/engine.h"
#include "tests/dataplane/table_builder.h"

namespace understudy {
namespace {

using control::Engine;

double CpuMs() {
  struct timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Every group has two sides by the same two checks, and a name of its own.
void WriteConfig(const std::string& path, int groups, const std::string& secondary) {
  std::ofstream yaml(path);
  yaml << "instance: bench\nzones:\n  - {name: example, file: zone}\nhealth_checks:\n"
          "  eu: {type: tcp, address: 192.0.2.1, port: 80}\n"
          "  us: {type: tcp, address: 192.0.2.2, port: 80}\nfailover_groups:\n";
  for (int i = 0; i < groups; ++i) {
    yaml << "  g" << i << ": {primary: {health_check: eu}, secondary: {health_check: us}, "
         << "records: [{name: h" << i << ".example, type: A, ttl: 30, "
         << "primary: [192.0.2.10], secondary: [" << secondary << "]}]}\n";
  }
}

class Orders {
 public:
  explicit Orders(int groups) : groups_(groups) {
    std::ofstream(scratch_ / "zone")
        << "$TTL 60\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n";
    WriteConfig(config_, groups, "198.51.100.10");
    const auto paths = contract::PathsOf(scratch_ / "shm", "bench");
    publisher_ = *control::Publisher::Open(*paths, contract::StalePolicy::kFrozen);
    control::Remembered remembered;
    store_ = control::Store::Open({.path = scratch_ / "state.db"}, &remembered);
    engine_ = std::make_unique<Engine>(
        io_, *publisher_, *store_,
        Engine::Options{.clock = nullptr,
                        .load = [this] { return control::LoadConfig(config_); },
                        .probe = false,
                        .on_event = nullptr,
                        .on_probe = nullptr});
    control::ConfigResult loaded = control::LoadConfig(config_);
    if (!loaded.state) throw std::runtime_error(loaded.errors.at(0).Text());
    engine_->Start(std::move(loaded.state), std::move(remembered));
    RunUntil([this] { return engine_->served().table_generation != 0 && !engine_->reloading(); });
  }

  boost::json::object Order(const std::string& verb, const std::string& body) {
    return Measured([&](auto done) {
      control::Request request;
      request.method = "POST";
      request.path = {"v1", "groups", "*", verb};
      request.body = body;
      boost::asio::co_spawn(io_, Ask(std::move(request), done), boost::asio::detached);
    });
  }
  boost::json::object Reload() {
    WriteConfig(config_, groups_, "203.0.113.7");
    return Measured([&](auto done) {
      engine_->Reload([done](const control::ReloadResult& result) {
        if (!result.errors.empty()) throw std::runtime_error(result.errors.front());
        done();
      });
    });
  }
  // One check of all groups fails.
  boost::json::object Fail(bool success) {
    return Measured([&](auto done) {
      for (int i = 0; i < 3; ++i) {
        engine_->Take(*engine_->standing().checks().at("eu").definition,
                      {.success = success, .reason = "refused", .started = absl::Now()});
      }
      boost::asio::post(io_, done);
    });
  }

 private:
  template <typename Done>
  boost::asio::awaitable<void> Ask(control::Request request, Done done) {
    control::Reply reply = co_await control::Answer(*engine_, std::move(request));
    if (reply.status != 200) throw std::runtime_error(boost::json::serialize(reply.body));
    octets_ = control::ResponseOf(std::move(reply), 11, true).body().size();
    done();
  }
  template <typename Start>
  boost::json::object Measured(Start start) {
    bool is_done = false;
    octets_ = 0;
    longest_ms_ = 0;
    const Stopwatch whole;
    const double cpu_ms = CpuMs();
    start([&is_done] { is_done = true; });
    longest_ms_ = whole.Ms();
    longest_cpu_ms_ = CpuMs() - cpu_ms;
    RunUntil([&] { return is_done; });
    const double took_ms = whole.Ms();
    // What is left over for later turns counts as well.
    const Stopwatch after;
    RunUntil([&] { return after.Ms() > 500; });
    return {{"took_ms", took_ms},
            {"longest_turn_ms", longest_ms_},
            {"longest_turn_cpu_ms", longest_cpu_ms_},
            {"answer_octets", octets_}};
  }
  template <typename Done>
  void RunUntil(Done done) {
    while (!done()) {
      io_.restart();
      const Stopwatch turn;
      const double cpu_ms = CpuMs();
      // Only what is ready: waiting is no work.
      if (io_.poll_one() == 0) continue;
      longest_ms_ = std::max(longest_ms_, turn.Ms());
      longest_cpu_ms_ = std::max(longest_cpu_ms_, CpuMs() - cpu_ms);
    }
  }

  const int groups_;
  const test::Scratch scratch_;
  const std::string config_ = scratch_ / "understudy.yaml";
  boost::asio::io_context io_{1};
  std::unique_ptr<control::Publisher> publisher_;
  std::unique_ptr<control::Store> store_;
  std::unique_ptr<Engine> engine_;
  size_t octets_ = 0;
  double longest_ms_ = 0;
  double longest_cpu_ms_ = 0;
};

boost::json::object Measure(int groups) {
  Orders orders(groups);
  boost::json::object measured{{"groups", groups}};
  const std::string body = R"({"side": "primary", "for": "30m", "reason": "drill"})";
  measured["drain"] = orders.Order("drain", body);
  measured["release"] = orders.Order("release", "{}");
  measured["force"] =
      orders.Order("force", R"({"side": "secondary", "for": "forever", "reason": "drill"})");
  measured["release_force"] = orders.Order("release", "{}");
  measured["check_fails"] = orders.Fail(false);
  measured["check_recovers"] = orders.Fail(true);
  measured["reload"] = orders.Reload();
  return measured;
}

int Main(int argc, char** argv) {
  CLI::App app("How long the loop is held by one order for N failover groups.");
  int groups = 90000;
  app.add_option("--groups", groups, "Failover groups")->check(CLI::Range(1, 1000000));
  CLI11_PARSE(app, argc, argv);
  spdlog::init_thread_pool(8192, 1);  // as control does
  spdlog::set_default_logger(
      spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("control"));
  return TellMeasured([&] { return Measure(groups); });
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
