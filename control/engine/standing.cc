#include "control/engine/standing.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

// The first end of an override of `group`, by the wall clock.
absl::Time OverridesEndOf(const GroupStanding& group) {
  absl::Time end = absl::InfiniteFuture();
  if (group.forced) end = group.forced->until;
  for (const TierStanding& tier : group.tiers) {
    if (tier.drained) end = std::min(end, tier.drained->until);
  }
  return end;
}

std::optional<RememberedOverride> ToRemember(const GroupStanding& group,
                                             const std::optional<Override>& override) {
  if (!override) return std::nullopt;
  return RememberedOverride{.side = std::string(WordOf(group, override->side)),
                            .since = override->since,
                            .until = override->until,
                            .reason = override->reason,
                            .author = override->author};
}

// Each once, and by name: the order of events is the same every time.
void SortByName(std::vector<GroupStanding*>& groups) {
  std::ranges::sort(groups, {}, &GroupStanding::place);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
}

}  // namespace

absl::StatusOr<GroupStanding*> Standing::Find(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return &found->second;
  return absl::NotFoundError(absl::StrCat("there is no failover group '", name, "'"));
}

void Standing::Touch(GroupStanding& group) {
  row_.undecided.push_back(&group);
  override_ends_.Set(group, OverridesEndOf(group));
}

absl::Status Standing::Force(const std::string& name, Override forced) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  (*group)->forced = std::move(forced);
  row_.unsaved_overrides.insert({name, OverrideKind::kForce, ""});
  Touch(**group);
  return absl::OkStatus();
}

absl::Status Standing::Drain(const std::string& name, Override drained) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  TierStanding& tier = (*group)->tiers[static_cast<size_t>(drained.side)];
  tier.drained = std::move(drained);
  row_.unsaved_overrides.insert({name, OverrideKind::kDrain, tier.name});
  Touch(**group);
  return absl::OkStatus();
}

void Standing::NoteEnded(const GroupStanding& group, OverrideKind kind, Override ended,
                         std::vector<EndedOverride>& to) {
  std::string side(WordOf(group, ended.side));
  OverrideKey key{group.name, kind, kind == OverrideKind::kDrain ? side : ""};
  row_.unsaved_overrides.insert(key);
  to.push_back({std::move(key), std::move(ended), std::move(side)});
}

absl::StatusOr<std::vector<EndedOverride>> Standing::Release(const std::string& name,
                                                             std::optional<uint8_t> tier) {
  const absl::StatusOr<GroupStanding*> found = Find(name);
  if (!found.ok()) return found.status();
  GroupStanding& group = **found;
  const auto meant = [&](Choice side) { return !tier || side == ChoiceOf(*tier); };
  std::vector<EndedOverride> ended;
  if (group.forced && meant(group.forced->side)) {
    NoteEnded(group, OverrideKind::kForce, *std::exchange(group.forced, std::nullopt), ended);
  }
  for (TierStanding& one : group.tiers) {
    if (!one.drained || !meant(one.drained->side)) continue;
    NoteEnded(group, OverrideKind::kDrain, *std::exchange(one.drained, std::nullopt), ended);
  }
  if (ended.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("group '", name, "' is not forced, and none of its sides is drained"));
  }
  Touch(group);
  return ended;
}

absl::Status Standing::FailBack(const std::string& name) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  if (!control::FailBack((*group)->state, HealthOf(**group))) {
    return absl::FailedPreconditionError(
        absl::StrCat("group '", name, "' has no better side to go back to that is available"));
  }
  row_.unsaved_groups.push_back(*group);
  row_.undecided.push_back(*group);
  return absl::OkStatus();
}

void Standing::SetFreeze(Freeze freeze) {
  board_.SetFreeze(std::move(freeze));
  row_.unsaved_overrides.insert({.group = "", .kind = OverrideKind::kFreeze});
}

absl::StatusOr<Freeze> Standing::Thaw() {
  std::optional<Freeze> ended = board_.Thaw();
  if (!ended) return absl::FailedPreconditionError("nothing is frozen");
  row_.unsaved_overrides.insert({.group = "", .kind = OverrideKind::kFreeze});
  return *std::move(ended);
}

void Standing::Settle(const Moment& now) {
  HealthBoard::Settled settled = board_.Settle(now);
  for (const CheckStanding* check : settled.changed) {
    row_.undecided.insert(row_.undecided.end(), check->groups.begin(), check->groups.end());
    for (const CheckStanding* parent : check->parents) {
      row_.undecided.insert(row_.undecided.end(), parent->groups.begin(), parent->groups.end());
    }
  }
  // Apply settles too, before the Decide that tells all of it.
  row_.next.expired_checks.insert(row_.next.expired_checks.end(), settled.expired.begin(),
                                  settled.expired.end());
  if (settled.frozen || settled.thawed) {
    row_.unsaved_overrides.insert({.group = "", .kind = OverrideKind::kFreeze});
  }
  if (settled.frozen) row_.next.frozen = std::move(settled.frozen);
  if (settled.thawed) row_.next.thawed = std::move(settled.thawed);
}

void Standing::ExpireOverrides(GroupStanding& group, const Moment& now) {
  const auto expire = [&](std::optional<Override>& override, OverrideKind kind) {
    if (!override || override->until > now.wall) return;
    NoteEnded(group, kind, *std::exchange(override, std::nullopt), row_.next.expired);
  };
  expire(group.forced, OverrideKind::kForce);
  for (TierStanding& tier : group.tiers) expire(tier.drained, OverrideKind::kDrain);
  Touch(group);
}

