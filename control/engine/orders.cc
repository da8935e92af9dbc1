// The part of Engine that carries out what operators, and systems outside, say.
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
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
    untold_.push_back(EventOfVerdict(found->second));
  }
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

// One order over many groups. What it does is put aside until it is through.
struct Engine::Sweep {
  std::vector<const GroupStanding*> groups;       // by name, perhaps twice
  std::function<void(size_t, Sweep&)> act;        // upon the group in that place
  std::function<absl::Status(const Sweep&)> end;  // an error: nothing was changed by it
  InEffect in_effect;
  Durable durable;
  size_t done = 0;
  size_t changed = 0;
  absl::Status status;  // the last group's that was refused
  Standing::Row row;
  std::vector<Event> events;
};

void Engine::Begin(const std::shared_ptr<Sweep>& sweep) {
  sweep->events.reserve(sweep->groups.size());
  work_.Do([this, sweep] {
    if (SweepPiece(*sweep)) return true;
    Commit(*sweep);
    return false;
  });
}

// A group is not decided between two of its sides.
bool Engine::SweepPiece(Sweep& sweep) {
  standing_.Swap(sweep.row);
  const absl::Cleanup back = [&] { standing_.Swap(sweep.row); };
  const std::vector<const GroupStanding*>& groups = sweep.groups;
  for (size_t i = 0; sweep.done < groups.size(); ++i) {
    if (i >= kWorkPiece && groups[sweep.done] != groups[sweep.done - 1]) break;
    sweep.act(sweep.done++, sweep);
  }
  standing_.DecideRow(now());
  return sweep.done < groups.size();
}

void Engine::Commit(Sweep& sweep) {
  const absl::Status status = sweep.end ? sweep.end(sweep) : absl::OkStatus();
  if (!status.ok()) return sweep.in_effect(status);
  if (untold_.empty()) untold_.swap(sweep.events);
  untold_.insert(untold_.end(), std::make_move_iterator(sweep.events.begin()),
                 std::make_move_iterator(sweep.events.end()));
  standing_.TellToo(std::exchange(sweep.row.next, {}));
  DecideAndTell();
  SaveRow(std::move(sweep.row), std::move(sweep.durable));
  Turn();
  sweep.in_effect(status);
}

void Engine::SetOverride(OverrideOrder order, InEffect in_effect, Durable durable) {
  auto sweep = std::make_shared<Sweep>();
  sweep->groups.reserve(order.targets.size());
  for (const OverrideTarget& target : order.targets) sweep->groups.push_back(target.group);
  sweep->act = [this, order = std::move(order), wall = now().wall](size_t i, Sweep& under_way) {
    const OverrideTarget& target = order.targets[i];
    const Override override = {.side = ChoiceOf(target.tier),
                               .since = wall,
                               .until = wall + order.duration,
                               .reason = order.reason,
                               .author = order.author};
    const absl::Status status = order.kind == OverrideKind::kForce
                                    ? standing_.Force(target.group->name, override)
                                    : standing_.Drain(target.group->name, override);
    if (!status.ok()) return;
    under_way.events.push_back(EventOfOverride(order.kind, *target.group, override));
  };
  sweep->in_effect = std::move(in_effect);
  sweep->durable = std::move(durable);
  Begin(sweep);
}

void Engine::Release(std::vector<const GroupStanding*> groups, std::string side, Order order,
                     InEffect in_effect, Durable durable) {
  auto sweep = std::make_shared<Sweep>();
  sweep->groups = std::move(groups);
  sweep->act = [this, side, order = std::move(order)](size_t i, Sweep& under_way) {
    const GroupStanding& group = *under_way.groups[i];
    const std::optional<uint8_t> tier = TierOf(group, side);
    if (!side.empty() && !tier) return;
    const absl::StatusOr<std::vector<EndedOverride>> ended = standing_.Release(group.name, tier);
    if (!ended.ok()) {
      under_way.status = ended.status();
      return;
    }
    under_way.changed += ended->size();
    for (const EndedOverride& one : *ended) {
      under_way.events.push_back(EventOfReleased(one, order.author, order.reason));
    }
  };
  sweep->end = [side = std::move(side)](const Sweep& done) {
    if (done.changed > 0) return absl::OkStatus();
    if (done.groups.size() == 1 && !done.status.ok()) return done.status;
    return absl::FailedPreconditionError(absl::StrCat(
        "none of these ", done.groups.size(), " groups is forced or has a drained side",
        side.empty() ? "" : absl::StrCat(", not by the side '", side, "'")));
  };
  sweep->in_effect = std::move(in_effect);
  sweep->durable = std::move(durable);
  Begin(sweep);
}

void Engine::FailBack(std::vector<const GroupStanding*> groups, Order order, InEffect in_effect,
                      Durable durable) {
  auto sweep = std::make_shared<Sweep>();
  sweep->groups = std::move(groups);
  sweep->act = [this, order = std::move(order)](size_t i, Sweep& under_way) {
    const std::string& group = under_way.groups[i]->name;
    if (absl::Status one = standing_.FailBack(group); !one.ok()) {
      under_way.status = std::move(one);
      return;
    }
    ++under_way.changed;
    Event event = EventOf(EventKind::kFailedBack, group);
    event.reason = order.reason;
    event.author = order.author;
    under_way.events.push_back(std::move(event));
  };
  sweep->end = [](const Sweep& done) {
    if (done.changed > 0) return absl::OkStatus();
    return done.groups.size() == 1
               ? done.status
               : absl::FailedPreconditionError("none of these groups has a better side to go to");
  };
  sweep->in_effect = std::move(in_effect);
  sweep->durable = std::move(durable);
  Begin(sweep);
}

void Engine::SetFreeze(absl::Duration duration, const Order& order, Durable durable) {
  const absl::Time wall = now().wall;
  const Freeze freeze{.by_operator = true,
                      .since = wall,
                      .until = wall + duration,
                      .reason = order.reason,
                      .author = order.author};
  standing_.SetFreeze(freeze);
  chronicle_.Record(EventOfFreeze(freeze));
  Turn();
  Save(std::move(durable));
}

absl::Status Engine::Thaw(const Order& order, Durable durable) {
  const absl::StatusOr<Freeze> ended = standing_.Thaw();
  if (!ended.ok()) return ended.status();
  chronicle_.Record(EventOfThaw(*ended, order.author, order.reason));
  Turn();
  Save(std::move(durable));
  return absl::OkStatus();
}

void Engine::Note(Event event) {
  chronicle_.Record(std::move(event));
  Save(nullptr);
}

}  // namespace understudy::control
