#include "control/engine/health_board.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace understudy::control {
void HealthBoard::Remember(std::map<std::string, RememberedCheck> checks,
                           std::optional<Freeze> freeze) {
  remembered_ = std::move(checks);
  if (freeze) doubt_.SetFreeze(*std::move(freeze));
}

// A new check, or one of a predecessor.
void HealthBoard::Start(CheckStanding& check) {
  const HealthCheck& definition = *check.definition;
  check.by_first_result = definition.initial == InitialHealth::kProbe && IsUnprobed(check);
  check.settled =
      !check.by_first_result || definition.disabled || definition.type == CheckType::kCalculated;
  const ProbeResult& last = check.verdict.last;
  if (!IsCounted(definition) || last.success || last.started == absl::InfinitePast()) return;
  check.failing_since = absl::InfinitePast();
  doubt_.Begin(check.failing_since);
}

void HealthBoard::Redefine(CheckStanding& check, const HealthCheck& definition) {
  if (check.failing_since != absl::InfiniteFuture()) {
    doubt_.End(std::exchange(check.failing_since, absl::InfiniteFuture()));
  }
  check.verdict = OnlyHealthOf(check.verdict);
  check.certificate_ends = absl::InfiniteFuture();
  check.definition = std::make_shared<const HealthCheck>(definition);
  check.settled = check.settled || definition.disabled;
}

void HealthBoard::Apply(const DesiredState& desired, const Moment& now) {
  size_t counted = 0;
  for (const auto& [name, definition] : desired.health_checks) {
    counted += IsCounted(definition);
    const auto known = checks_.find(name);
    if (known == checks_.end()) {
      const auto before = remembered_.find(name);
      const RememberedCheck* remembered = before == remembered_.end() ? nullptr : &before->second;
      Start(checks_.emplace(name, BeginningOf(definition, remembered, now)).first->second);
    } else if (*known->second.definition != definition) {
      Redefine(known->second, definition);
    } else {
      continue;
    }
    CheckStanding& check = checks_.at(name);
    SetExpiry(check, definition.type == CheckType::kPush
                         ? std::min(check.expires, now.steady + definition.expiry)
                         : absl::InfiniteFuture());
    MarkUnsaved(check);
    Await(check);
  }
  for (const auto& [name, check] : remembered_) {
    if (!checks_.contains(name)) gone_.insert(name);
  }
  remembered_.clear();
  canaries_ = desired.self_doubt.canaries;
  LinkChildren(desired);
  doubt_.Configure(desired.self_doubt, counted);
}

void HealthBoard::DropGone(const DesiredState& desired) {
  const auto is_gone = [&desired](const CheckStanding* check) {
    return !desired.health_checks.contains(check->definition->name);
  };
  std::erase_if(pending_, is_gone);
  std::erase_if(unsaved_, is_gone);
  for (auto entry = checks_.begin(); entry != checks_.end();) {
    CheckStanding& check = entry->second;
    if (desired.health_checks.contains(entry->first)) {
      ++entry;
      continue;
    }
    if (check.failing_since != absl::InfiniteFuture()) doubt_.End(check.failing_since);
    SetExpiry(check, absl::InfiniteFuture());
    gone_.insert(entry->first);
    entry = checks_.erase(entry);
  }
}

// Between those that stay: nothing points at a check that is about to go.
void HealthBoard::LinkChildren(const DesiredState& desired) {
  for (auto& [name, check] : checks_) {
    check.parents.clear();
    check.children.clear();
  }
  for (const auto& [name, definition] : desired.health_checks) {
    if (definition.type != CheckType::kCalculated) continue;
    CheckStanding& parent = checks_.at(name);
    for (const std::string& child_name : definition.children) {
      CheckStanding& child = checks_.at(child_name);
      child.parents.push_back(&parent);
      parent.children.push_back(&child);
    }
    Await(parent);
  }
}

void HealthBoard::Await(CheckStanding& check) {
  if (std::exchange(check.pending, true)) return;
  pending_.push_back(&check);
}

void HealthBoard::MarkUnsaved(CheckStanding& check) {
  if (std::exchange(check.unsaved, true)) return;
  unsaved_.push_back(&check);
}

void HealthBoard::SetExpiry(CheckStanding& check, absl::Time expires) {
  if (check.expires != absl::InfiniteFuture()) {
    expiries_.erase({check.expires, check.definition->name});
  }
  check.expires = expires;
  if (expires != absl::InfiniteFuture()) expiries_.emplace(expires, check.definition->name);
}

void HealthBoard::NoteFailing(CheckStanding& check, const Moment& now) {
  if (!check.verdict.last.conclusive || !IsCounted(*check.definition)) return;
  const bool was_failing = check.failing_since != absl::InfiniteFuture();
  if (was_failing == !check.verdict.last.success) return;
  if (was_failing) {
    doubt_.End(std::exchange(check.failing_since, absl::InfiniteFuture()));
  } else {
    check.failing_since = now.steady;
    doubt_.Begin(now.steady);
  }
}

