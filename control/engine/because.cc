#include "control/engine/because.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace understudy::control {
namespace {

std::string When(absl::Time time, absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const bool today = absl::ToCivilDay(time, utc) == absl::ToCivilDay(now, utc);
  return absl::FormatTime(today ? "%H:%M:%SZ" : "%Y-%m-%d %H:%M:%SZ", time, utc);
}

std::string CheckText(const CheckStanding& check, absl::Time now) {
  const Verdict& verdict = check.verdict;
  std::string text = absl::StrCat("check ", check.definition.name, " is ",
                                  verdict.healthy ? "healthy" : "unhealthy");
  if (verdict.changed_at != absl::InfinitePast()) {
    absl::StrAppend(&text, " since ", When(verdict.changed_at, now));
  }
  if (verdict.contrary > 0) {
    const uint32_t threshold =
        verdict.healthy ? check.definition.failure_threshold : check.definition.success_threshold;
    absl::StrAppend(&text, ", ", verdict.contrary, " of ", threshold,
                    verdict.healthy ? " failures in a row" : " successes in a row");
  }
  if (verdict.last.started == absl::InfinitePast()) {
    absl::StrAppend(&text, ", not probed yet");
  } else if (!verdict.last.success || !verdict.healthy) {
    absl::StrAppend(&text, ", last: ", verdict.last.reason);
  }
  return text;
}

std::string PrimaryText(const GroupStanding& group, absl::Time now) {
  return absl::StrCat("primary's ", CheckText(*group.primary, now));
}

std::string SecondaryText(const GroupStanding& group, absl::Time now) {
  if (group.secondary == nullptr) return "secondary has no check and counts as healthy";
  return absl::StrCat("secondary's ", CheckText(*group.secondary, now));
}

std::string ForcedText(const Override& forced, absl::Time now) {
  std::string text = absl::StrCat("forced to ", std::string(WordOf(forced.side)), " by ",
                                  forced.author, " at ", When(forced.since, now));
  if (forced.until == absl::InfiniteFuture()) {
    absl::StrAppend(&text, " until released");
  } else {
    absl::StrAppend(&text, " until ", When(forced.until, now));
  }
  absl::StrAppend(&text, ", reason: ", forced.reason);
  return text;
}

std::string HealthText(const GroupStanding& group, const Moment& now) {
  const std::string primary = PrimaryText(group, now.wall);
  const std::string secondary = SecondaryText(group, now.wall);
  const GroupHealth health = HealthOf(group);
  if (group.waiting) {
    return absl::StrCat(std::string(WordOf(group.state.by_health)),
                        " was answered before, and stays until the primary's check ",
                        group.primary->definition.name, " gave a full verdict");
  }
  if (!health.primary && !health.secondary) {
    return absl::StrCat("all down: ", primary, "; ", secondary,
                        "; the primary is the answer of last resort");
  }
  if (!health.primary) return absl::StrCat(primary, "; ", secondary);
  if (group.state.by_health == Choice::kPrimary || !group.state.primary_healthy_since) {
    return primary;
  }
  const absl::Duration left = *group.state.primary_healthy_since + group.hold_down - now.steady;
  return absl::StrCat(primary, "; held down for another ",
                      absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))), " of ",
                      absl::FormatDuration(group.hold_down), " before it is answered again");
}

}  // namespace

std::string Because(const GroupStanding& group, const Moment& now) {
  const std::string health = HealthText(group, now);
  if (!group.forced) return health;
  return absl::StrCat(ForcedText(*group.forced, now.wall),
                      " (by health alone: ", std::string(WordOf(group.state.by_health)), ", ",
                      health, ")");
}

}  // namespace understudy::control
