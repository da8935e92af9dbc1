#include "control/engine/standing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

bool IsUnprobed(const CheckStanding& check) {
  return check.verdict.successes + check.verdict.failures == 0;
}

// A calculated check knows as much as its children.
bool IsSettled(const CheckStanding& check) {
  return check.settled &&
         std::ranges::all_of(check.children, [](const auto* child) { return child->settled; });
}

// The primary's check, and any that nobody has probed yet and whose first result decides.
bool StillWaits(const GroupStanding& group) {
  if (!IsSettled(*group.tiers.front().check)) return true;
  return std::ranges::any_of(group.tiers, [](const TierStanding& tier) {
    return tier.check != nullptr && tier.check->by_first_result && !tier.check->settled;
  });
}

bool IsTier(const GroupStanding& group, Choice choice) {
  return static_cast<size_t>(choice) < group.tiers.size();
}

// Whether the group's records have such an answer: a tier, all of them, or the word of a policy.
bool IsAnswer(const GroupStanding& group, Choice choice) {
  if (choice == AllOf(group.tiers.size())) return group.policy.all_down == AllDown::kAll;
  return IsTier(group, choice) || contract::IsPolicy(choice);
}

}  // namespace

bool GroupStanding::overridden() const {
  return forced.has_value() || std::ranges::any_of(tiers, [](const TierStanding& tier) {
           return tier.drained.has_value();
         });
}

std::string_view WordOf(const GroupStanding& group, Choice choice) {
  if (IsTier(group, choice)) return group.tiers[static_cast<size_t>(choice)].name;
  if (choice == AllOf(group.tiers.size())) return "all";
  return contract::WordOf(choice);
}

std::optional<uint8_t> TierOf(const GroupStanding& group, std::string_view name) {
  const auto found = std::ranges::find(group.tiers, name, &TierStanding::name);
  if (found == group.tiers.end()) return std::nullopt;
  return static_cast<uint8_t>(found - group.tiers.begin());
}

GroupHealth HealthOf(const GroupStanding& group) {
  GroupHealth health;
  for (const TierStanding& tier : group.tiers) {
    TierHealth& one = health.emplace_back();
    one.drained = tier.drained.has_value();
    if (tier.check == nullptr) continue;
    one.healthy = tier.check->healthy;
    one.healthy_since = tier.check->changed_at;
  }
  return health;
}

Decision DecideGroupNow(const GroupStanding& group, const GroupHealth& health, absl::Time steady) {
  std::optional<Override> forced = group.forced;
  if (forced) forced->until = absl::InfiniteFuture();
  Decision decision = control::Decide(group.state, health, group.policy, forced, steady);
  if (!group.waiting) return decision;
  decision.state = group.state;
  decision.by_health = group.decision.by_health;
  decision.decide_again = absl::InfiniteFuture();
  if (group.forced) return decision;
  decision.choice = decision.by_health;
  decision.cause = decision.choice == Choice::kPrimary ? Cause::kPrimaryHealthy
                   : IsTier(group, decision.choice)    ? Cause::kPrimaryUnhealthy
                                                       : Cause::kAllDown;
  return decision;
}

void Standing::Remember(Remembered remembered, std::map<std::string, Choice> inherited) {
  const auto frozen = remembered.overrides.find({.group = "", .kind = OverrideKind::kFreeze});
  std::optional<Freeze> freeze;
  if (frozen != remembered.overrides.end()) {
    const Override& before = frozen->second;
    freeze = {.by_operator = before.side == Choice::kPrimary,
              .since = before.since,
              .until = before.until,
              .reason = before.reason,
              .author = before.author};
  }
  board_.Remember(std::exchange(remembered.checks, {}), std::move(freeze));
  remembered_ = std::move(remembered);
  inherited_ = std::move(inherited);
}

std::vector<EndedOverride> Standing::Apply(const DesiredState& desired, const Moment& now) {
  board_.Apply(desired, now);
  Settle(now);  // calculated checks too, before groups go by them
  ApplyGroups(desired, now);
  board_.DropGone(desired);
  LinkChecksToGroups();
  DropRemembered();
  return std::exchange(dropped_, {});
}

// What was remembered is used once; what nobody asked for is gone from the configuration.
void Standing::DropRemembered() {
  for (const auto& [name, group] : remembered_.groups) {
    if (!groups_.contains(name)) gone_groups_.insert(name);
  }
  for (auto& [key, override] : remembered_.overrides) {
    if (key.kind == OverrideKind::kFreeze) continue;
    unsaved_overrides_.insert(key);
    dropped_.push_back({.key = key, .override = std::move(override), .side = ""});
    dropped_.back().side = std::string(contract::WordOf(dropped_.back().override.side));
  }
  remembered_ = {};
  inherited_.clear();
}

void Standing::LinkChecksToGroups() {
  for (const auto& [name, check] : board_.checks()) board_.at(name).groups.clear();
  for (auto& [name, group] : groups_) {
    for (const TierStanding& tier : group.tiers) {
      if (tier.check == nullptr) continue;
      std::vector<GroupStanding*>& groups = board_.at(tier.check->definition.name).groups;
      if (groups.empty() || groups.back() != &group) groups.push_back(&group);
    }
  }
}

