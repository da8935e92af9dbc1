#include "control/engine/engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

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

std::shared_ptr<const SideOrders> SideOrdersOf(const Remembered& remembered) {
  auto orders = std::make_shared<SideOrders>();
  for (const auto& [name, group] : remembered.groups) {
    if (!group.sides.empty()) orders->Add(name, group.sides);
  }
  return orders;
}

}  // namespace

Engine::Engine(boost::asio::io_context& io, Publisher& publisher, Store& store, Options options)
    : io_(io),
      publisher_(publisher),
      store_(store),
      options_(std::move(options)),
      chronicle_([this] { return now(); }),
      work_(io),
      checker_(
          io, [this](const HealthCheck& check, const ProbeResult& result) { Take(check, result); }),
      selection_watch_(io, publisher, [this](Event event) { chronicle_.Record(std::move(event)); }),
      turn_timer_(io),
      retry_timer_(io),
      heartbeat_(io, nanoseconds(contract::kHeartbeatIntervalNs / 2),
                 [this] { publisher_.Beat(); }),
      tend_(io, kTendInterval, [this] { Tend(); }),
      tick_(io, kTickInterval, [this] { Tick(); }),
      reloader_(io, publisher) {
  if (!options_.clock) options_.clock = SystemMoment;
  chronicle_.Observe(options_.on_event);
}

Engine::~Engine() = default;

void Engine::Start(std::shared_ptr<const DesiredState> desired, Remembered remembered) {
  started_at_ = now().wall;
  desired_ = std::move(desired);
  SetServed(*desired_);
  chronicle_.Restore(std::exchange(remembered.events, {}));
  publisher_.NameSides(SideOrdersOf(remembered), std::make_shared<const SideOrders>(*desired_));
  standing_.Remember(std::move(remembered), publisher_.inherited_choices());
  chronicle_.Record(EventOf(EventKind::kControlStarted));
  chronicle_.RecordDropped(standing_.Apply(*desired_, now()));
  publisher_.Tend();
  publisher_.Beat();
  heartbeat_.Start();
  tend_.Start();
  tick_.Start();
  ApplyToChecker(*desired_);
  Turn();
  PublishFirstTable();
}

void Engine::Stop() {
  chronicle_.Record(EventOf(EventKind::kControlStopped));
  Save(nullptr);
  work_.Finish();
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
  if (options_.on_probe) options_.on_probe(check, result);
  const Standing::Taken taken = standing_.Take(check.name, result, now());
  if (taken.changed) untold_.push_back(EventOfVerdict(standing_.checks().at(check.name)));
  if (taken.due) ScheduleTurn();
}

// Behind everything that is ready now: what comes in together goes out as one selection.
void Engine::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  boost::asio::post(io_, [this] { Turn(); });
}

void Engine::Turn() {
  DecideAndTell();
  if (!work_.idle() || chronicle_.has_unsaved()) Save(nullptr);
  ArmTurn();
}

