#include "control/engine/check_standing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

bool HealthOfExpired(const CheckStanding& check) {
  switch (check.definition->on_expiry) {
    case OnExpiry::kUnhealthy:
      return false;
    case OnExpiry::kHealthy:
      return true;
    case OnExpiry::kLastKnown:
      break;
  }
  return check.verdict.healthy;
}

}  // namespace

bool IsUnprobed(const CheckStanding& check) {
  return check.verdict.successes + check.verdict.failures == 0;
}

bool IsHealthyByNow(const CheckStanding& check) {
  const HealthCheck& definition = *check.definition;
  return (definition.disabled || check.verdict.healthy) != definition.inverted;
}

bool IsCounted(const HealthCheck& definition) {
  return IsProbed(definition.type) && !definition.disabled;
}

Verdict OnlyHealthOf(const Verdict& verdict) {
  Verdict anew;
  anew.healthy = verdict.healthy;
  anew.changed_at = verdict.changed_at;
  return anew;
}

CheckStanding BeginningOf(const HealthCheck& definition, const RememberedCheck* before,
                          const Moment& now) {
  CheckStanding check;
  check.definition = std::make_shared<const HealthCheck>(definition);
  check.verdict = InitialVerdict(definition);
  if (before == nullptr) {
    check.healthy = IsHealthyByNow(check);
    return check;
  }
  const bool same = before->fingerprint == FingerprintOf(definition);
  check.verdict = same ? before->verdict : OnlyHealthOf(before->verdict);
  check.healthy = before->healthy;
  check.changed_at = ToSteady(before->changed_at, now);
  if (same && before->expires_at != absl::InfiniteFuture()) {
    check.expires = now.steady + (before->expires_at - now.wall);
  }
  return check;
}

RememberedCheck ToRemember(const CheckStanding& check, const Moment& now) {
  return {.fingerprint = FingerprintOf(*check.definition),
          .verdict = check.verdict,
          .healthy = check.healthy,
          .changed_at = ToWall(check.changed_at, now),
          .expires_at = check.expires == absl::InfiniteFuture()
                            ? absl::InfiniteFuture()
                            : now.wall + (check.expires - now.steady)};
}

bool SettleBy(CheckStanding& check, const ProbeResult& result) {
  if (check.settled || !result.conclusive) return false;
  const HealthCheck& definition = *check.definition;
  ++check.alike;
  ++check.conclusive;
  const uint32_t threshold =
      result.success ? definition.success_threshold : definition.failure_threshold;
  if (check.by_first_result || check.alike >= threshold) {
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

bool Expire(CheckStanding& check, const Moment& now) {
  const bool healthy = HealthOfExpired(check);
  check.settled = true;
  check.verdict.last = {
      .success = healthy,
      .reason = absl::StrCat("no word for ", absl::FormatDuration(check.definition->expiry)),
      .started = now.wall};
  if (healthy == check.verdict.healthy) return false;
  check.verdict.healthy = healthy;
  check.verdict.changed_at = now.wall;
  check.verdict.contrary = 0;
  return true;
}

void Recount(CheckStanding& parent, const Moment& now) {
  const auto up = static_cast<size_t>(
      std::ranges::count_if(parent.children, [](const auto* child) { return child->healthy; }));
  const bool healthy = up >= parent.definition->health_threshold;
  parent.verdict.last = {
      .success = healthy,
      .reason = absl::StrCat(up, " of ", parent.children.size(), " children are healthy, ",
                             parent.definition->health_threshold, " are needed"),
      .started = now.wall};
  if (healthy != parent.verdict.healthy) parent.verdict.changed_at = now.wall;
  parent.verdict.healthy = healthy;
}

}  // namespace understudy::control
