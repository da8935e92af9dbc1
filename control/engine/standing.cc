#include "control/engine/standing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {

absl::StatusOr<GroupStanding*> Standing::Find(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return &found->second;
  return absl::NotFoundError(absl::StrCat("there is no failover group '", name, "'"));
}

void Standing::Touch(GroupStanding& group) {
  undecided_.push_back(&group);
  if (group.overridden()) timed_.insert(&group);
}

absl::Status Standing::Force(const std::string& name, Override forced) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  (*group)->forced = std::move(forced);
  unsaved_overrides_.insert({name, OverrideKind::kForce, 0});
  Touch(**group);
  return absl::OkStatus();
}

absl::Status Standing::Drain(const std::string& name, Override drained) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  const auto tier = static_cast<uint8_t>(drained.side);
  (*group)->tiers[tier].drained = std::move(drained);
  unsaved_overrides_.insert({name, OverrideKind::kDrain, tier});
  Touch(**group);
  return absl::OkStatus();
}

void Standing::NoteEnded(const GroupStanding& group, OverrideKind kind, Override ended,
                         std::vector<EndedOverride>& to) {
  const uint8_t tier = kind == OverrideKind::kDrain ? static_cast<uint8_t>(ended.side) : 0;
  OverrideKey key{group.name, kind, tier};
  unsaved_overrides_.insert(key);
  std::string side(WordOf(group, ended.side));
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
  undecided_.push_back(&group);
  return ended;
}

absl::Status Standing::FailBack(const std::string& name) {
  const absl::StatusOr<GroupStanding*> group = Find(name);
  if (!group.ok()) return group.status();
  if (!control::FailBack((*group)->state, HealthOf(**group))) {
    return absl::FailedPreconditionError(
        absl::StrCat("group '", name, "' has no better side to go back to that is available"));
  }
  unsaved_groups_.push_back(*group);
  undecided_.push_back(*group);
  return absl::OkStatus();
}

void Standing::SetFreeze(Freeze freeze) {
  board_.SetFreeze(std::move(freeze));
  unsaved_overrides_.insert({.group = "", .kind = OverrideKind::kFreeze});
}

absl::StatusOr<Freeze> Standing::Thaw() {
  std::optional<Freeze> ended = board_.Thaw();
  if (!ended) return absl::FailedPreconditionError("nothing is frozen");
  unsaved_overrides_.insert({.group = "", .kind = OverrideKind::kFreeze});
  return *std::move(ended);
}

void Standing::Settle(const Moment& now) {
  HealthBoard::Settled settled = board_.Settle(now);
  for (const CheckStanding* check : settled.changed) {
    undecided_.insert(undecided_.end(), check->groups.begin(), check->groups.end());
    for (const CheckStanding* parent : check->parents) {
      undecided_.insert(undecided_.end(), parent->groups.begin(), parent->groups.end());
    }
  }
  // Apply settles too, before the Decide that tells all of it.
  next_.expired_checks.insert(next_.expired_checks.end(), settled.expired.begin(),
                              settled.expired.end());
  if (settled.frozen || settled.thawed) {
    unsaved_overrides_.insert({.group = "", .kind = OverrideKind::kFreeze});
  }
  if (settled.frozen) next_.frozen = std::move(settled.frozen);
  if (settled.thawed) next_.thawed = std::move(settled.thawed);
}

bool Standing::ExpireOverrides(GroupStanding& group, const Moment& now) {
  const size_t before = next_.expired.size();
  const auto expire = [&](std::optional<Override>& override, OverrideKind kind) {
    if (!override || override->until > now.wall) return;
    NoteEnded(group, kind, *std::exchange(override, std::nullopt), next_.expired);
  };
  expire(group.forced, OverrideKind::kForce);
  for (TierStanding& tier : group.tiers) expire(tier.drained, OverrideKind::kDrain);
  return next_.expired.size() > before;
}

void Standing::DecideGroup(GroupStanding& group, const Moment& now) {
  if (group.waiting && !StillWaits(group)) group.waiting = false;
  const Decision before =
      std::exchange(group.decision, DecideGroupNow(group, HealthOf(group), now.steady));
  const Decision& after = group.decision;
  if (group.state != after.state || before.choice != after.choice) {
    unsaved_groups_.push_back(&group);
  }
  group.state = after.state;
  if (before.choice != after.choice) {
    group.changed_at = now.wall;
    next_.changes.push_back({&group, before.choice, after.choice, after.cause});
  } else if (before.cause != after.cause && after.cause == Cause::kAllDown) {
    next_.all_down.push_back(&group);
  }
  if (group.overridden() || after.decide_again != absl::InfiniteFuture()) {
    timed_.insert(&group);
  } else {
    timed_.erase(&group);
  }
}

Decisions Standing::Decide(const Moment& now) {
  Settle(now);
  std::vector<GroupStanding*> due = std::exchange(undecided_, {});
  for (GroupStanding* group : timed_) {
    if (ExpireOverrides(*group, now) || group->decision.decide_again <= now.steady) {
      due.push_back(group);
    }
  }
  // Each once, and by name: the order of events is the same every time.
  std::ranges::sort(due, ByPlace());
  due.erase(std::ranges::unique(due).begin(), due.end());
  for (GroupStanding* group : due) DecideGroup(*group, now);
  return std::exchange(next_, {});
}

absl::Duration Standing::UntilNext(const Moment& now) const {
  absl::Duration next = board_.UntilNext(now);
  const auto until = [&](const std::optional<Override>& override) {
    if (override) next = std::min(next, override->until - now.wall);
  };
  for (const GroupStanding* group : timed_) {
    until(group->forced);
    for (const TierStanding& tier : group->tiers) until(tier.drained);
    next = std::min(next, group->decision.decide_again - now.steady);
  }
  return std::max(next, absl::ZeroDuration());
}

StateChanges Standing::Unsaved(const Moment& now) {
  StateChanges changes;
  board_.TakeUnsaved(now, changes.checks);
  for (const std::string& name : std::exchange(gone_groups_, {})) changes.groups[name];
  for (const GroupStanding* group : std::exchange(unsaved_groups_, {})) {
    auto& entry = changes.groups[group->name];
    entry = {.state = group->state, .choice = group->decision.choice};
    entry->state.penalty_at = ToWall(entry->state.penalty_at, now);
  }
  for (const OverrideKey& key : std::exchange(unsaved_overrides_, {})) {
    auto& entry = changes.overrides[key];
    if (key.kind == OverrideKind::kFreeze) {
      const std::optional<Freeze>& freeze = board_.freeze();
      if (!freeze) continue;
      entry = {.side = freeze->by_operator ? Choice::kPrimary : Choice::kSecondary,
               .since = freeze->since,
               .until = freeze->until,
               .reason = freeze->reason,
               .author = freeze->author};
      continue;
    }
    const auto found = groups_.find(key.group);
    if (found == groups_.end()) continue;
    const GroupStanding& group = found->second;
    if (key.kind == OverrideKind::kForce) {
      entry = group.forced;
    } else if (key.tier < group.tiers.size()) {
      entry = group.tiers[key.tier].drained;
    }
  }
  return changes;
}

GroupChoices Standing::Choices() const {
  GroupChoices choices;
  choices.reserve(groups_.size());
  for (const auto& [name, group] : groups_) choices.push_back({name, group.decision.choice});
  return choices;
}

}  // namespace understudy::control
