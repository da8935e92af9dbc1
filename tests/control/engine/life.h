// One life of control: an engine over real shared memory and a real state file, with a clock and a
// loop that the test moves.
//
// Used by: the tests of this folder.
#ifndef UNDERSTUDY_TESTS_CONTROL_ENGINE_LIFE_H_
#define UNDERSTUDY_TESTS_CONTROL_ENGINE_LIFE_H_

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/engine/engine.h"
#include "tests/control/desired_site.h"

namespace understudy::control {

inline ConfigResult Good(const DesiredState& state) {
  ConfigResult result;
  result.state = std::make_unique<const DesiredState>(state);
  return result;
}

class Life {
 public:
  // What is served first, of what the life before left.
  using First = std::function<ConfigResult(const Remembered&)>;

  Life(const std::string& directory, const First& first, Reloader::Load file, Moment* now)
      : paths_(*contract::PathsOf(directory, "test")), file_(std::move(file)), now_(now) {
    auto publisher = Publisher::Open(paths_, contract::StalePolicy::kFrozen);
    EXPECT_TRUE(publisher.ok()) << publisher.status();
    publisher_ = *std::move(publisher);
    Remembered remembered;
    store_ = Store::Open({.path = directory + "/state/test.db"}, &remembered);
    Engine::Options options{.clock = [this] { return *now_; }, .load = nullptr, .probe = false};
    if (file_) options.load = [this] { return Load(); };
    engine_ = std::make_unique<Engine>(io_, *publisher_, *store_, options);
    std::shared_ptr<const DesiredState> desired = first(remembered).state;
    EXPECT_NE(desired, nullptr);
    engine_->Start(std::move(desired), std::move(remembered));
    RunUntil([this] { return engine_->served().table_generation != 0; });
  }
  Life(const std::string& directory, const DesiredState& site, Moment* now)
      : Life(
            directory, [&](const Remembered&) { return Good(site); }, [site] { return Good(site); },
            now) {}

  // Runs the loop until `done` says so. Bounded by real time, so that a defect ends the test.
  template <typename Done>
  void RunUntil(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE(done()) << "did not come to pass";
  }
  void RunReady() {
    io_.restart();
    io_.poll();
  }
  // Until the reloader has done what it was told; what it has to say waits for the loop.
  void LetTheReloaderWork() {
    std::promise<void> reached;
    engine_->reloader().Run([&] { reached.set_value(); }, [] {});
    reached.get_future().wait();
  }
  void Probe(const std::string& check, bool success, int times) {
    for (int i = 0; i < times; ++i) {
      const HealthCheck& definition = *engine_->standing().checks().at(check).definition;
      engine_->Take(definition, {.success = success,
                                 .reason = success ? "connected" : "connection refused",
                                 .started = now_->wall,
                                 .took = absl::ZeroDuration()});
    }
    RunReady();
  }
  ReloadResult Reload() {
    std::optional<ReloadResult> result;
    engine_->Reload([&](const ReloadResult& given) { result = given; });
    RunUntil([&] { return result.has_value(); });
    return *result;
  }
  ReloadResult Reload(ConfigResult config) {
    config_ = std::move(config);
    return Reload();
  }
  // By ann.
  void Force(const std::string& group, absl::Duration duration, Engine::Durable durable,
             uint8_t tier = 1) {
    Engine::OverrideOrder order;
    order.reason = "drill";
    order.author = "ann";
    order.targets = {{&engine_->standing().groups().at(group), tier}};
    order.duration = duration;
    engine_->SetOverride(
        order, [](const absl::Status&) {}, std::move(durable));
  }
  absl::Status Release(const std::string& group) {
    std::optional<absl::Status> result;
    engine_->Release(
        {&engine_->standing().groups().at(group)}, "", {.reason = "", .author = "ann"},
        [&](const absl::Status& status) { result = status; }, nullptr);
    RunUntil([&] { return result.has_value(); });
    return *result;
  }
  // What shared memory says, as any reader sees it.
  Choice Published(const std::string& group) const {
    const contract::Table* table = publisher_->table();
    uint64_t live = 0;
    const auto choices = contract::SnapshotChoices(*table, &live);
    for (uint32_t i = 1; i < choices.size(); ++i) {
      if (table->GroupName(i) == group) return choices[i];
    }
    return Choice::kRefused;
  }
  std::vector<Event> Events(EventKind kind) const {
    std::vector<Event> events = engine_->events().Find({.limit = kKeptEvents});
    std::erase_if(events, [kind](const Event& event) { return event.kind != kind; });
    return events;
  }

  int loads() const { return loads_; }
  Engine& engine() { return *engine_; }
  Publisher& publisher() { return *publisher_; }
  boost::asio::io_context& io() { return io_; }
  const contract::InstancePaths& paths() const { return paths_; }

 private:
  // On the reloader's thread, while this one waits for its end.
  ConfigResult Load() {
    ++loads_;
    return config_.state || !config_.errors.empty() ? std::move(config_) : file_();
  }

  contract::InstancePaths paths_;
  Reloader::Load file_;  // unset: control was started without one
  ConfigResult config_;  // what the next reload shall read instead
  int loads_ = 0;
  Moment* now_;
  std::unique_ptr<Publisher> publisher_;
  boost::asio::io_context io_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_ENGINE_LIFE_H_
