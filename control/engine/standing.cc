#include "control/engine/standing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

// A start remembered by the wall clock, on the steady one. A start in the future (the clock was set
// back meanwhile) begins anew.
absl::Time ToSteady(absl::Time wall, const Moment& now) {
  return now.steady - std::max(now.wall - wall, absl::ZeroDuration());
}

absl::Time ToWall(absl::Time steady, const Moment& now) { return now.wall - (now.steady - steady); }

bool IsUnprobed(const CheckStanding& check) {
  return check.verdict.successes + check.verdict.failures == 0;
}

bool IsSide(Choice choice) { return choice == Choice::kPrimary || choice == Choice::kSecondary; }

// A check whose definition changed keeps its verdict, for the endpoint did not change by being
// asked differently, but counts anew.
Verdict OnlyHealthOf(const Verdict& verdict) {
  Verdict anew;
  anew.healthy = verdict.healthy;
  anew.changed_at = verdict.changed_at;
  return anew;
}

Decision DecideOne(GroupStanding& group, const Moment& now) {
  // Expiry is Standing's business (by the wall clock), so Decide sees an override without an end.
  std::optional<Override> forced = group.forced;
  if (forced) forced->until = absl::InfiniteFuture();
  if (group.waiting && group.primary->settled) group.waiting = false;
  Decision decision =
      control::Decide(group.state, HealthOf(group), group.hold_down, forced, now.steady);
  if (!group.waiting) return decision;
  decision.state = group.state;
  decision.decide_again = absl::InfiniteFuture();
  if (!group.forced) {
    decision.choice = group.state.by_health;
    decision.cause =
        decision.choice == Choice::kPrimary ? Cause::kPrimaryHealthy : Cause::kPrimaryUnhealthy;
  }
  return decision;
}

absl::Status NoGroup(const std::string& group) {
  return absl::NotFoundError(absl::StrCat("there is no failover group '", group, "'"));
}

}  // namespace

void Standing::Remember(Remembered remembered, std::map<std::string, Choice> inherited) {
  remembered_ = std::move(remembered);
  inherited_ = std::move(inherited);
}

DroppedOverrides Standing::Apply(const DesiredState& desired, const Moment& now) {
  DroppedOverrides dropped;
  AddChecks(desired);
  ApplyGroups(desired, now, dropped);
  DropChecks(desired);
  LinkChecksToGroups();
  // What was remembered is used once; what nobody asked for is gone from the configuration.
  for (const auto& [name, check] : remembered_.checks) {
    if (!checks_.contains(name)) unsaved_checks_.insert(name);
  }
  for (const auto& [name, group] : remembered_.groups) {
    if (!groups_.contains(name)) gone_groups_.insert(name);
  }
  for (auto& [name, forced] : remembered_.overrides) {
    if (groups_.contains(name)) continue;
    unsaved_overrides_.insert(name);
    dropped.emplace(name, std::move(forced));
  }
  remembered_ = {};
  inherited_.clear();
  return dropped;
}

// A check whose definition changed keeps its verdict, for the endpoint did not change by being
// asked differently, but counts anew.
CheckStanding Standing::NewCheck(const HealthCheck& definition) {
  CheckStanding check;
  check.definition = definition;
  const auto remembered = remembered_.checks.find(definition.name);
  if (remembered == remembered_.checks.end()) return check;
  check.verdict = remembered->second.verdict;
  if (remembered->second.fingerprint != FingerprintOf(definition)) {
    check.verdict = OnlyHealthOf(check.verdict);
  }
  return check;
}

void Standing::AddChecks(const DesiredState& desired) {
  for (const auto& [name, definition] : desired.health_checks) {
    const auto known = checks_.find(name);
    if (known == checks_.end()) {
      checks_.emplace(name, NewCheck(definition));
      unsaved_checks_.insert(name);
    } else if (known->second.definition != definition) {
      CheckStanding& check = known->second;
      check.verdict = OnlyHealthOf(check.verdict);
      check.definition = definition;
      unsaved_checks_.insert(name);
    }
  }
}

// Behind the groups, which point at their checks.
void Standing::DropChecks(const DesiredState& desired) {
  std::erase_if(checks_, [&](const auto& entry) {
    const bool gone = !desired.health_checks.contains(entry.first);
    if (gone) unsaved_checks_.insert(entry.first);
    return gone;
  });
}

void Standing::LinkChecksToGroups() {
  for (auto& [name, check] : checks_) check.groups.clear();
  for (auto& [name, group] : groups_) {
    checks_.at(group.primary->definition.name).groups.push_back(&group);
    if (group.secondary == nullptr || group.secondary == group.primary) continue;
    checks_.at(group.secondary->definition.name).groups.push_back(&group);
  }
}

