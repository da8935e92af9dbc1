// Engine: the flow from probe to publication, on one event loop.
//
//   probe result -> Standing -> (everything ready in this turn of the loop) -> Decide
//                -> one selection -> publication -> events, store
//
// What is said or decided of very many groups is published as one selection and stored as one
// transaction; all else about it is done in pieces (piecework.h): laying overrides over the groups,
// telling, preparing rows for the store.
//
// Invariants
//  1. All members run on the loop's thread; none of them blocks. Parsing and table writing are the
//     Reloader's thread, disk is the Store's.
//  2. The heartbeat is beaten by this loop, so a loop that is stuck is a control that is stale.
//  3. A reload that fails anywhere changes nothing.
//  4. What was acknowledged to an operator is on disk, or the answer says that it is not.
// Used by: main (owns it), api (drives and shows it), tests (with a clock of theirs).
#ifndef UNDERSTUDY_CONTROL_ENGINE_ENGINE_H_
#define UNDERSTUDY_CONTROL_ENGINE_ENGINE_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/config/config.h"
#include "control/engine/chronicle.h"
#include "control/engine/dataplane_watch.h"
#include "control/engine/overrides.h"
#include "control/engine/periodic.h"
#include "control/engine/piecework.h"
#include "control/engine/reloader.h"
#include "control/engine/selection_watch.h"
#include "control/engine/standing.h"
#include "control/health/checker.h"
#include "control/publication/publisher.h"
#include "control/state/store.h"

namespace understudy::control {

struct ReloadResult {
  std::vector<std::string> errors;  // empty: the new configuration is served
  std::vector<std::string> warnings;
  uint64_t table_generation = 0;
  absl::Duration took;
  // With errors: OK, nothing was changed, neither now nor for a restart. Else why a restart may
  // still find what is not served; the last of the errors too.
  absl::Status taken_back;
};

// What is served, for the status.
struct Served {
  std::string instance;
  std::string config_file;
  std::shared_ptr<const Configuration> configuration;  // its texts; null when they are not known
  size_t zones = 0;
  size_t zone_records = 0;
  uint64_t table_generation = 0;  // published by this process; 0: none yet
  absl::Time loaded_at;
  contract::TableWriter::Size size;
};

class Engine {
 public:
  struct Options {
    std::function<Moment()> clock;  // unset: the system's clocks
    Reloader::Load load;            // reads the file again, for Reload; unset: there is no file
    bool probe = true;              // false: probe results come from Take alone
    EventLog::Observer on_event;    // told of every event, on the loop
    Checker::OnResult on_probe;     // and of every probe result
  };
  // Who says so, and why.
  struct Order {
    std::string reason;
    std::string author;
  };
  struct OverrideOrder : Order {
    OverrideKind kind = OverrideKind::kForce;  // force or drain
    std::vector<OverrideTarget> targets;       // of this turn of the loop; by group
    absl::Duration duration = absl::InfiniteDuration();
  };
  // Called on the loop when answers have changed, or with why nothing was changed.
  using InEffect = std::function<void(const absl::Status&)>;
  // Called on the loop when the store has tried: OK means it is on disk.
  using Durable = std::function<void(const absl::Status&)>;
  using Reloaded = std::function<void(const ReloadResult&)>;