HealthBoard::Taken HealthBoard::Take(const std::string& name, const ProbeResult& result,
                                     const Moment& now) {
  const auto found = checks_.find(name);
  if (found == checks_.end()) return {};
  CheckStanding& check = found->second;
  const bool was_healthy = IsHealthyByNow(check);
  if (result.conclusive && check.verdict.last.success != result.success) check.alike = 0;
  check.verdict = Judge(check.verdict, result, *check.definition);
  if (result.certificate_ends != absl::InfiniteFuture()) {
    check.certificate_ends = result.certificate_ends;
  }
  const bool settled_now = SettleBy(check, result);
  MarkUnsaved(check);
  NoteFailing(check, now);
  const bool is_healthy = IsHealthyByNow(check);
  const bool changed = is_healthy != was_healthy;
  fell_ = fell_ || (changed && !is_healthy);
  // A thaw may come with any result.
  const bool due = changed || settled_now || doubt_.freeze().has_value();
  if (changed || settled_now) Await(check);
  return {.known = true, .changed = changed, .due = due};
}

absl::Status HealthBoard::Push(const std::string& name, const ProbeResult& word,
                               const Moment& now) {
  const auto found = checks_.find(name);
  if (found == checks_.end()) {
    return absl::NotFoundError(absl::StrCat("there is no health check '", name, "'"));
  }
  CheckStanding& check = found->second;
  if (check.definition->type != CheckType::kPush) {
    return absl::FailedPreconditionError(absl::StrCat(
        "health check '", name, "' is of type ", std::string(WordOf(check.definition->type)),
        "; only a push check takes its state from outside"));
  }
  SetExpiry(check, now.steady + check.definition->expiry);
  Take(name, word, now);
  Await(check);
  return absl::OkStatus();
}

void HealthBoard::Expire(const Moment& now, Settled& settled) {
  while (!expiries_.empty() && expiries_.begin()->first <= now.steady) {
    CheckStanding& check = checks_.at(expiries_.begin()->second);
    SetExpiry(check, absl::InfiniteFuture());
    if (control::Expire(check, now)) settled.expired.push_back(&check);
    MarkUnsaved(check);
    Await(check);
  }
}

Doubt::Canaries HealthBoard::LookAtCanaries() const {
  Doubt::Canaries canaries;
  for (const std::string& name : canaries_) {
    const auto found = checks_.find(name);
    if (found == checks_.end()) continue;
    const CheckStanding& check = found->second;
    const bool unhealthy = !IsHealthyByNow(check);
    const bool failing = check.failing_since != absl::InfiniteFuture();
    if (!unhealthy && !failing) continue;
    canaries.unhealthy = canaries.unhealthy || unhealthy;
    canaries.failing = true;
    canaries.name = name;
  }
  return canaries;
}

HealthBoard::Settled HealthBoard::Settle(const Moment& now) {
  Settled settled;
  Expire(now, settled);
  const Doubt::Canaries canaries = LookAtCanaries();
  switch (doubt_.Judge(canaries, std::exchange(fell_, false), now)) {
    case Doubt::Word::kNothing:
      break;
    case Doubt::Word::kFreeze:
      settled.frozen = doubt_.NewFreeze(canaries, now);
      doubt_.SetFreeze(*settled.frozen);
      break;
    case Doubt::Word::kThaw:
      settled.thawed = doubt_.Thaw();
      break;
  }
  if (doubt_.freeze()) return settled;
  // Children before parents, which are appended while their children are looked at.
  std::ranges::partition(pending_, [](const auto* check) { return check->children.empty(); });
  for (size_t i = 0; i < pending_.size(); ++i) {
    CheckStanding& check = *pending_[i];
    if (check.definition->type == CheckType::kCalculated) {
      Recount(check, now);
      MarkUnsaved(check);
    }
    check.pending = false;
    const bool healthy = IsHealthyByNow(check);
    if (healthy != check.healthy) {
      check.healthy = healthy;
      check.changed_at = now.steady;
      MarkUnsaved(check);
      for (CheckStanding* parent : check.parents) Await(*parent);
    }
    settled.changed.push_back(&check);
  }
  pending_.clear();
  return settled;
}

std::optional<Freeze> HealthBoard::Thaw() { return doubt_.Thaw(); }

absl::Duration HealthBoard::UntilNext(const Moment& now) const {
  absl::Duration next = absl::InfiniteDuration();
  if (!expiries_.empty()) next = expiries_.begin()->first - now.steady;
  if (doubt_.freeze()) next = std::min(next, doubt_.freeze()->until - now.wall);
  return std::max(next, absl::ZeroDuration());
}

void HealthBoard::Unsettle(CheckStanding& check) {
  check.settled = false;
  check.alike = 0;
  check.conclusive = 0;
}

void HealthBoard::TakeUnsaved(const Moment& now,
                              std::map<std::string, std::optional<RememberedCheck>>& changes) {
  for (const std::string& name : std::exchange(gone_, {})) changes[name] = std::nullopt;
  for (CheckStanding* check : std::exchange(unsaved_, {})) {
    check->unsaved = false;
    changes[check->definition->name] = ToRemember(*check, now);
  }
}

}  // namespace understudy::control
