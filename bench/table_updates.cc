// The writer's side of an edge node in turmoil: publishes the table of a configuration, and then,
// for as long as it is told, lets one group after the other fail over or back and publishes the
// whole table again and again. The dataplane that reads it is a process of its own.
//
//   table_updates --config FILE --shm-dir DIR [--flips-per-second N]
//
// Standard input drives it: a number is so many seconds of turmoil, answered by one JSON object;
// the end of the input is the end.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <future>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/measured.h"
#include "control/config/config.h"
#include "control/publication/publisher.h"

namespace understudy {
namespace {

using control::Choice;
using std::chrono::steady_clock;

template <typename T>
T Value(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(std::string(result.status().message()));
  return *std::move(result);
}

struct Setting {
  std::string config;
  std::string shm_dir = "/dev/shm/understudy";
  double flips_per_second = 1000;
};

class Turmoil {
 public:
  explicit Turmoil(const Setting& setting) : setting_(setting) {
    control::ConfigResult loaded = control::LoadConfig(setting.config);
    if (!loaded.state) throw std::runtime_error(loaded.errors.at(0).Text());
    desired_ = std::move(loaded.state);
    for (const auto& group : desired_->groups) choices_.push_back({group.name, Choice::kPrimary});
    if (choices_.empty()) throw std::runtime_error(setting.config + ": no group that can flip");
    const auto paths = contract::PathsOf(setting.shm_dir, desired_->instance);
    if (!paths) throw std::runtime_error("no instance '" + desired_->instance + "'");
    publisher_ = Value(control::Publisher::Open(*paths, desired_->stale_policy));
    contract::TableWriter::Size size;
    Value(publisher_->PublishTable(Value(publisher_->WriteTable(*desired_, &size)), choices_));
  }

  boost::json::object RunFor(double seconds) {
    flips_ = tables_ = 0;
    const auto begun = steady_clock::now();
    const std::chrono::duration<double> between(1 / setting_.flips_per_second);
    Write();
    while (steady_clock::now() - begun < std::chrono::duration<double>(seconds)) {
      std::this_thread::sleep_until(begun + flips_ * between);
      FlipOne();
      if (flips_ % 100 == 0) Tend();
    }
    table_.wait();
    PublishWritten();
    return {{"flips", flips_}, {"tables", tables_}};
  }

  void Tend() {
    publisher_->Beat();
    publisher_->Tend();
    if (table_.valid() && table_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      PublishWritten();
      Write();
    }
  }

 private:
  void FlipOne() {
    control::GroupChoice& one = choices_[flips_++ % choices_.size()];
    one.choice = one.choice == Choice::kPrimary ? Choice::kSecondary : Choice::kPrimary;
    Value(publisher_->PublishChoices({one}));
  }
  // As the engine does it: on a thread beside the one that flips.
  void Write() {
    table_ = std::async(std::launch::async, [this] {
      contract::TableWriter::Size size;
      return publisher_->WriteTable(*desired_, &size);
    });
  }
  void PublishWritten() {
    Value(publisher_->PublishTable(Value(table_.get()), choices_));
    ++tables_;
  }

  const Setting setting_;
  std::shared_ptr<const control::DesiredState> desired_;
  std::unique_ptr<control::Publisher> publisher_;
  control::GroupChoices choices_;
  std::future<absl::StatusOr<uint64_t>> table_;
  uint64_t flips_ = 0, tables_ = 0;
};

int Main(int argc, char** argv) {
  CLI::App app("Flips groups and publishes tables for as many seconds as standard input says.");
  Setting setting;
  app.add_option("--config", setting.config, "understudy.yaml")->required();
  app.add_option("--shm-dir", setting.shm_dir, "Where instances have their directories");
  app.add_option("--flips-per-second", setting.flips_per_second, "Groups that change side")
      ->check(CLI::Range(1.0, 1e5));
  CLI11_PARSE(app, argc, argv);
  std::optional<Turmoil> turmoil;
  int status = TellMeasured([&] {
    turmoil.emplace(setting);
    return boost::json::object{{"published", true}};
  });
  std::cout.flush();
  for (double seconds = 0; status == 0 && std::cin >> seconds;) {
    status = TellMeasured([&] { return turmoil->RunFor(seconds); });
    std::cout.flush();
  }
  return status;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { return understudy::Main(argc, argv); }
