#include "control/engine/what_if.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace understudy::control {

absl::StatusOr<Suppositions> ParseSuppositions(const Standing& standing, std::string_view text) {
  Suppositions suppositions;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ',')) {
    const size_t equals = part.rfind('=');
    const absl::string_view word = equals == part.npos ? "" : part.substr(equals + 1);
    if (word != "up" && word != "down") {
      return absl::InvalidArgumentError(
          absl::StrCat("if: '", part, "' is not of the form CHECK=up or CHECK=down"));
    }
    const std::string name(part.substr(0, equals));
    if (!standing.checks().contains(name)) {
      return absl::NotFoundError(absl::StrCat("if: there is no health check '", name, "'"));
    }
    suppositions[name] = word == "up";
  }
  return suppositions;
}

WhatIf::WhatIf(const Standing& standing, const Suppositions& suppositions, const Moment& now)
    : now_(now) {
  for (const auto& [name, healthy] : suppositions) {
    Suppose(standing.checks().at(name), healthy, "supposed");
  }
  for (const auto& [name, healthy] : suppositions) RecountParents(standing.checks().at(name));
  for (const auto& [name, check] : checks_) {
    for (const GroupStanding* group : standing.checks().at(name).groups) Stand(*group);
  }
}

void WhatIf::Stand(const GroupStanding& group) {
  const auto [entry, is_new] = groups_.emplace(group.name, group);
  if (!is_new) return;  // two of its checks are supposed
  GroupStanding& copy = entry->second;
  copy.waiting = false;
  for (TierStanding& tier : copy.tiers) {
    if (tier.check == nullptr) continue;
    const auto supposed = checks_.find(tier.check->definition->name);
    if (supposed != checks_.end()) tier.check = &supposed->second;
  }
  copy.decision = DecideGroupNow(copy, HealthOf(copy), now_.steady);
  copy.state = copy.decision.state;
}

void WhatIf::Suppose(const CheckStanding& check, bool healthy, std::string reason) {
  CheckStanding& copy = checks_.emplace(check.definition->name, check).first->second;
  auto enabled = std::make_shared<HealthCheck>(*check.definition);
  enabled->disabled = false;
  copy.definition = std::move(enabled);
  if (copy.healthy != healthy) copy.changed_at = now_.steady;
  copy.healthy = healthy;
  copy.settled = true;
  copy.verdict.healthy = healthy != copy.definition->inverted;
  copy.verdict.contrary = 0;
  copy.verdict.changed_at = now_.wall;
  copy.verdict.last = {
      .success = copy.verdict.healthy, .reason = std::move(reason), .started = now_.wall};
}

void WhatIf::RecountParents(const CheckStanding& child) {
  for (const CheckStanding* parent : child.parents) {
    if (parent->definition->disabled || checks_.contains(parent->definition->name)) continue;
    const auto up = std::ranges::count_if(parent->children, [this](const CheckStanding* one) {
      const auto supposed = checks_.find(one->definition->name);
      return supposed == checks_.end() ? one->healthy : supposed->second.healthy;
    });
    const bool enough = static_cast<size_t>(up) >= parent->definition->health_threshold;
    Suppose(*parent, enough != parent->definition->inverted,
            absl::StrCat(up, " of ", parent->children.size(), " children would be healthy, ",
                         parent->definition->health_threshold, " are needed"));
  }
}

}  // namespace understudy::control