void Standing::ApplyDefinition(GroupStanding& group, const FailoverGroup& definition) {
  group.name = definition.name;
  group.primary = &checks_.at(definition.primary_check);
  group.secondary = definition.secondary_check ? &checks_.at(*definition.secondary_check) : nullptr;
  group.hold_down = definition.hold_down;
  group.records = definition.records.size();
}

void Standing::ApplyGroups(const DesiredState& desired, const Moment& now,
                           DroppedOverrides& dropped) {
  std::map<std::string, GroupStanding> previous = std::exchange(groups_, {});
  for (const FailoverGroup& definition : desired.groups) {
    // As a node: the sets and the checks go on pointing at it.
    auto known = previous.extract(definition.name);
    const bool is_new = known.empty();
    GroupStanding& group =
        is_new ? groups_[definition.name] : groups_.insert(std::move(known)).position->second;
    const CheckStanding* former_primary = group.primary;
    ApplyDefinition(group, definition);
    if (is_new) {
      StartGroup(group, now);
    } else if (group.primary != former_primary && IsUnprobed(*group.primary) && !group.forced) {
      WaitUnlessExplained(group, group.decision.choice, now);
    }
  }
  for (auto& [name, group] : previous) DropGroup(group, dropped);
  undecided_.clear();
  timed_.clear();
  uint32_t place = 0;
  for (auto& [name, group] : groups_) {
    group.place = place++;
    undecided_.push_back(&group);
    if (group.forced || group.state.primary_healthy_since) timed_.insert(&group);
  }
}

void Standing::DropGroup(GroupStanding& group, DroppedOverrides& dropped) {
  std::erase(unsaved_groups_, &group);
  gone_groups_.insert(group.name);
  if (!group.forced) return;
  unsaved_overrides_.insert(group.name);
  dropped.emplace(group.name, *std::move(group.forced));
}

void Standing::StartGroup(GroupStanding& group, const Moment& now) {
  unsaved_groups_.push_back(&group);
  const auto remembered = remembered_.groups.find(group.name);
  if (remembered != remembered_.groups.end()) {
    group.state = remembered->second.state;
    if (group.state.primary_healthy_since) {
      group.state.primary_healthy_since = ToSteady(*group.state.primary_healthy_since, now);
    }
    group.decision.choice = remembered->second.choice;
  }
  const auto forced = remembered_.overrides.find(group.name);
  if (forced != remembered_.overrides.end()) group.forced = forced->second;
  const auto inherited = inherited_.find(group.name);
  if (inherited == inherited_.end() || !IsSide(inherited->second)) return;
  group.decision.choice = inherited->second;
  // An override, even one that expired meanwhile, explains any choice.
  if (!group.forced) WaitUnlessExplained(group, inherited->second, now);
}

// Keeps `answered` until the primary's check settled, if what is known would decide otherwise.
void Standing::WaitUnlessExplained(GroupStanding& group, Choice answered, const Moment& now) {
  const Decision decision =
      control::Decide(group.state, HealthOf(group), group.hold_down, std::nullopt, now.steady);
  if (decision.choice == answered || !IsSide(answered)) return;
  group.state = {.by_health = answered, .primary_healthy_since = std::nullopt};
  group.waiting = true;
  CheckStanding& check = checks_.at(group.primary->definition.name);
  check.settled = false;
  check.alike = 0;
  check.conclusive = 0;
}

GroupHealth HealthOf(const GroupStanding& group) {
  GroupHealth health;
  health.primary = group.primary->verdict.healthy;
  health.secondary_has_check = group.secondary != nullptr;
  if (group.secondary != nullptr) health.secondary = group.secondary->verdict.healthy;
  return health;
}

// Returns true when `check` settled just now.
bool Standing::Settle(CheckStanding& check, const ProbeResult& result) {
  if (check.settled || !result.conclusive) return false;
  const HealthCheck& definition = check.definition;
  ++check.alike;
  ++check.conclusive;
  const uint32_t needed =
      result.success ? definition.success_threshold : definition.failure_threshold;
  if (check.alike >= needed) {
    // A full threshold in a row is what any verdict rests on, whichever one we started with.
    if (check.verdict.healthy != result.success) {
      check.verdict.healthy = result.success;
      check.verdict.changed_at = result.started + result.took;
      check.verdict.contrary = 0;
    }
    check.settled = true;
  }
  // An endpoint that keeps changing its mind shall not keep the group waiting for ever.
  const uint32_t patience = 2 * (definition.success_threshold + definition.failure_threshold);
  if (check.conclusive >= patience) check.settled = true;
  return check.settled;
}

