// Standing: where every health check and every failover group stands now. Takes probe results,
// overrides and configurations in, gives changed choices out. No I/O, no timers, no threads: all of
// control's failover behaviour is here and can be tested by values.
//
//   Take / Force / Release / Apply  mark groups as to be decided
//   Decide                          decides those, and those whose time has come
//   Unsaved                         what the store has not been told yet
//
// Invariants
//  1. Only Decide changes a choice, so everything between two calls goes out as one cut.
//  2. A choice found in shared memory at start stays until health is known: where nothing
//     remembered explains it, the group waits for its primary's check to settle (a full threshold
//     in a row). So a restart of control changes no answer by itself, with or without its state
//     file. The same holds for a reload that gives a group a check nobody has probed yet.
//  3. Overrides end by the wall clock, hold-downs run by the steady clock: setting the wall clock
//     never cuts a hold-down short, and never prolongs one.
// Used by: engine (drives it), api (shows it).
#ifndef UNDERSTUDY_CONTROL_ENGINE_STANDING_H_
#define UNDERSTUDY_CONTROL_ENGINE_STANDING_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/failover/decision.h"
#include "control/health/verdict.h"
#include "control/state/remembered.h"

namespace understudy::control {

// Now, by two clocks. `steady` counts on from an arbitrary start and is never set.
struct Moment {
  absl::Time wall;
  absl::Time steady;
};

struct GroupStanding;

struct CheckStanding {
  HealthCheck definition;
  Verdict verdict;
  bool settled = true;                 // false: known only by hearsay (invariant 2)
  uint32_t alike = 0;                  // conclusive results in a row that agree, while not settled
  uint32_t conclusive = 0;             // and all of them
  std::vector<GroupStanding*> groups;  // by name
};

struct GroupStanding {
  std::string name;
  uint32_t place = 0;                        // in the order of names, among all groups
  const CheckStanding* primary = nullptr;    // its check; never null once applied
  const CheckStanding* secondary = nullptr;  // null: no check, which counts as healthy
  absl::Duration hold_down;
  size_t records = 0;
  GroupState state;
  std::optional<Override> forced;
  Decision decision;
  absl::Time changed_at = absl::InfinitePast();  // when the choice last changed
  bool waiting = false;                          // for the primary's check to settle
};

struct ByPlace {
  bool operator()(const GroupStanding* a, const GroupStanding* b) const {
    return a->place < b->place;
  }
};

struct ChoiceChange {
  const GroupStanding* group = nullptr;
  Choice from = Choice::kPrimary;
  Choice to = Choice::kPrimary;
  Cause cause = Cause::kPrimaryHealthy;
};

// What one Decide brought, by group name. Its pointers live until the next Apply.
struct Decisions {
  std::vector<ChoiceChange> changes;
  // Groups that lost their last healthy side and stay as they are.
  std::vector<const GroupStanding*> all_down;
  std::map<std::string, Override> expired;  // by group
};

// What Apply dropped because its group is gone.
using DroppedOverrides = std::map<std::string, Override>;

class Standing {
 public:
  // Before the first Apply: what is known from before.
  void Remember(Remembered remembered, std::map<std::string, Choice> inherited);
  DroppedOverrides Apply(const DesiredState& desired, const Moment& now);

  struct Taken {
    bool known = false;    // the check is configured
    bool changed = false;  // its verdict changed
    bool due = false;      // there is something to decide
  };
  Taken Take(const std::string& check, const ProbeResult& result);
  // NotFound: no such group.
  absl::Status Force(const std::string& group, Override forced);
  // The override that ended. NotFound: no such group; FailedPrecondition: it is not forced.
  absl::StatusOr<Override> Release(const std::string& group);

  Decisions Decide(const Moment& now);
  // How long until Decide has something to do by itself; infinite when nothing is pending.
  absl::Duration UntilNext(const Moment& now) const;

  // What changed since the last call. `now` converts hold-downs to the wall clock.
  StateChanges Unsaved(const Moment& now);

  const std::map<std::string, CheckStanding>& checks() const { return checks_; }
  const std::map<std::string, GroupStanding>& groups() const { return groups_; }
  // Every group's; valid until the next Apply.
  GroupChoices Choices() const;

 private:
  CheckStanding NewCheck(const HealthCheck& definition);
  void AddChecks(const DesiredState& desired);
  void DropChecks(const DesiredState& desired);
  void LinkChecksToGroups();
  void ApplyDefinition(GroupStanding& group, const FailoverGroup& definition);
  void ApplyGroups(const DesiredState& desired, const Moment& now, DroppedOverrides& dropped);
  void DropGroup(GroupStanding& group, DroppedOverrides& dropped);
  void StartGroup(GroupStanding& group, const Moment& now);
  void WaitUnlessExplained(GroupStanding& group, Choice answered, const Moment& now);
  bool Settle(CheckStanding& check, const ProbeResult& result);

  std::map<std::string, CheckStanding> checks_;
  std::map<std::string, GroupStanding> groups_;
  Remembered remembered_;
  std::map<std::string, Choice> inherited_;
  // A thousand groups may change at once, between probe and answer: they are only put in a row
  // here, in any order and perhaps twice.
  std::vector<GroupStanding*> undecided_;
  std::vector<GroupStanding*> unsaved_groups_;
  absl::btree_set<GroupStanding*, ByPlace> timed_;  // forced or holding down
  std::set<std::string> gone_groups_;               // not yet told to the store either
  std::set<std::string> unsaved_checks_;
  std::set<std::string> unsaved_overrides_;
};

GroupHealth HealthOf(const GroupStanding& group);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_STANDING_H_
