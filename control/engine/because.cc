#include "control/engine/because.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace understudy::control {
namespace {

std::string When(absl::Time time, absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const bool today = absl::ToCivilDay(time, utc) == absl::ToCivilDay(now, utc);
  return absl::FormatTime(today ? "%H:%M:%SZ" : "%Y-%m-%d %H:%M:%SZ", time, utc);
}

std::string_view HealthWord(bool healthy) { return healthy ? "healthy" : "unhealthy"; }

std::string CheckText(const CheckStanding& check, absl::Time now) {
  const Verdict& verdict = check.verdict;
  const HealthCheck& definition = *check.definition;
  std::string text =
      absl::StrCat("check ", definition.name, " is ", std::string(HealthWord(check.healthy)));
  if (check.healthy != IsHealthyByNow(check)) {
    absl::StrAppend(&text, " as it was frozen, and ", std::string(HealthWord(!check.healthy)),
                    " by its results");
  }
  if (definition.inverted) absl::StrAppend(&text, " (inverted)");
  if (definition.disabled) return absl::StrCat(text, ", disabled");
  if (verdict.changed_at != absl::InfinitePast()) {
    absl::StrAppend(&text, " since ", When(verdict.changed_at, now));
  }
  if (verdict.contrary > 0) {
    const uint32_t threshold =
        verdict.healthy ? definition.failure_threshold : definition.success_threshold;
    absl::StrAppend(
        &text, ", ", verdict.contrary, " of ", threshold,
        verdict.healthy ? " failures" : " successes",
        verdict.healthy && definition.counting == Counting::kCumulative ? "" : " in a row");
  }
  if (!IsProbed(definition.type)) {
    absl::StrAppend(&text, ", ", verdict.last.reason);
  } else if (verdict.last.started == absl::InfinitePast()) {
    absl::StrAppend(&text, ", not probed yet");
  } else if (!verdict.last.success || !verdict.healthy) {
    absl::StrAppend(&text, ", last: ", verdict.last.reason);
  }
  return text;
}

std::string TierText(const TierStanding& tier, absl::Time now) {
  std::string text = tier.check == nullptr
                         ? absl::StrCat(tier.name, " has no check and counts as healthy")
                         : absl::StrCat(tier.name, "'s ", CheckText(*tier.check, now));
  if (tier.drained) {
    absl::StrAppend(&text, ", drained by ", tier.drained->author, " (", tier.drained->reason, ")");
  }
  return text;
}

// Of the tiers before `end`.
std::string TiersText(const GroupStanding& group, size_t end, absl::Time now) {
  std::string text;
  for (size_t i = 0; i < end; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "; ", TierText(group.tiers[i], now));
  }
  return text;
}

std::string ForcedText(const GroupStanding& group, const Override& forced, absl::Time now) {
  std::string text = absl::StrCat("forced to ", std::string(WordOf(group, forced.side)), " by ",
                                  forced.author, " at ", When(forced.since, now));
  if (forced.until == absl::InfiniteFuture()) {
    absl::StrAppend(&text, " until released");
  } else {
    absl::StrAppend(&text, " until ", When(forced.until, now));
  }
  absl::StrAppend(&text, ", reason: ", forced.reason);
  return text;
}

std::string HoldDownText(const GroupStanding& group, const Decision& decision, const Moment& now) {
  const absl::Duration hold = HoldDownOf(group.policy.failback, group.state.penalty);
  std::string text = absl::StrCat(
      "held down for another ",
      absl::FormatDuration(absl::Ceil(decision.decide_again - now.steady, absl::Seconds(1))),
      " of ", absl::FormatDuration(absl::Ceil(hold, absl::Milliseconds(100))),
      " before it is answered again");
  if (decision.cause == Cause::kDamped) absl::StrAppend(&text, ", as the group failed over often");
  return text;
}

std::string HealthText(const GroupStanding& group, const Moment& now) {
  GroupStanding unforced = group;
  unforced.forced.reset();
  const Decision decision = DecideGroupNow(unforced, HealthOf(group), now.steady);
  const std::string answer(WordOf(group, decision.choice));
  if (group.waiting) {
    return absl::StrCat(answer, " was answered before, and stays until the ",
                        group.tiers.front().name, "'s check ",
                        group.tiers.front().check->definition->name, " gave a full verdict");
  }
  const auto standing = std::min(static_cast<size_t>(decision.choice) + 1, group.tiers.size());
  const std::string tiers = TiersText(group, standing, now.wall);
  switch (decision.cause) {
    case Cause::kAllDown:
      return absl::StrCat("all down: ", TiersText(group, group.tiers.size(), now.wall),
                          "; the answer of last resort is ", answer);
    case Cause::kHoldDown:
    case Cause::kDamped:
      return absl::StrCat(tiers, "; ", HoldDownText(group, decision, now));
    case Cause::kManualFailback:
      return absl::StrCat(tiers, "; failback is manual, and waits for an operator");
    case Cause::kPrimaryHealthy:
    case Cause::kPrimaryUnhealthy:
    case Cause::kDrained:
    case Cause::kForced:
      break;
  }
  return tiers;
}

}  // namespace

std::string Because(const GroupStanding& group, const Moment& now) {
  const std::string health = HealthText(group, now);
  if (!group.forced) return health;
  return absl::StrCat(ForcedText(group, *group.forced, now.wall),
                      " (by health alone: ", std::string(WordOf(group, group.decision.by_health)),
                      ", ", health, ")");
}

}  // namespace understudy::control