  Engine(boost::asio::io_context& io, Publisher& publisher, Store& store, Options options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Begins to probe and to decide, and writes the table; it is published when it is ready. Until
  // then health changes go on in the table a predecessor left.
  void Start(std::shared_ptr<const DesiredState> desired, Remembered remembered);
  // A planned end: answers go on from what is published.
  void Stop();

  void Take(const HealthCheck& check, const ProbeResult& result);
  // What outside systems say of a push check. NotFound, FailedPrecondition: nothing was taken, and
  // `durable` is not called; the same below.
  absl::Status Push(const std::string& check, bool healthy, const Order& order, Durable durable);
  // In pieces, where the groups are many: they are those of this turn of the loop (overrides.h),
  // and no reload comes between. Answers change as one; `in_effect` is told, then `durable`, but
  // for what was refused: that changed nothing. A crash before `in_effect` changed nothing either.
  void SetOverride(OverrideOrder order, InEffect in_effect, Durable durable);
  // All overrides of the groups, or those of the sides of that name. FailedPrecondition: there are
  // none.
  void Release(std::vector<const GroupStanding*> groups, std::string side, Order order,
               InEffect in_effect, Durable durable);
  void FailBack(std::vector<const GroupStanding*> groups, Order order, InEffect in_effect,
                Durable durable);
  void SetFreeze(absl::Duration duration, const Order& order, Durable durable);
  absl::Status Thaw(const Order& order, Durable durable);
  // Keeps and stores an event that is not the engine's own: who asked for what.
  void Note(Event event);
  // Reads Options::load again. One at a time: a reload asked for while one is under way follows it.
  // Refused while an applied configuration is served, which a reload shall not undo by accident.
  void Reload(Reloaded done);
  // The same by an order of its own.
  void Reload(ReloadOrder order, Reloaded done);

  const Standing& standing() const { return standing_; }
  const EventLog& events() const { return chronicle_.log(); }
  const Publisher& publisher() const { return publisher_; }
  const Served& served() const { return served_; }
  absl::Status state_health() const { return store_.health(); }
  // OK, or why the configuration that was loaded is not published.
  const absl::Status& table_health() const { return table_health_; }
  absl::Time started_at() const { return started_at_; }
  bool reloading() const { return reloading_; }
  Reloader& reloader() { return reloader_; }
  Store& store() { return store_; }
  Piecework& work() { return work_; }
  // Empty: control was started without a file.
  const Reloader::Load& load() const { return options_.load; }
  Moment now() const { return options_.clock(); }

 private:
  void ScheduleTurn();
  void Turn();
  void DecideAndTell();
  void ArmTurn();
  struct Sweep;
  void Begin(const std::shared_ptr<Sweep>& sweep);
  bool SweepPiece(Sweep& sweep);
  void Commit(Sweep& sweep);
  void Publish(const GroupChoices& choices);
  void PublishFirstTable();
  void RetryFirstTable();
  absl::Status PublishLoaded(const Loaded& loaded, const GroupChoices& choices);
  // Those asked for by Reload; what only wants the file read again shares a reload.
  struct PendingReload {
    ReloadOrder order;
    bool of_file = false;
    std::vector<Reloaded> waiting;
  };
  ReloadOrder FileOrder();
  void Queue(PendingReload reload);
  void RunReload();
  void FinishReload(Loaded loaded, absl::Time started);
  void TellReload(ReloadResult result, absl::Time started);
  absl::Status Serve(const Loaded& loaded);
  void ApplyToChecker(const DesiredState& desired);
  void SetServed(const DesiredState& desired);
  void Save(Durable durable) { SaveRow(standing_.TakeUnsaved(), std::move(durable)); }
  void SaveRow(Standing::Row row, Durable durable);
  void WriteChanges(StateChanges changes, Durable durable);
  void Tend();
  void Tick();

  boost::asio::io_context& io_;
  Publisher& publisher_;
  Store& store_;
  Options options_;
  Standing standing_;
  Chronicle chronicle_;
  Served served_;
  absl::Time started_at_;
  absl::Status table_health_;
  bool state_was_durable_ = true;

  std::shared_ptr<const DesiredState> desired_;  // until its table is published
  bool unpublished_ = false;                     // the publisher refused what was decided last
  std::vector<Event> untold_;                    // of this turn, recorded once it is published
  bool turn_scheduled_ = false;
  Piecework work_;

  bool reloading_ = false;
  PendingReload reload_;  // the one under way
  std::deque<PendingReload> reload_queued_;

  Checker checker_;
  DataplaneWatch dataplane_watch_;
  SelectionWatch selection_watch_;
  boost::asio::steady_timer turn_timer_;
  boost::asio::steady_timer retry_timer_;
  Periodic heartbeat_;
  Periodic tend_;
  Periodic tick_;
  Reloader reloader_;  // last: its thread ends before anything it uses
};

// Runs `io` until it is stopped. An exception out of a handler is logged, and the loop goes on:
// what failed over until now shall go on failing over.
void RunLoop(boost::asio::io_context& io);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_ENGINE_H_
