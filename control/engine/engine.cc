#include "control/engine/engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "control/engine/because.h"

namespace understudy::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr auto kTendInterval = milliseconds(100);
// Overrides end by the wall clock, which may be set at any time: look at least this often.
constexpr auto kTickInterval = milliseconds(1000);
constexpr auto kRetryInterval = milliseconds(5000);

Moment SystemMoment() {
  return {.wall = absl::Now(),
          .steady =
              absl::UnixEpoch() + absl::Nanoseconds(static_cast<int64_t>(contract::MonotonicNs()))};
}

Event Of(EventKind kind, std::string subject) {
  Event event;
  event.kind = kind;
  event.subject = std::move(subject);
  return event;
}

bool IsTrouble(EventKind kind) {
  switch (kind) {
    case EventKind::kCheckUnhealthy:
    case EventKind::kGroupAllDown:
    case EventKind::kTableFailed:
    case EventKind::kTableRefused:
    case EventKind::kReloadFailed:
    case EventKind::kDataplaneVanished:
    case EventKind::kSelectionUnobserved:
    case EventKind::kPublicationFailed:
    case EventKind::kStateTrouble:
    case EventKind::kOverrideDropped:
      return true;
    default:
      return false;
  }
}

}  // namespace

Engine::Engine(boost::asio::io_context& io, Publisher& publisher, Store& store, Options options)
    : io_(io),
      publisher_(publisher),
      store_(store),
      options_(std::move(options)),
      checker_(
          io, [this](const HealthCheck& check, const ProbeResult& result) { Take(check, result); }),
      selection_watch_(io, publisher, [this](Event event) { Record(std::move(event)); }),
      turn_timer_(io),
      retry_timer_(io),
      heartbeat_(io, nanoseconds(contract::kHeartbeatIntervalNs / 2),
                 [this] { publisher_.Beat(); }),
      tend_(io, kTendInterval, [this] { Tend(); }),
      tick_(io, kTickInterval, [this] { Tick(); }),
      reloader_(io, publisher, options_.load) {
  if (!options_.clock) options_.clock = SystemMoment;
}

Engine::~Engine() = default;

void Engine::Start(std::shared_ptr<const DesiredState> desired, Remembered remembered) {
  started_at_ = now().wall;
  desired_ = std::move(desired);
  SetServed(*desired_);
  log_.Restore(std::exchange(remembered.events, {}));
  standing_.Remember(std::move(remembered), publisher_.inherited_choices());
  Record(Of(EventKind::kControlStarted, ""));
  RecordDropped(standing_.Apply(*desired_, now()));
  publisher_.Tend();
  publisher_.Beat();
  heartbeat_.Start();
  tend_.Start();
  tick_.Start();
  if (options_.probe) checker_.Apply(desired_->health_checks);
  Turn();
  PublishFirstTable();
}

void Engine::Stop() {
  Record(Of(EventKind::kControlStopped, ""));
  Save(nullptr);
  checker_.Stop();
  selection_watch_.Stop();
  heartbeat_.Stop();
  tend_.Stop();
  tick_.Stop();
  turn_timer_.cancel();
  retry_timer_.cancel();
  publisher_.ShutDown();
}

void Engine::Take(const HealthCheck& check, const ProbeResult& result) {
  const Standing::Taken taken = standing_.Take(check.name, result);
  if (taken.changed) RecordVerdict(standing_.checks().at(check.name));
  if (taken.due) ScheduleTurn();
}

// Behind everything that is ready now: what comes in together goes out as one selection.
void Engine::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  boost::asio::post(io_, [this] { Turn(); });
}

void Engine::Turn() {
  turn_scheduled_ = false;
  const Decisions decisions = standing_.Decide(now());
  RecordExpired(decisions);
  if (!decisions.changes.empty()) Publish(decisions);
  for (const std::string& group : decisions.all_down) {
    Event event = Of(EventKind::kGroupAllDown, group);
    event.detail = Because(standing_, standing_.groups().at(group), now());
    Record(std::move(event));
  }
  if (!unsaved_events_.empty()) Save(nullptr);
  ArmTurn();
}

void Engine::ArmTurn() {
  const absl::Duration next = standing_.UntilNext(now());
  if (next == absl::InfiniteDuration()) {
    turn_timer_.cancel();
    return;
  }
  turn_timer_.expires_after(
      std::min<nanoseconds>(absl::ToChronoNanoseconds(next), nanoseconds(kTickInterval)));
  turn_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Turn();
  });
}

