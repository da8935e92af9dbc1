// Standing: where every health check and every failover group stands now. Takes probe results,
// overrides and configurations in, gives changed choices out. No I/O, no timers, no threads: all of
// control's failover behaviour is here and can be tested by values.
//
//   Take / Push / Force / Drain / Release / FailBack / Freeze / Thaw / Apply
//                    mark checks and groups as to be decided
//   Decide           decides those, and those whose time has come
//   Unsaved          what the store has not been told yet
//
// What an operator orders for very many groups is done in pieces, put aside (Row) until all of them
// are through, and published, told and saved as one.
//
// Invariants
//  1. Only Decide changes a choice, so everything between two calls goes out as one cut. DecideRow
//     does the same for what lies in the row.
//  2. A choice found in shared memory at start stays until health is known: where nothing
//     remembered explains it, the group waits for its primary's check to settle (a full threshold
//     in a row). So a restart of control changes no answer by itself, with or without its state
//     file. The same holds for a reload that gives a group a check nobody has probed yet, and for
//     a check whose `initial` is probe.
//  3. Overrides end by the wall clock, hold-downs run by the steady clock: setting the wall clock
//     never cuts a hold-down short, and never prolongs one.
// Used by: engine (drives it), api (shows it).
#ifndef UNDERSTUDY_CONTROL_ENGINE_STANDING_H_
#define UNDERSTUDY_CONTROL_ENGINE_STANDING_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/engine/deadlines.h"
#include "control/engine/group_standing.h"
#include "control/engine/health_board.h"
#include "control/engine/moment.h"
#include "control/failover/decision.h"
#include "control/state/remembered.h"

namespace understudy::control {

struct ChoiceChange {
  const GroupStanding* group = nullptr;
  Choice from = Choice::kPrimary;
  Choice to = Choice::kPrimary;
  Cause cause = Cause::kPrimaryHealthy;
};

struct EndedOverride {
  OverrideKey key;
  Override override;
  std::string side;  // the name of its tier, also when there is none of that name any more
};

// What one Decide brought, by group name. Its pointers live until the next Apply.
struct Decisions {
  std::vector<ChoiceChange> changes;
  // Groups that lost their last available tier and stay as they are.
  std::vector<const GroupStanding*> all_down;
  std::vector<EndedOverride> expired;
  std::vector<const CheckStanding*> expired_checks;
  std::optional<Freeze> frozen;
  std::optional<Freeze> thawed;
};

class Standing {
 public:
  // Before the first Apply: what is known from before.
  void Remember(Remembered remembered, std::map<std::string, Choice> inherited);
  // The overrides that went with their group or tier.
  std::vector<EndedOverride> Apply(const DesiredState& desired, const Moment& now);

  using Taken = HealthBoard::Taken;
  Taken Take(const std::string& check, const ProbeResult& result, const Moment& now) {
    return board_.Take(check, result, now);
  }
  absl::Status Push(const std::string& check, const ProbeResult& word, const Moment& now) {
    return board_.Push(check, word, now);
  }

  // NotFound: no such group. `forced.side` is one of its tiers.
  absl::Status Force(const std::string& group, Override forced);
  absl::Status Drain(const std::string& group, Override drained);
  // The overrides that ended: all of the group's, or those of one tier. NotFound: no such group;
  // FailedPrecondition: it has none.
  absl::StatusOr<std::vector<EndedOverride>> Release(const std::string& group,
                                                     std::optional<uint8_t> tier = std::nullopt);
  // Ends a manual failback, or a hold-down. FailedPrecondition: no better tier is available.
  absl::Status FailBack(const std::string& group);
  void SetFreeze(Freeze freeze);
  // FailedPrecondition: nothing is frozen.
  absl::StatusOr<Freeze> Thaw();

  // What was done since the last Decide and Unsaved, to be decided, told and saved.
  struct Row {
    // A thousand groups may change at once, between probe and answer: they are only put in a row
    // here, in any order and perhaps twice.
    std::vector<GroupStanding*> undecided;
    std::vector<GroupStanding*> unsaved_groups;
    std::set<std::string> gone_groups;
    std::set<OverrideKey> unsaved_overrides;
    Decisions next;  // what will be told

    bool IsSaved() const {
      return unsaved_groups.empty() && gone_groups.empty() && unsaved_overrides.empty();
    }
  };
  // Puts the row aside and goes on with `other`: an order that is carried out in pieces has a row
  // of its own, which lives until the next Apply.
  void Swap(Row& other) { std::swap(row_, other); }
  // Decides what lies in the row: no more, also when time has come for other groups.
  void DecideRow(const Moment& now);
  // The next Decide tells this as well.
  void TellToo(Decisions decisions);

  Decisions Decide(const Moment& now);
  // How long until Decide has something to do by itself; infinite when nothing is pending.
  absl::Duration UntilNext(const Moment& now) const;

  // What changed since the last call. `now` converts to the wall clock.
  StateChanges Unsaved(const Moment& now);
  // The same in pieces. First what changed: of the row, which holds nothing unsaved any more.
  Row TakeUnsaved();
  // Adds at most `limit` of it to `changes`, as they stand now. True: there are more.
  bool AddUnsaved(Row& row, const Moment& now, size_t limit, StateChanges& changes) const;
  void AddUnsavedChecks(const Moment& now, StateChanges& changes);

  const std::map<std::string, CheckStanding>& checks() const { return board_.checks(); }
  const std::map<std::string, GroupStanding>& groups() const { return groups_; }
  const std::optional<Freeze>& freeze() const { return board_.freeze(); }
  // Every group's; valid until the next Apply.
  GroupChoices Choices() const;
  // The same by the tiers of `desired`, which is not applied yet; valid as long as that lives.
  GroupChoices ChoicesIn(const DesiredState& desired) const;

 private:
  void LinkChecksToGroups();
  void ApplyDefinition(GroupStanding& group, const FailoverGroup& definition);
  void MoveTiers(GroupStanding& group, const std::vector<Tier>& now);
  void ApplyGroups(const DesiredState& desired, const Moment& now);
  void DropGroup(GroupStanding& group);
  void StartGroup(GroupStanding& group, const Moment& now);
  void RestoreOverrides(GroupStanding& group);
  RememberedOverride RememberedFreeze() const;
  std::optional<RememberedOverride> RememberedNow(const OverrideKey& key) const;
  void WaitUnlessExplained(GroupStanding& group, Choice answered, const Moment& now);
  void DropRemembered();
  void Settle(const Moment& now);
  absl::StatusOr<GroupStanding*> Find(const std::string& name);
  void Touch(GroupStanding& group);
  void NoteEnded(const GroupStanding& group, OverrideKind kind, Override ended,
                 std::vector<EndedOverride>& to);
  void ExpireOverrides(GroupStanding& group, const Moment& now);
  void DecideDue(std::vector<GroupStanding*> due, const Moment& now);
  void DecideGroup(GroupStanding& group, const Moment& now);

  HealthBoard board_;
  std::map<std::string, GroupStanding> groups_;
  Remembered remembered_;
  std::map<std::string, Choice> inherited_;
  Row row_;
  Deadlines override_ends_;             // by the wall clock
  Deadlines decide_again_;              // by the steady clock
  std::vector<EndedOverride> dropped_;  // by the Apply under way
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_STANDING_H_
