#include "control/engine/chronicle.h"

#include <spdlog/spdlog.h>

#include <algorithm>
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

Event EventOfOverride(OverrideKind kind, const GroupStanding& group, const Override& override) {
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
  return event;
}

Event EventOfReleased(const EndedOverride& ended, const std::string& author,
                      const std::string& reason) {
  Event event = EndOf(EventKind::kReleased, ended);
  event.reason = reason;
  event.author = author;
  return event;
}

Event EventOfFreeze(const Freeze& freeze) {
  Event event = EventOf(EventKind::kFrozen);
  event.detail = LengthOf(freeze.since, freeze.until);
  event.reason = freeze.reason;
  event.author = freeze.author;
  return event;
}

Event EventOfThaw(const Freeze& ended, const std::string& author, const std::string& reason) {
  Event event = EventOf(EventKind::kThawed);
  event.detail = absl::StrCat("was frozen by ", ended.author, ": ", ended.reason);
  event.reason = reason;
  event.author = author;
  return event;
}

void Chronicle::Record(Event event) {
  event.time = clock_().wall;
  const Event& kept = log_.Add(std::move(event));
  // The store keeps no more than these, and of very many they come in pieces.
  if (unsaved_.size() >= 2 * kKeptEvents) {
    unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(kKeptEvents));
  }
  unsaved_.push_back(kept);
  spdlog::log(IsTrouble(kept.kind) ? spdlog::level::warn : spdlog::level::info, "{}",
              Sentence(kept));
}

Event Chronicle::EventOfChange(const ChoiceChange& change, uint64_t selection) const {
  Event event = EventOf(EventKind::kGroupChanged, change.group->name);
  event.from = std::string(WordOf(*change.group, change.from));
  event.to = std::string(WordOf(*change.group, change.to));
  event.cause = std::string(WordOf(change.cause));
  // A forced side needs no more words than the event of the force itself.
  if (change.cause != Cause::kForced) event.detail = Because(*change.group, clock_());
  event.selection = selection;
  return event;
}

Event Chronicle::EventToTell(Telling& telling, size_t place) const {
  if (place < telling.events.size()) return std::move(telling.events[place]);
  place -= telling.events.size();
  const Decisions& decisions = telling.decisions;
  if (place < decisions.expired.size()) {
    return EndOf(EventKind::kOverrideExpired, decisions.expired[place]);
  }
  place -= decisions.expired.size();
  if (place < decisions.changes.size()) {
    return EventOfChange(decisions.changes[place], telling.selection);
  }
  const GroupStanding& group = *decisions.all_down[place - decisions.changes.size()];
  Event event = EventOf(EventKind::kGroupAllDown, group.name);
  event.detail = Because(group, clock_());
  return event;
}

bool Chronicle::RecordPiece(Telling& telling, size_t limit) {
  const size_t end = std::min(telling.size(), telling.told + limit);
  while (telling.told < end) Record(EventToTell(telling, telling.told++));
  return end < telling.size();
}

void Chronicle::RecordDropped(const std::vector<EndedOverride>& dropped) {
  for (const EndedOverride& ended : dropped) {
    Event event = EndOf(EventKind::kOverrideDropped, ended);
    absl::StrAppend(&event.detail, ", and is gone from the configuration");
    Record(std::move(event));
  }
}

}  // namespace understudy::control
