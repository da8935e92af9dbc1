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
    case EventKind::kOverrideDropped:
      return true;
    default:
      return false;
  }
}

// An override that ended; what it was is told once more, for its first event may be long gone.
Event EndOf(EventKind kind, const std::string& group, const Override& ended) {
  Event event = EventOf(kind, group);
  event.detail = absl::StrCat("was forced to ", std::string(WordOf(ended.side)));
  event.reason = ended.reason;
  event.author = ended.author;
  return event;
}

}  // namespace

Event EventOf(EventKind kind, std::string subject) {
  Event event;
  event.kind = kind;
  event.subject = std::move(subject);
  return event;
}

Event EventOfVerdict(const CheckStanding& check) {
  const HealthCheck& definition = check.definition;
  const bool healthy = check.verdict.healthy;
  Event event =
      EventOf(healthy ? EventKind::kCheckHealthy : EventKind::kCheckUnhealthy, definition.name);
  event.detail = absl::StrCat(healthy ? definition.success_threshold : definition.failure_threshold,
                              healthy ? " successes" : " failures",
                              " in a row, last: ", check.verdict.last.reason);
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
  for (const auto& [group, forced] : decisions.expired) {
    Record(EndOf(EventKind::kOverrideExpired, group, forced));
  }
  for (const ChoiceChange& change : decisions.changes) {
    Event event = EventOf(EventKind::kGroupChanged, change.group->name);
    event.from = std::string(WordOf(change.from));
    event.to = std::string(WordOf(change.to));
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

void Chronicle::RecordDropped(const DroppedOverrides& dropped) {
  for (const auto& [group, forced] : dropped) {
    Event event = EndOf(EventKind::kOverrideDropped, group, forced);
    event.detail = "the group is gone from the configuration";
    Record(std::move(event));
  }
}

void Chronicle::RecordForced(const std::string& group, const Override& forced) {
  Event event = EventOf(EventKind::kForced, group);
  event.to = std::string(WordOf(forced.side));
  const absl::Duration duration = forced.until - forced.since;
  event.detail = duration == absl::InfiniteDuration()
                     ? "until released"
                     : absl::StrCat("for ", absl::FormatDuration(duration));
  event.reason = forced.reason;
  event.author = forced.author;
  Record(std::move(event));
}

void Chronicle::RecordReleased(const std::string& group, const Override& ended,
                               const std::string& author, const std::string& reason) {
  Event event = EndOf(EventKind::kReleased, group, ended);
  event.reason = reason;
  event.author = author;
  Record(std::move(event));
}

}  // namespace understudy::control
