// Standing's beginnings: what is remembered, and what a configuration makes of it.
#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "control/engine/standing.h"

namespace understudy::control {
namespace {

std::string_view NameOf(const std::string& side) { return side; }
std::string_view NameOf(const Tier& tier) { return tier.name; }
std::string_view NameOf(const TierStanding& tier) { return tier.name; }

// What `choice` of the tiers `before` is among those of `now`: the tier of the same name, wherever
// it stands. The primary when there is none; the same place when nothing is known of before.
template <typename Before, typename Now>
Choice Moved(Choice choice, const std::vector<Before>& before, const std::vector<Now>& now) {
  if (before.empty() || contract::IsPolicy(choice)) return choice;
  if (choice == AllOf(before.size())) return AllOf(now.size());
  const auto place = static_cast<size_t>(choice);
  if (place > before.size()) return Choice::kPrimary;
  const auto found =
      std::ranges::find(now, NameOf(before[place]), [](const Now& tier) { return NameOf(tier); });
  return found == now.end() ? Choice::kPrimary : ChoiceOf(static_cast<size_t>(found - now.begin()));
}

// Where `side` of a remembered override stands in `group` now.
std::optional<uint8_t> PlaceOf(const GroupStanding& group, const std::string& side) {
  if (!side.starts_with(kByPlace)) return TierOf(group, side);
  uint32_t place = 0;
  const bool is_there = absl::SimpleAtoi(side.substr(1), &place) && place < group.tiers.size();
  return is_there ? std::optional(static_cast<uint8_t>(place)) : std::nullopt;
}

Override OverrideOf(RememberedOverride remembered, uint8_t place) {
  return {.side = ChoiceOf(place),
          .since = remembered.since,
          .until = remembered.until,
          .reason = std::move(remembered.reason),
          .author = std::move(remembered.author)};
}

}  // namespace

void Standing::Remember(Remembered remembered, std::map<std::string, Choice> inherited) {
  const auto frozen = remembered.overrides.find({.group = "", .kind = OverrideKind::kFreeze});
  std::optional<Freeze> freeze;
  if (frozen != remembered.overrides.end()) {
    const RememberedOverride& before = frozen->second;
    freeze = {.by_operator = before.side == kByOperator,
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
  std::erase_if(row_.next.expired_checks, [&desired](const CheckStanding* check) {
    return !desired.health_checks.contains(check->definition->name);
  });
  board_.DropGone(desired);
  LinkChecksToGroups();
  DropRemembered();
  return std::exchange(dropped_, {});
}

// What was remembered is used once; what nobody asked for is gone from the configuration.
void Standing::DropRemembered() {
  for (const auto& [name, group] : remembered_.groups) {
    if (!groups_.contains(name)) row_.gone_groups.insert(name);
  }
  for (auto& [key, override] : remembered_.overrides) {
    if (key.kind == OverrideKind::kFreeze) continue;
    row_.unsaved_overrides.insert(key);
    std::string side = override.side;
    dropped_.push_back({key, OverrideOf(std::move(override), 0), std::move(side)});
  }
  remembered_ = {};
  inherited_.clear();
}

void Standing::LinkChecksToGroups() {
  for (const auto& [name, check] : board_.checks()) board_.at(name).groups.clear();
  for (auto& [name, group] : groups_) {
    for (const TierStanding& tier : group.tiers) {
      if (tier.check == nullptr) continue;
      std::vector<GroupStanding*>& groups = board_.at(tier.check->definition->name).groups;
      if (groups.empty() || groups.back() != &group) groups.push_back(&group);
    }
  }
}

// What was said and decided of a tier stays with the tier of its name, wherever it stands now.
void Standing::MoveTiers(GroupStanding& group, const std::vector<Tier>& now) {
  const std::vector<TierStanding>& before = group.tiers;
  const auto tier = static_cast<uint8_t>(Moved(ChoiceOf(group.state.tier), before, now));
  const bool same_sides = std::ranges::equal(before, now, {}, &TierStanding::name, &Tier::name);
  if (std::exchange(group.state.tier, tier) != tier || !same_sides) {
    row_.unsaved_groups.push_back(&group);
  }
  group.decision.choice = Moved(group.decision.choice, before, now);
  group.decision.by_health = Moved(group.decision.by_health, before, now);
  if (!group.forced) return;
  const std::string_view side = WordOf(group, group.forced->side);
  if (std::ranges::find(now, side, &Tier::name) == now.end()) {
    NoteEnded(group, OverrideKind::kForce, *std::exchange(group.forced, std::nullopt), dropped_);
    return;
  }
  group.forced->side = Moved(group.forced->side, before, now);
}

void Standing::ApplyDefinition(GroupStanding& group, const FailoverGroup& definition) {
  group.name = definition.name;
  if (!group.tiers.empty()) MoveTiers(group, definition.tiers);
  std::vector<TierStanding> before = std::exchange(group.tiers, {});
  for (const Tier& tier : definition.tiers) {
    group.tiers.push_back({.name = tier.name,
                           .check = tier.check ? &board_.at(*tier.check) : nullptr,
                           .labels = tier.labels,
                           .drained = std::nullopt});
  }
  for (TierStanding& tier : before) {
    if (!tier.drained) continue;
    if (const std::optional<uint8_t> place = TierOf(group, tier.name)) {
      tier.drained->side = ChoiceOf(*place);
      group.tiers[*place].drained = std::move(tier.drained);
    } else {
      OverrideKey key = {group.name, OverrideKind::kDrain, tier.name};
      row_.unsaved_overrides.insert(key);
      dropped_.push_back({std::move(key), *std::move(tier.drained), tier.name});
    }
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
  std::erase_if(row_.unsaved_groups,
                [&](const GroupStanding* group) { return previous.contains(group->name); });
  for (auto& [name, group] : previous) DropGroup(group);
  row_.undecided.clear();
  override_ends_.Clear();
  decide_again_.Clear();
  uint32_t place = 0;
  for (auto& [name, group] : groups_) {
    group.place = place++;
    Touch(group);
  }
}

GroupChoices Standing::ChoicesIn(const DesiredState& desired) const {
  GroupChoices choices;
  choices.reserve(desired.groups.size());
  for (const FailoverGroup& definition : desired.groups) {
    const auto known = groups_.find(definition.name);
    if (known == groups_.end()) continue;
    const GroupStanding& group = known->second;
    choices.push_back(
        {definition.name, Moved(group.decision.choice, group.tiers, definition.tiers)});
  }
  return choices;
}

void Standing::DropGroup(GroupStanding& group) {
  row_.gone_groups.insert(group.name);
  if (group.forced) NoteEnded(group, OverrideKind::kForce, *std::move(group.forced), dropped_);
  for (TierStanding& tier : group.tiers) {
    if (tier.drained) NoteEnded(group, OverrideKind::kDrain, *std::move(tier.drained), dropped_);
  }
}

void Standing::StartGroup(GroupStanding& group, const Moment& now) {
  row_.unsaved_groups.push_back(&group);
  const auto remembered = remembered_.groups.find(group.name);
  std::vector<std::string> sides;
  if (remembered != remembered_.groups.end()) {
    sides = remembered->second.sides;
    group.state = remembered->second.state;
    group.state.penalty_at = ToSteady(group.state.penalty_at, now);
    group.decision.by_health = Moved(ChoiceOf(group.state.tier), sides, group.tiers);
    group.state.tier = static_cast<uint8_t>(group.decision.by_health);
    group.decision.choice = Moved(remembered->second.choice, sides, group.tiers);
  }
  RestoreOverrides(group);
  const auto inherited = inherited_.find(group.name);
  if (inherited == inherited_.end()) return;
  group.decision.choice = Moved(inherited->second, sides, group.tiers);
  // An override, even one that expired meanwhile, explains any choice.
  if (!group.forced) WaitUnlessExplained(group, group.decision.choice, now);
}

// Those whose side is gone are left: they are dropped, and told.
void Standing::RestoreOverrides(GroupStanding& group) {
  auto& overrides = remembered_.overrides;
  auto entry = overrides.lower_bound({.group = group.name});
  while (entry != overrides.end() && entry->first.group == group.name) {
    const std::optional<uint8_t> place = PlaceOf(group, entry->second.side);
    if (!place) {
      ++entry;
      continue;
    }
    TierStanding& tier = group.tiers[*place];
    const bool is_force = entry->first.kind == OverrideKind::kForce;
    if (entry->second.side.starts_with(kByPlace)) {  // it goes on by name
      row_.unsaved_overrides.insert(entry->first);
      row_.unsaved_overrides.insert({group.name, entry->first.kind, is_force ? "" : tier.name});
    }
    (is_force ? group.forced : tier.drained) = OverrideOf(std::move(entry->second), *place);
    entry = overrides.erase(entry);
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
  CheckStanding& primary = board_.at(group.tiers.front().check->definition->name);
  if (primary.children.empty()) return board_.Unsettle(primary);
  for (const CheckStanding* child : primary.children) {
    board_.Unsettle(board_.at(child->definition->name));
  }
}

}  // namespace understudy::control