void Standing::DecideGroup(GroupStanding& group, const Moment& now) {
  if (group.waiting && !StillWaits(group)) group.waiting = false;
  const Decision before =
      std::exchange(group.decision, DecideGroupNow(group, HealthOf(group), now.steady));
  const Decision& after = group.decision;
  if (group.state != after.state || before.choice != after.choice) {
    row_.unsaved_groups.push_back(&group);
  }
  group.state = after.state;
  if (before.choice != after.choice) {
    group.changed_at = now.wall;
    row_.next.changes.push_back({&group, before.choice, after.choice, after.cause});
  } else if (before.cause != after.cause && after.cause == Cause::kAllDown) {
    row_.next.all_down.push_back(&group);
  }
  decide_again_.Set(group, after.decide_again);
}

Decisions Standing::Decide(const Moment& now) {
  Settle(now);
  std::vector<GroupStanding*> ending;
  override_ends_.TakeDue(now.wall, ending);
  SortByName(ending);
  for (GroupStanding* group : ending) ExpireOverrides(*group, now);
  std::vector<GroupStanding*> due = std::exchange(row_.undecided, {});
  decide_again_.TakeDue(now.steady, due);
  DecideDue(std::move(due), now);
  return std::exchange(row_.next, {});
}

void Standing::DecideDue(std::vector<GroupStanding*> due, const Moment& now) {
  SortByName(due);
  for (GroupStanding* group : due) DecideGroup(*group, now);
}

void Standing::DecideRow(const Moment& now) { DecideDue(std::exchange(row_.undecided, {}), now); }

void Standing::TellToo(Decisions decisions) {
  const auto append = [](auto& to, auto& from) {
    if (to.empty()) return to.swap(from);
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(row_.next.changes, decisions.changes);
  append(row_.next.all_down, decisions.all_down);
  append(row_.next.expired, decisions.expired);
}

absl::Duration Standing::UntilNext(const Moment& now) const {
  const absl::Duration next = std::min(
      {board_.UntilNext(now), override_ends_.next() - now.wall, decide_again_.next() - now.steady});
  return std::max(next, absl::ZeroDuration());
}

RememberedOverride Standing::RememberedFreeze() const {
  const Freeze& freeze = *board_.freeze();
  return {.side = freeze.by_operator ? kByOperator : kBySelfDoubt,
          .since = freeze.since,
          .until = freeze.until,
          .reason = freeze.reason,
          .author = freeze.author};
}

std::optional<RememberedOverride> Standing::RememberedNow(const OverrideKey& key) const {
  if (key.kind == OverrideKind::kFreeze) {
    return board_.freeze() ? std::optional(RememberedFreeze()) : std::nullopt;
  }
  const auto found = groups_.find(key.group);
  if (found == groups_.end()) return std::nullopt;
  const GroupStanding& group = found->second;
  if (key.kind == OverrideKind::kForce) return ToRemember(group, group.forced);
  const std::optional<uint8_t> place = TierOf(group, key.drained);
  return place ? ToRemember(group, group.tiers[*place].drained) : std::nullopt;
}

Standing::Row Standing::TakeUnsaved() {
  Row row;
  row.unsaved_groups = std::exchange(row_.unsaved_groups, {});
  row.gone_groups = std::exchange(row_.gone_groups, {});
  row.unsaved_overrides = std::exchange(row_.unsaved_overrides, {});
  return row;
}

bool Standing::AddUnsaved(Row& row, const Moment& now, size_t limit, StateChanges& changes) const {
  for (; limit > 0 && !row.gone_groups.empty(); --limit) {
    changes.groups[row.gone_groups.extract(row.gone_groups.begin()).value()];
  }
  for (; limit > 0 && !row.unsaved_groups.empty(); --limit) {
    const GroupStanding& group = *row.unsaved_groups.back();
    row.unsaved_groups.pop_back();
    auto& entry = changes.groups[group.name];
    entry = {.state = group.state, .choice = group.decision.choice, .sides = SidesOf(group)};
    entry->state.penalty_at = ToWall(entry->state.penalty_at, now);
  }
  for (; limit > 0 && !row.unsaved_overrides.empty(); --limit) {
    OverrideKey key =
        std::move(row.unsaved_overrides.extract(row.unsaved_overrides.begin()).value());
    auto remembered = RememberedNow(key);
    changes.overrides.insert_or_assign(std::move(key), std::move(remembered));
  }
  return !row.IsSaved();
}

void Standing::AddUnsavedChecks(const Moment& now, StateChanges& changes) {
  board_.TakeUnsaved(now, changes.checks);
}

StateChanges Standing::Unsaved(const Moment& now) {
  StateChanges changes;
  AddUnsavedChecks(now, changes);
  Row row = TakeUnsaved();
  AddUnsaved(row, now, std::numeric_limits<size_t>::max(), changes);
  return changes;
}

GroupChoices Standing::Choices() const {
  GroupChoices choices;
  choices.reserve(groups_.size());
  for (const auto& [name, group] : groups_) choices.push_back({name, group.decision.choice});
  return choices;
}

}  // namespace understudy::control
