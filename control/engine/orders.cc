// The part of Engine that carries out what operators, and systems outside, say.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/engine/engine.h"

namespace understudy::control {

absl::Status Engine::Push(const std::string& check, bool healthy, const Order& order,
                          Durable durable) {
  const Moment at = now();
  const auto found = standing_.checks().find(check);
  const bool was_healthy = found != standing_.checks().end() && IsHealthyByNow(found->second);
  std::string reason = absl::StrCat("told by ", order.author);
  if (!order.reason.empty()) absl::StrAppend(&reason, ": ", order.reason);
  const ProbeResult word{.success = healthy, .reason = std::move(reason), .started = at.wall};
  if (absl::Status status = standing_.Push(check, word, at); !status.ok()) return status;
  if (IsHealthyByNow(found->second) != was_healthy) {
    verdicts_.push_back(EventOfVerdict(found->second));
  }
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

void Engine::SetOverride(const OverrideOrder& order, Durable durable) {
  const absl::Time wall = now().wall;
  for (const OverrideTarget& target : order.targets) {
    const Override override = {.side = ChoiceOf(target.tier),
                               .since = wall,
                               .until = wall + order.duration,
                               .reason = order.reason,
                               .author = order.author};
    const absl::Status status = order.kind == OverrideKind::kForce
                                    ? standing_.Force(target.group->name, override)
                                    : standing_.Drain(target.group->name, override);
    if (status.ok()) chronicle_.RecordOverride(order.kind, *target.group, override);
  }
  Turn();
  Save(std::move(durable));
}

absl::Status Engine::Release(const std::vector<const GroupStanding*>& groups,
                             const std::string& side, const Order& order, Durable durable) {
  absl::Status status;
  size_t released = 0;
  for (const GroupStanding* group : groups) {
    const std::optional<uint8_t> tier = TierOf(*group, side);
    if (!side.empty() && !tier) continue;
    const absl::StatusOr<std::vector<EndedOverride>> ended = standing_.Release(group->name, tier);
    if (!ended.ok()) {
      status = ended.status();
      continue;
    }
    released += ended->size();
    for (const EndedOverride& one : *ended) {
      chronicle_.RecordReleased(one, order.author, order.reason);
    }
  }
  if (released == 0) {
    return groups.size() == 1 && !status.ok()
               ? status
               : absl::FailedPreconditionError(absl::StrCat(
                     "none of these ", groups.size(), " groups is forced or has a drained side",
                     side.empty() ? "" : absl::StrCat(", not by the side '", side, "'")));
  }
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

absl::Status Engine::FailBack(const std::vector<const GroupStanding*>& groups, const Order& order,
                              Durable durable) {
  absl::Status status;
  size_t moved = 0;
  for (const GroupStanding* group : groups) {
    absl::Status one = standing_.FailBack(group->name);
    if (!one.ok()) {
      status = std::move(one);
      continue;
    }
    ++moved;
    Event event = EventOf(EventKind::kFailedBack, group->name);
    event.reason = order.reason;
    event.author = order.author;
    chronicle_.Record(std::move(event));
  }
  if (moved == 0) {
    return groups.size() == 1
               ? status
               : absl::FailedPreconditionError("none of these groups has a better side to go to");
  }
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

void Engine::SetFreeze(absl::Duration duration, const Order& order, Durable durable) {
  const absl::Time wall = now().wall;
  const Freeze freeze{.by_operator = true,
                      .since = wall,
                      .until = wall + duration,
                      .reason = order.reason,
                      .author = order.author};
  standing_.SetFreeze(freeze);
  chronicle_.RecordFreeze(freeze);
  Turn();
  Save(std::move(durable));
}

absl::Status Engine::Thaw(const Order& order, Durable durable) {
  const absl::StatusOr<Freeze> ended = standing_.Thaw();
  if (!ended.ok()) return ended.status();
  chronicle_.RecordThaw(*ended, order.author, order.reason);
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

void Engine::Note(Event event) {
  chronicle_.Record(std::move(event));
  Save(nullptr);
}

}  // namespace understudy::control
