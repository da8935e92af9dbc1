#include "control/engine/overrides.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

constexpr size_t kNamesTold = 10;

struct Label {
  std::string key;
  std::string value;
};

absl::StatusOr<std::optional<Label>> ParseLabel(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("label: '", text, "' is not of the form key=value, like site=eu"));
  }
  return Label{text.substr(0, equals), text.substr(equals + 1)};
}

bool Has(const Labels& labels, const Label& label) {
  const auto found = labels.find(label.key);
  return found != labels.end() && found->second == label.value;
}

bool AnySideHas(const GroupStanding& group, const Label& label) {
  return std::ranges::any_of(group.tiers,
                             [&](const TierStanding& tier) { return Has(tier.labels, label); });
}

absl::Status NothingMeant(const Selector& selector) {
  std::string text = absl::StrCat("no failover group matches '", selector.pattern, "'");
  if (!selector.label.empty()) absl::StrAppend(&text, " with the label ", selector.label);
  if (!selector.side.empty()) absl::StrAppend(&text, " and has a side '", selector.side, "'");
  return absl::NotFoundError(text);
}

// The sides of one group that are meant.
void AddTargets(const GroupStanding& group, const Selector& selector,
                const std::optional<Label>& label, std::vector<OverrideTarget>& targets) {
  if (!selector.side.empty()) {
    const std::optional<uint8_t> tier = TierOf(group, selector.side);
    if (tier) targets.push_back({&group, *tier});
    return;
  }
  for (size_t tier = 0; tier < group.tiers.size(); ++tier) {
    if (!Has(group.tiers[tier].labels, *label)) continue;
    targets.push_back({&group, static_cast<uint8_t>(tier)});
  }
}

std::string WhyUnusable(const GroupStanding& group, OverrideKind kind, uint8_t tier) {
  const GroupHealth health = HealthOf(group);
  if (kind == OverrideKind::kForce) {
    if (health[tier].healthy) return {};
    return absl::StrCat(group.tiers[tier].name, " is unhealthy");
  }
  if (std::ranges::any_of(health, &TierHealth::available)) return {};
  return "no other side is healthy and not drained";
}

}  // namespace

absl::StatusOr<std::vector<const GroupStanding*>> SelectGroups(const Standing& standing,
                                                               const Selector& selector) {
  const absl::StatusOr<std::optional<Label>> label = ParseLabel(selector.label);
  if (!label.ok()) return label.status();
  std::vector<const GroupStanding*> meant;
  for (const auto& [name, group] : standing.groups()) {
    if (fnmatch(selector.pattern.c_str(), name.c_str(), 0) != 0) continue;
    if (*label && !Has(group.labels, **label) && !AnySideHas(group, **label)) continue;
    meant.push_back(&group);
  }
  // No group at all: of a side there is nothing to be said.
  if (meant.empty()) return NothingMeant({.pattern = selector.pattern, .label = selector.label});
  return meant;
}

absl::StatusOr<std::vector<OverrideTarget>> SelectTargets(const Standing& standing,
                                                          const Selector& selector) {
  const absl::StatusOr<std::vector<const GroupStanding*>> groups = SelectGroups(standing, selector);
  if (!groups.ok()) return groups.status();
  const absl::StatusOr<std::optional<Label>> label = ParseLabel(selector.label);
  if (selector.side.empty() && !*label) {
    return absl::InvalidArgumentError(
        "side: say which, like primary or secondary, or give the label of a side");
  }
  std::vector<OverrideTarget> targets;
  for (const GroupStanding* group : *groups) AddTargets(*group, selector, *label, targets);
  if (!targets.empty()) return targets;
  if (groups->size() == 1 && !selector.side.empty()) {
    std::string sides;
    for (const TierStanding& tier : groups->front()->tiers) absl::StrAppend(&sides, " ", tier.name);
    return absl::InvalidArgumentError(absl::StrCat("side: group '", groups->front()->name,
                                                   "' has no side '", selector.side,
                                                   "'; it has:", sides));
  }
  return NothingMeant(selector);
}

std::vector<Effect> EffectsOf(std::span<const OverrideTarget> targets, OverrideKind kind,
                              const Moment& now) {
  std::vector<Effect> effects;
  for (size_t i = 0; i < targets.size();) {
    const GroupStanding& group = *targets[i].group;
    GroupStanding after = group;
    const uint8_t tier = targets[i].tier;
    for (; i < targets.size() && targets[i].group == &group; ++i) {
      const Override override{.side = ChoiceOf(targets[i].tier)};
      if (kind == OverrideKind::kForce) {
        after.forced = override;
      } else {
        after.tiers[targets[i].tier].drained = override;
      }
    }
    const Decision decision = DecideGroupNow(after, HealthOf(after), now.steady);
    effects.push_back(
        {&group, group.decision.choice, decision.choice, WhyUnusable(after, kind, tier)});
  }
  return effects;
}

absl::Status RefuseUnusable(const std::vector<Effect>& effects) {
  std::string names;
  size_t count = 0;
  for (const Effect& effect : effects) {
    if (effect.unusable.empty()) continue;
    if (++count <= kNamesTold) {
      absl::StrAppend(&names, count == 1 ? "" : "; ", effect.group->name, ": ", effect.unusable);
    }
  }
  if (count == 0) return absl::OkStatus();
  if (count > kNamesTold) absl::StrAppend(&names, "; and ", count - kNamesTold, " more");
  return absl::FailedPreconditionError(
      absl::StrCat(count == 1 ? "a group" : absl::StrCat(count, " groups"),
                   " would be left without a usable side (", names,
                   "); nothing was changed. If that is meant, say so (--allow-unusable)"));
}

}  // namespace understudy::control
