#include "control/engine/chronicle.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "control/engine/because.h"

namespace understudy::control {
namespace {

bool IsTrouble(EventKind kind) {
  switch (kind) {
    case EventKind::kCheckUnhealthy:
    case EventKind::kGroupAllDown:
    case EventKind::kTableFailed:
    case EventKind::kTableRefused:
    case EventKind::kReloadFailed:
    case EventKind::kDataplaneVanished:
    case EventKind::kSelectionUnobserved:
    case EventKind::kPublicationFailed:
    case EventKind::kStateTrouble:
    case EventKind::kAccessTrouble:
    case EventKind::kOverrideDropped:
    case EventKind::kFrozen:
      return true;
    default:
      return false;
  }
}

// An override that ended; what it was is told once more, for its first event may be long gone.
Event EndOf(EventKind kind, const EndedOverride& ended) {
  Event event = EventOf(kind, ended.key.group);
  event.detail = ended.key.kind == OverrideKind::kForce ? absl::StrCat("was forced to ", ended.side)
                                                        : absl::StrCat(ended.side, " was drained");
  event.reason = ended.override.reason;
  event.author = ended.override.author;
  return event;
}

std::string LengthOf(absl::Time since, absl::Time until) {
  const absl::Duration duration = until - since;
  return duration == absl::InfiniteDuration()
             ? "until released"
             : absl::StrCat("for ", absl::FormatDuration(duration));
}

}  // namespace

Event EventOf(EventKind kind, std::string subject) {
  Event event;
  event.kind = kind;
  event.subject = std::move(subject);
  return event;
}

Event EventOfVerdict(const CheckStanding& check) {
  const HealthCheck& definition = *check.definition;
  const bool healthy = IsHealthyByNow(check);
  Event event =
      EventOf(healthy ? EventKind::kCheckHealthy : EventKind::kCheckUnhealthy, definition.name);
  const bool succeeds = check.verdict.healthy;
  if (IsProbed(definition.type)) {
    event.detail =
        absl::StrCat(succeeds ? definition.success_threshold : definition.failure_threshold,
                     succeeds ? " successes" : " failures",
                     definition.counting == Counting::kConsecutive || succeeds ? " in a row" : "",
                     ", last: ", check.verdict.last.reason);
  } else {
    event.detail = check.verdict.last.reason;
  }
  if (definition.inverted) absl::StrAppend(&event.detail, " (inverted)");
  return event;
}

void Chronicle::Record(Event event) {
  event.time = clock_().wall;
  const Event& kept = log_.Add(std::move(event));
  unsaved_.push_back(kept);
  spdlog::log(IsTrouble(kept.kind) ? spdlog::level::warn : spdlog::level::info, "{}",
              Sentence(kept));
}

void Chronicle::RecordDecisions(const Decisions& decisions, uint64_t selection) {
  if (decisions.frozen) RecordFreeze(*decisions.frozen);
  if (decisions.thawed) RecordThaw(*decisions.thawed, "", "");
  for (const EndedOverride& ended : decisions.expired) {
    Record(EndOf(EventKind::kOverrideExpired, ended));
  }
  for (const ChoiceChange& change : decisions.changes) {
    Event event = EventOf(EventKind::kGroupChanged, change.group->name);
    event.from = std::string(WordOf(*change.group, change.from));
    event.to = std::string(WordOf(*change.group, change.to));
    event.cause = std::string(WordOf(change.cause));
    // A forced side needs no more words than the event of the force itself.
    if (change.cause != Cause::kForced) event.detail = Because(*change.group, clock_());
    event.selection = selection;
    Record(std::move(event));
  }
  for (const GroupStanding* group : decisions.all_down) {
    Event event = EventOf(EventKind::kGroupAllDown, group->name);
    event.detail = Because(*group, clock_());
    Record(std::move(event));
  }
}

void Chronicle::RecordDropped(const std::vector<EndedOverride>& dropped) {
  for (const EndedOverride& ended : dropped) {
    Event event = EndOf(EventKind::kOverrideDropped, ended);
    absl::StrAppend(&event.detail, ", and is gone from the configuration");
    Record(std::move(event));
  }
}

void Chronicle::RecordOverride(OverrideKind kind, const GroupStanding& group,
                               const Override& override) {
  Event event =
      EventOf(kind == OverrideKind::kForce ? EventKind::kForced : EventKind::kDrained, group.name);
  const std::string side(WordOf(group, override.side));
  event.detail = LengthOf(override.since, override.until);
  if (kind == OverrideKind::kForce) {
    event.to = side;
  } else {
    event.detail = absl::StrCat(side, " ", event.detail);
  }
  event.reason = override.reason;
  event.author = override.author;
  Record(std::move(event));
}

void Chronicle::RecordReleased(const EndedOverride& ended, const std::string& author,
                               const std::string& reason) {
  Event event = EndOf(EventKind::kReleased, ended);
  event.reason = reason;
  event.author = author;
  Record(std::move(event));
}

void Chronicle::RecordFreeze(const Freeze& freeze) {
  Event event = EventOf(EventKind::kFrozen);
  event.detail = LengthOf(freeze.since, freeze.until);
  event.reason = freeze.reason;
  event.author = freeze.author;
  Record(std::move(event));
}

void Chronicle::RecordThaw(const Freeze& ended, const std::string& author,
                           const std::string& reason) {
  Event event = EventOf(EventKind::kThawed);
  event.detail = absl::StrCat("was frozen by ", ended.author, ": ", ended.reason);
  event.reason = reason;
  event.author = author;
  Record(std::move(event));
}

}  // namespace understudy::control