// Drains stay with the tier of their name, wherever it stands now.
void Standing::ApplyDefinition(GroupStanding& group, const FailoverGroup& definition) {
  std::vector<TierStanding> before = std::exchange(group.tiers, {});
  group.name = definition.name;
  for (const Tier& tier : definition.tiers) {
    group.tiers.push_back({.name = tier.name,
                           .check = tier.check ? &board_.at(*tier.check) : nullptr,
                           .labels = tier.labels,
                           .drained = std::nullopt});
  }
  for (TierStanding& tier : before) {
    if (!tier.drained) continue;
    unsaved_overrides_.insert(
        {group.name, OverrideKind::kDrain, static_cast<uint8_t>(tier.drained->side)});
    if (const std::optional<uint8_t> place = TierOf(group, tier.name)) {
      tier.drained->side = ChoiceOf(*place);
      unsaved_overrides_.insert({group.name, OverrideKind::kDrain, *place});
      group.tiers[*place].drained = std::move(tier.drained);
    } else {
      dropped_.push_back(
          {{group.name, OverrideKind::kDrain, static_cast<uint8_t>(tier.drained->side)},
           *std::move(tier.drained),
           tier.name});
    }
  }
  if (group.forced && !IsTier(group, group.forced->side)) {
    NoteEnded(group, OverrideKind::kForce, *std::exchange(group.forced, std::nullopt), dropped_);
  }
  group.policy = definition.policy;
  group.labels = definition.labels;
  group.records = definition.records.size();
  group.ttls = TtlsOf(definition.records);
}

void Standing::ApplyGroups(const DesiredState& desired, const Moment& now) {
  std::map<std::string, GroupStanding> previous = std::exchange(groups_, {});
  for (const FailoverGroup& definition : desired.groups) {
    // As a node: the sets and the checks go on pointing at it.
    auto known = previous.extract(definition.name);
    const bool is_new = known.empty();
    GroupStanding& group =
        is_new ? groups_[definition.name] : groups_.insert(std::move(known)).position->second;
    const CheckStanding* former = is_new ? nullptr : group.tiers.front().check;
    ApplyDefinition(group, definition);
    const CheckStanding& primary = *group.tiers.front().check;
    if (is_new) {
      StartGroup(group, now);
    } else if (&primary != former && IsUnprobed(primary) && !group.forced) {
      WaitUnlessExplained(group, group.decision.choice, now);
    }
    if (StillWaits(group) && !group.waiting) {
      group.waiting = true;
      group.decision.by_health = group.decision.choice;
    }
  }
  for (auto& [name, group] : previous) DropGroup(group);
  undecided_.clear();
  timed_.clear();
  uint32_t place = 0;
  for (auto& [name, group] : groups_) {
    group.place = place++;
    undecided_.push_back(&group);
    if (group.overridden()) timed_.insert(&group);
  }
}

void Standing::DropGroup(GroupStanding& group) {
  std::erase(unsaved_groups_, &group);
  gone_groups_.insert(group.name);
  if (group.forced) NoteEnded(group, OverrideKind::kForce, *std::move(group.forced), dropped_);
  for (TierStanding& tier : group.tiers) {
    if (tier.drained) NoteEnded(group, OverrideKind::kDrain, *std::move(tier.drained), dropped_);
  }
}

void Standing::StartGroup(GroupStanding& group, const Moment& now) {
  unsaved_groups_.push_back(&group);
  const auto remembered = remembered_.groups.find(group.name);
  if (remembered != remembered_.groups.end()) {
    group.state = remembered->second.state;
    group.state.penalty_at = ToSteady(group.state.penalty_at, now);
    group.decision.choice = remembered->second.choice;
    group.decision.by_health = ChoiceOf(group.state.tier);
  }
  RestoreOverrides(group);
  const auto inherited = inherited_.find(group.name);
  if (inherited == inherited_.end()) return;
  group.decision.choice = inherited->second;
  // An override, even one that expired meanwhile, explains any choice.
  if (!group.forced) WaitUnlessExplained(group, inherited->second, now);
}

void Standing::RestoreOverrides(GroupStanding& group) {
  auto& overrides = remembered_.overrides;
  const auto forced = overrides.find({group.name, OverrideKind::kForce, 0});
  if (forced != overrides.end() && IsTier(group, forced->second.side)) {
    group.forced = std::move(forced->second);
    overrides.erase(forced);
  }
  for (size_t tier = 0; tier < group.tiers.size(); ++tier) {
    const auto drained =
        overrides.find({group.name, OverrideKind::kDrain, static_cast<uint8_t>(tier)});
    if (drained == overrides.end()) continue;
    group.tiers[tier].drained = std::move(drained->second);
    overrides.erase(drained);
  }
}

// Keeps `answered` until the primary's check settled, if what is known would decide otherwise.
void Standing::WaitUnlessExplained(GroupStanding& group, Choice answered, const Moment& now) {
  const Decision decision =
      control::Decide(group.state, HealthOf(group), group.policy, std::nullopt, now.steady);
  if (decision.choice == answered || !IsAnswer(group, answered)) return;
  if (IsTier(group, answered)) group.state.tier = static_cast<uint8_t>(answered);
  group.decision.by_health = answered;
  group.waiting = true;
  CheckStanding& primary = board_.at(group.tiers.front().check->definition.name);
  if (primary.children.empty()) return board_.Unsettle(primary);
  for (const CheckStanding* child : primary.children) {
    board_.Unsettle(board_.at(child->definition.name));
  }
}

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
  next_.expired_checks = std::move(settled.expired);
  if (settled.frozen || settled.thawed) {
    unsaved_overrides_.insert({.group = "", .kind = OverrideKind::kFreeze});
  }
  next_.frozen = std::move(settled.frozen);
  next_.thawed = std::move(settled.thawed);
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