void Engine::Publish(const Decisions& decisions) {
  // They come sorted, so each one's place is behind the one before: no search for it.
  for (const ChoiceChange& change : decisions.changes) {
    unpublished_.insert_or_assign(unpublished_.end(), change.group, change.to);
  }
  PublishUnpublished();
  for (const ChoiceChange& change : decisions.changes) {
    Event event = Of(EventKind::kGroupChanged, change.group);
    event.from = std::string(WordOf(change.from));
    event.to = std::string(WordOf(change.to));
    event.cause = std::string(WordOf(change.cause));
    // A forced side needs no more words than the event of the force itself.
    if (change.cause != Cause::kForced) {
      event.detail = Because(standing_, standing_.groups().at(change.group), now());
    }
    if (unpublished_.empty()) event.selection = publisher_.selection_generation();
    Record(std::move(event));
  }
}

void Engine::PublishUnpublished() {
  const absl::StatusOr<Publisher::Published> published = publisher_.PublishChoices(unpublished_);
  if (published.ok()) {
    unpublished_.clear();
    publication_trouble_ = false;
    selection_watch_.Watch(*published);
    return;
  }
  // Before the first table of an instance there is nothing to change; it will start out right.
  if (absl::IsFailedPrecondition(published.status())) return unpublished_.clear();
  if (std::exchange(publication_trouble_, true)) return;
  Event event = Of(EventKind::kPublicationFailed, "");
  event.detail = std::string(published.status().message());
  Record(std::move(event));
}

void Engine::PublishFirstTable() {
  reloading_ = true;
  reloader_.Write(desired_, standing_.Choices(), [this](Loaded loaded) {
    table_health_ = loaded.errors.empty() ? PublishLoaded(loaded)
                                          : absl::UnavailableError(loaded.errors.front());
    reloading_ = false;
    if (table_health_.ok()) {
      reloader_.Free(std::move(desired_));
    } else {
      Event event = Of(EventKind::kTableFailed, "");
      event.detail = absl::StrCat(std::string(table_health_.message()), "; tried again every ",
                                  kRetryInterval / std::chrono::seconds(1), "s");
      Record(std::move(event));
      RetryFirstTable();
    }
    Save(nullptr);
    if (!reload_queued_.empty()) RunReload();
  });
}

void Engine::RetryFirstTable() {
  retry_timer_.expires_after(kRetryInterval);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !desired_) return;  // a reload published another one meanwhile
    if (reloading_) return RetryFirstTable();
    PublishFirstTable();
  });
}

// Swings to the table of `loaded`, with every choice as it is now.
absl::Status Engine::PublishLoaded(const Loaded& loaded) {
  const absl::StatusOr<Publisher::Published> published =
      publisher_.PublishTable(loaded.table_generation, standing_.Choices());
  if (!published.ok()) return published.status();
  unpublished_.clear();
  publisher_.Beat();
  dataplane_watch_.TablePublished(loaded.table_generation, published->at_ns);
  selection_watch_.Watch(*published);
  served_.table_generation = loaded.table_generation;
  served_.size = loaded.size;
  Event event = Of(EventKind::kTablePublished, absl::StrCat(loaded.table_generation));
  event.detail = absl::StrCat(loaded.size.nodes, " names, ", loaded.size.record_sets,
                              " record sets, ", loaded.size.file, " bytes");
  event.selection = published->generation;
  Record(std::move(event));
  return absl::OkStatus();
}