Standing::Taken Standing::Take(const std::string& name, const ProbeResult& result) {
  const auto found = checks_.find(name);
  if (found == checks_.end()) return {};
  CheckStanding& check = found->second;
  const bool was_healthy = check.verdict.healthy;
  if (result.conclusive && check.verdict.last.success != result.success) check.alike = 0;
  check.verdict = Judge(check.verdict, result, check.definition);
  const bool settled_now = Settle(check, result);
  unsaved_checks_.insert(name);
  const bool changed = check.verdict.healthy != was_healthy;
  if (changed || settled_now) {
    undecided_.insert(undecided_.end(), check.groups.begin(), check.groups.end());
  }
  return {.known = true, .changed = changed, .due = changed || settled_now};
}

absl::Status Standing::Force(const std::string& name, Override forced) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return NoGroup(name);
  found->second.forced = std::move(forced);
  undecided_.push_back(&found->second);
  timed_.insert(&found->second);
  unsaved_overrides_.insert(name);
  return absl::OkStatus();
}

absl::StatusOr<Override> Standing::Release(const std::string& name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return NoGroup(name);
  if (!found->second.forced) {
    return absl::FailedPreconditionError(absl::StrCat("group '", name, "' is not forced"));
  }
  Override ended = *std::exchange(found->second.forced, std::nullopt);
  undecided_.push_back(&found->second);
  unsaved_overrides_.insert(name);
  return ended;
}

Decisions Standing::Decide(const Moment& now) {
  Decisions result;
  std::vector<GroupStanding*> due = std::exchange(undecided_, {});
  for (GroupStanding* group : timed_) {
    if (group->forced && group->forced->until <= now.wall) {
      result.expired.emplace(group->name, *std::exchange(group->forced, std::nullopt));
      unsaved_overrides_.insert(group->name);
      due.push_back(group);
    } else if (group->decision.decide_again <= now.steady) {
      due.push_back(group);
    }
  }
  // Each once, and by name: the order of events is the same every time.
  std::ranges::sort(due, ByPlace());
  due.erase(std::ranges::unique(due).begin(), due.end());
  for (GroupStanding* group : due) {
    const Decision before = std::exchange(group->decision, DecideOne(*group, now));
    const Decision& after = group->decision;
    if (group->state.by_health != after.state.by_health ||
        group->state.primary_healthy_since != after.state.primary_healthy_since ||
        before.choice != after.choice) {
      unsaved_groups_.push_back(group);
    }
    group->state = after.state;
    if (before.choice != after.choice) {
      group->changed_at = now.wall;
      result.changes.push_back({group, before.choice, after.choice, after.cause});
    } else if (before.cause != after.cause && after.cause == Cause::kAllDown) {
      result.all_down.push_back(group);
    }
    if (group->forced || after.state.primary_healthy_since) {
      timed_.insert(group);
    } else {
      timed_.erase(group);
    }
  }
  return result;
}

absl::Duration Standing::UntilNext(const Moment& now) const {
  absl::Duration next = absl::InfiniteDuration();
  for (const GroupStanding* group : timed_) {
    if (group->forced) next = std::min(next, group->forced->until - now.wall);
    next = std::min(next, group->decision.decide_again - now.steady);
  }
  return std::max(next, absl::ZeroDuration());
}

StateChanges Standing::Unsaved(const Moment& now) {
  StateChanges changes;
  for (const std::string& name : std::exchange(unsaved_checks_, {})) {
    auto& entry = changes.checks[name];
    const auto found = checks_.find(name);
    if (found == checks_.end()) continue;
    entry = {.fingerprint = FingerprintOf(found->second.definition),
             .verdict = found->second.verdict};
  }
  for (const std::string& name : std::exchange(gone_groups_, {})) changes.groups[name];
  for (const GroupStanding* group : std::exchange(unsaved_groups_, {})) {
    auto& entry = changes.groups[group->name];
    entry = {.state = group->state, .choice = group->decision.choice};
    if (entry->state.primary_healthy_since) {
      entry->state.primary_healthy_since = ToWall(*entry->state.primary_healthy_since, now);
    }
  }
  for (const std::string& name : std::exchange(unsaved_overrides_, {})) {
    auto& entry = changes.overrides[name];
    const auto found = groups_.find(name);
    if (found != groups_.end()) entry = found->second.forced;
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
