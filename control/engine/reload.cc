// The part of Engine that takes up another configuration.
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/engine/engine.h"

namespace understudy::control {

ReloadOrder Engine::FileOrder() {
  return {.load =
              [this](const std::shared_ptr<const Configuration>& live) {
                ConfigResult refused;
                if (live != nullptr && live->origin == Origin::kApplied) {
                  refused.errors.push_back({live->file, 0, "", AppliedText(*live)});
                } else if (!options_.load) {
                  refused.errors.push_back({"--config", 0, "", "control was started without it"});
                } else {
                  return options_.load();
                }
                return refused;
              },
          .commit = nullptr,
          .take_back = nullptr};
}

void Engine::Reload(Reloaded done) {
  if (!reload_queued_.empty() && reload_queued_.back().of_file) {
    reload_queued_.back().waiting.push_back(std::move(done));
    return;
  }
  Queue({.order = FileOrder(), .of_file = true, .waiting = {std::move(done)}});
}

void Engine::Reload(ReloadOrder order, Reloaded done) {
  Queue({.order = std::move(order), .of_file = false, .waiting = {std::move(done)}});
}

void Engine::Queue(PendingReload reload) {
  reload_queued_.push_back(std::move(reload));
  if (!reloading_) RunReload();
}

void Engine::RunReload() {
  reloading_ = true;
  reload_ = std::move(reload_queued_.front());
  reload_queued_.pop_front();
  const absl::Time started = now().steady;
  reloader_.LoadAndWrite(
      served_.instance, reload_.order, served_.configuration, [this, started](Loaded loaded) {
        // Jobs in pieces point at the groups that there are.
        work_.WhenIdle([this, started, loaded = std::make_shared<Loaded>(std::move(loaded))] {
          FinishReload(std::move(*loaded), started);
        });
      });
}

// The table first: if it cannot be published nothing else has changed yet. Groups that are new in
// it start as primary, which is what they are decided to be.
absl::Status Engine::Serve(const Loaded& loaded) {
  absl::Status status = PublishLoaded(loaded, standing_.ChoicesIn(*loaded.state));
  if (!status.ok()) return status;
  table_health_ = absl::OkStatus();
  desired_.reset();
  SetServed(*loaded.state);
  publisher_.SetStalePolicy(loaded.state->stale_policy);
  chronicle_.RecordDropped(standing_.Apply(*loaded.state, now()));
  Turn();
  ApplyToChecker(*loaded.state);
  return absl::OkStatus();
}

// After Standing::Apply: both hold the same definitions, and there is one copy of each.
void Engine::ApplyToChecker(const DesiredState& desired) {
  if (!options_.probe) return;
  checker_.Apply(desired.health_checks, [this](const HealthCheck& check) {
    return standing_.checks().at(check.name).definition;
  });
}

void Engine::FinishReload(Loaded loaded, absl::Time started) {
  ReloadResult result{.errors = std::move(loaded.errors),
                      .warnings = std::move(loaded.warnings),
                      .table_generation = loaded.table_generation,
                      .took = absl::ZeroDuration(),
                      .taken_back = absl::OkStatus()};
  absl::Status served = absl::OkStatus();
  if (loaded.state) {
    served = Serve(loaded);
    reloader_.Free(std::move(loaded.state));
  }
  if (!served.ok()) result.errors.push_back(std::string(served.message()));
  if (served.ok() || !reload_.order.take_back) return TellReload(std::move(result), started);
  // Nobody is told that nothing was changed before a restart, too, would find nothing changed.
  reload_.order.take_back([this, &io = io_, result, started](const absl::Status& status) {
    boost::asio::post(io, [this, result, started, status]() mutable {
      result.taken_back = status;
      if (!status.ok()) result.errors.push_back(std::string(status.message()));
      TellReload(std::move(result), started);
    });
  });
}

void Engine::TellReload(ReloadResult result, absl::Time started) {
  const PendingReload reload = std::exchange(reload_, {});
  for (const std::string& warning : result.warnings) spdlog::warn("{}", warning);
  if (!result.errors.empty()) {
    Event event = EventOf(EventKind::kReloadFailed);
    event.detail =
        absl::StrCat(result.errors.size(), " errors, the first: ", result.errors.front());
    for (const std::string& error : result.errors) spdlog::error("{}", error);
    chronicle_.Record(std::move(event));
  }
  result.took = now().steady - started;
  Save(nullptr);
  reloading_ = false;
  if (!reload_queued_.empty()) RunReload();
  for (const Reloaded& done : reload.waiting) {
    if (done) done(result);
  }
}

}  // namespace understudy::control