absl::Status Engine::Force(const ForceOrder& order, Durable durable) {
  const absl::Time wall = now().wall;
  absl::Status status = standing_.Force(order.group, {.side = order.side,
                                                      .since = wall,
                                                      .until = wall + order.duration,
                                                      .reason = order.reason,
                                                      .author = order.author});
  if (!status.ok()) return status;
  Event event = Of(EventKind::kForced, order.group);
  event.to = std::string(WordOf(order.side));
  event.detail = order.duration == absl::InfiniteDuration()
                     ? "until released"
                     : absl::StrCat("for ", absl::FormatDuration(order.duration));
  event.reason = order.reason;
  event.author = order.author;
  Record(std::move(event));
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

absl::Status Engine::Release(const std::string& group, const std::string& author,
                             const std::string& reason, Durable durable) {
  const absl::StatusOr<Override> ended = standing_.Release(group);
  if (!ended.ok()) return ended.status();
  Event event = Of(EventKind::kReleased, group);
  event.detail = absl::StrCat("was forced to ", std::string(WordOf(ended->side)));
  event.reason = reason;
  event.author = author;
  Record(std::move(event));
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

void Engine::Reload(Reloaded done) {
  reload_queued_.push_back(std::move(done));
  if (!reloading_) RunReload();
}

void Engine::RunReload() {
  reloading_ = true;
  reload_waiting_ = std::exchange(reload_queued_, {});
  const absl::Time started = now().steady;
  reloader_.LoadAndWrite(served_.instance, standing_.Choices(), [this, started](Loaded loaded) {
    FinishReload(std::move(loaded), started);
  });
}

void Engine::FinishReload(Loaded loaded, absl::Time started) {
  ReloadResult result{.errors = std::move(loaded.errors),
                      .warnings = std::move(loaded.warnings),
                      .table_generation = loaded.table_generation,
                      .took = absl::ZeroDuration()};
  if (loaded.state) {
    // The table first: if it cannot be published nothing else has changed yet. Groups that are new
    // in it start as primary, which is what they are decided to be.
    if (absl::Status status = PublishLoaded(loaded); !status.ok()) {
      result.errors.push_back(std::string(status.message()));
    } else {
      table_health_ = absl::OkStatus();
      desired_.reset();
      SetServed(*loaded.state);
      publisher_.SetStalePolicy(loaded.state->stale_policy);
      RecordDropped(standing_.Apply(*loaded.state, now()));
      Turn();
      if (options_.probe) checker_.Apply(loaded.state->health_checks);
    }
    reloader_.Free(std::move(loaded.state));
  }
  for (const std::string& warning : result.warnings) spdlog::warn("{}", warning);
  if (!result.errors.empty()) {
    Event event = Of(EventKind::kReloadFailed, "");
    event.detail =
        absl::StrCat(result.errors.size(), " errors, the first: ", result.errors.front());
    for (const std::string& error : result.errors) spdlog::error("{}", error);
    Record(std::move(event));
  }
  result.took = now().steady - started;
  Save(nullptr);
  reloading_ = false;
  const std::vector<Reloaded> waiting = std::exchange(reload_waiting_, {});
  if (!reload_queued_.empty()) RunReload();
  for (const Reloaded& done : waiting) {
    if (done) done(result);
  }
}

void Engine::SetServed(const DesiredState& desired) {
  served_.instance = desired.instance;
  served_.config_file = desired.config_file;
  served_.zones = desired.zones.size();
  served_.zone_records = 0;
  for (const Zone& zone : desired.zones) served_.zone_records += zone.records.size();
  served_.loaded_at = now().wall;
}

void Engine::RecordExpired(const Decisions& decisions) {
  for (const auto& [group, forced] : decisions.expired) {
    Event event = Of(EventKind::kOverrideExpired, group);
    event.detail = absl::StrCat("was forced to ", std::string(WordOf(forced.side)));
    event.reason = forced.reason;
    event.author = forced.author;
    Record(std::move(event));
  }
}

void Engine::RecordDropped(const DroppedOverrides& dropped) {
  for (const auto& [group, forced] : dropped) {
    Event event = Of(EventKind::kOverrideDropped, group);
    event.detail = "the group is gone from the configuration";
    event.reason = forced.reason;
    event.author = forced.author;
    Record(std::move(event));
  }
}

void Engine::RecordVerdict(const CheckStanding& check) {
  const bool healthy = check.verdict.healthy;
  Event event =
      Of(healthy ? EventKind::kCheckHealthy : EventKind::kCheckUnhealthy, check.definition.name);
  const uint32_t threshold =
      healthy ? check.definition.success_threshold : check.definition.failure_threshold;
  event.detail = absl::StrCat(threshold, healthy ? " successes" : " failures",
                              " in a row, last: ", check.verdict.last.reason);
  Record(std::move(event));
}

void Engine::Record(Event event) {
  event.time = now().wall;
  const Event& kept = log_.Add(std::move(event));
  unsaved_events_.push_back(kept);
  spdlog::log(IsTrouble(kept.kind) ? spdlog::level::warn : spdlog::level::info, "{}",
              Sentence(kept));
}

void Engine::Save(Durable durable) {
  StateChanges changes = standing_.Unsaved(now());
  changes.events = std::exchange(unsaved_events_, {});
  if (changes.empty() && !durable) return;
  Store::Done done;
  if (durable) {
    done = [this, durable = std::move(durable)](const absl::Status& status) {
      boost::asio::post(io_, [durable, status] { durable(status); });
    };
  }
  store_.Write(changes, std::move(done));
}

void Engine::Tend() {
  publisher_.Tend();
  for (Event& event : dataplane_watch_.Look(publisher_)) Record(std::move(event));
  if (!unpublished_.empty()) PublishUnpublished();
}

void Engine::Tick() {
  for (const std::string& notice : store_.TakeNotices()) {
    Event event = Of(EventKind::kStateTrouble, "");
    event.detail = notice;
    Record(std::move(event));
  }
  const absl::Status health = store_.health();
  if (health.ok() != std::exchange(state_was_durable_, health.ok())) {
    Event event = Of(health.ok() ? EventKind::kStateRestored : EventKind::kStateTrouble, "");
    if (!health.ok()) event.detail = std::string(health.message());
    Record(std::move(event));
  }
  Turn();
  Save(nullptr);
}

void RunLoop(boost::asio::io_context& io) {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("a handler failed, the loop goes on: {}", error.what());
    }
  }
}

}  // namespace understudy::control