void Engine::DecideAndTell() {
  turn_scheduled_ = false;
  auto telling = std::make_shared<Telling>();
  telling->decisions = standing_.Decide(now());
  const Decisions& decisions = telling->decisions;
  // First what changes answers, then the telling of it, in the order in which it came about.
  if (!decisions.changes.empty()) {
    GroupChoices choices;
    choices.reserve(decisions.changes.size());
    // As it is now: an order in pieces may have been decided some turns ago.
    for (const ChoiceChange& change : decisions.changes) {
      choices.push_back({change.group->name, change.group->decision.choice});
    }
    Publish(choices);
  }
  telling->events = std::exchange(untold_, {});
  for (const CheckStanding* check : decisions.expired_checks) {
    telling->events.push_back(EventOfVerdict(*check));
  }
  if (decisions.frozen) telling->events.push_back(EventOfFreeze(*decisions.frozen));
  if (decisions.thawed) telling->events.push_back(EventOfThaw(*decisions.thawed, "", ""));
  telling->selection = unpublished_ ? 0 : publisher_.selection_generation();
  if (telling->size() == 0) return;
  work_.Do([this, telling] { return chronicle_.RecordPiece(*telling, kWorkPiece); });
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

void Engine::Publish(const GroupChoices& choices) {
  // After a refusal everything is told again, for nobody knows any more what was not.
  const absl::StatusOr<Publisher::Published> published =
      publisher_.PublishChoices(unpublished_ ? standing_.Choices() : choices);
  if (published.ok()) {
    unpublished_ = false;
    selection_watch_.Watch(*published);
    return;
  }
  // Before the first table of an instance there is nothing to change; it will start out right.
  if (absl::IsFailedPrecondition(published.status())) return;
  if (std::exchange(unpublished_, true)) return;
  Event event = EventOf(EventKind::kPublicationFailed);
  event.detail = std::string(published.status().message());
  chronicle_.Record(std::move(event));
}

void Engine::PublishFirstTable() {
  reloading_ = true;
  reloader_.Write(desired_, [this](Loaded loaded) {
    table_health_ = loaded.errors.empty() ? PublishLoaded(loaded, standing_.Choices())
                                          : absl::UnavailableError(loaded.errors.front());
    reloading_ = false;
    if (table_health_.ok()) {
      reloader_.Free(std::move(desired_));
    } else {
      Event event = EventOf(EventKind::kTableFailed);
      event.detail = absl::StrCat(std::string(table_health_.message()), "; tried again every ",
                                  kRetryInterval / std::chrono::seconds(1), "s");
      chronicle_.Record(std::move(event));
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
absl::Status Engine::PublishLoaded(const Loaded& loaded, const GroupChoices& choices) {
  const absl::StatusOr<Publisher::Published> published =
      publisher_.PublishTable(loaded.table_generation, choices);
  if (!published.ok()) return published.status();
  publisher_.Beat();
  dataplane_watch_.TablePublished(loaded.table_generation, published->at_ns);
  selection_watch_.Watch(*published);
  served_.table_generation = loaded.table_generation;
  served_.size = loaded.size;
  Event event = EventOf(EventKind::kTablePublished, absl::StrCat(loaded.table_generation));
  event.detail = absl::StrCat(loaded.size.nodes, " names, ", loaded.size.record_sets,
                              " record sets, ", loaded.size.file, " bytes");
  event.selection = published->generation;
  chronicle_.Record(std::move(event));
  return absl::OkStatus();
}

void Engine::SetServed(const DesiredState& desired) {
  served_.instance = desired.instance;
  served_.config_file = desired.config_file;
  served_.configuration = desired.configuration;
  served_.zones = desired.zones.size();
  served_.zone_records = 0;
  for (const Zone& zone : desired.zones) served_.zone_records += zone.records.size();
  served_.loaded_at = now().wall;
}

void Engine::SaveRow(Standing::Row row, Durable durable) {
  struct Saving {
    Standing::Row row;
    StateChanges changes;
    Durable durable;
  };
  auto saving = std::make_shared<Saving>(std::move(row), StateChanges{}, std::move(durable));
  work_.Do([this, saving] {
    if (standing_.AddUnsaved(saving->row, now(), kWorkPiece, saving->changes)) return true;
    standing_.AddUnsavedChecks(now(), saving->changes);
    WriteChanges(std::move(saving->changes), std::move(saving->durable));
    return false;
  });
}

void Engine::WriteChanges(StateChanges changes, Durable durable) {
  changes.events = chronicle_.TakeUnsaved();
  if (changes.empty() && !durable) return;
  Store::Done done;
  if (durable) {
    // Not by way of the engine: the store writes what is queued when the engine is gone already.
    done = [&io = io_, durable = std::move(durable)](const absl::Status& status) {
      boost::asio::post(io, [durable, status] { durable(status); });
    };
  }
  store_.Write(std::move(changes), std::move(done));
}

void Engine::Tend() {
  publisher_.Tend();
  for (Event& event : dataplane_watch_.Look(publisher_)) chronicle_.Record(std::move(event));
  if (unpublished_) Publish(standing_.Choices());
}

void Engine::Tick() {
  for (const std::string& notice : store_.TakeNotices()) {
    Event event = EventOf(EventKind::kStateTrouble);
    event.detail = notice;
    chronicle_.Record(std::move(event));
  }
  const absl::Status health = store_.health();
  if (health.ok() != std::exchange(state_was_durable_, health.ok())) {
    Event event = EventOf(health.ok() ? EventKind::kStateRestored : EventKind::kStateTrouble);
    if (!health.ok()) event.detail = std::string(health.message());
    chronicle_.Record(std::move(event));
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
