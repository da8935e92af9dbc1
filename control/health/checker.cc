#include "control/health/checker.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "control/health/connection.h"
#include "control/health/phase.h"
#include "control/health/probe.h"
#include "control/health/probe_context.h"
#include "control/health/same_probe.h"

namespace understudy::control {

namespace asio = boost::asio;
using Clock = Connection::Clock;

struct Checker::Shared {
  explicit Shared(OnResult callback) : on_result(std::move(callback)) {}

  OnResult on_result;
  ProbeContext context;
};

struct Checker::Task final : Schedule::Item, std::enable_shared_from_this<Task> {
  Task(Checker& owner, size_t probe_hash, absl::Duration first_round)
      : checker(&owner), shared(owner.shared_), hash(probe_hash), soon(first_round) {}

  void Due(bool stood_still) override {
    if (!stood_still) return checker->Start(*this);
    // So was every other check: their rhythms would all start anew in the same instant, and stay
    // together.
    checker->schedule_.Add(*this, Clock::now() + FirstDelay());
  }
  const HealthCheck& definition() const { return *checks.front(); }
  Clock::duration FirstDelay() const {
    return ToClock(control::FirstDelay(definition().name, definition().interval, soon));
  }

  Checker* checker;  // null: cancelled
  const std::shared_ptr<Shared> shared;
  // All the same probe, never empty while the task is not cancelled.
  std::vector<std::shared_ptr<const HealthCheck>> checks;
  std::shared_ptr<Connection> connection;  // of the probe under way, or still closing
  const size_t hash;
  const absl::Duration soon;
  uint32_t changes = 0;  // of `checks`
  bool probed = false;
};

Checker::Checker(asio::io_context& io, OnResult on_result)
    : io_(io), shared_(std::make_shared<Shared>(std::move(on_result))), schedule_(io) {}

Checker::~Checker() { Stop(); }

void Checker::Start(Task& task) {
  if (task.connection) task.connection->Abort();  // not yet closed after a whole interval
  task.connection = std::make_shared<Connection>(io_.get_executor());
  asio::co_spawn(io_, Attempt(task.shared_from_this()), [](const std::exception_ptr& error) {
    // Only the callback can throw; that is for whoever runs the loop to know.
    if (error) std::rethrow_exception(error);
  });
}

// Lives in its own frame, which owns the task: the Checker may be gone when it ends. After every
// suspension, and after the callbacks, it is looked whether the task was cancelled.
asio::awaitable<void> Checker::Attempt(std::shared_ptr<Task> task) {
  const std::shared_ptr<Connection> connection = task->connection;
  const std::shared_ptr<const HealthCheck> check = task->checks.front();
  const ProbeResult result = co_await RunProbe(*connection, *check, task->shared->context);
  if (task->checker == nullptr) co_return;
  task->checker->PlanNext(*task);
  Report(*task, result);
  if (task->checker == nullptr) co_return;
  co_await connection->Close();
  if (task->connection == connection) task->connection.reset();
}

void Checker::PlanNext(Task& task) {
  const HealthCheck& check = task.definition();
  const absl::Duration gap = std::exchange(task.probed, true)
                                 ? check.interval
                                 : SecondDelay(check.name, check.interval, task.soon);
  schedule_.Add(task, Clock::now() + ToClock(gap));
}

void Checker::Report(const Task& task, const ProbeResult& result) {
  const std::vector<std::shared_ptr<const HealthCheck>> checks = task.checks;
  const uint32_t changes = task.changes;
  for (const std::shared_ptr<const HealthCheck>& check : checks) {
    // A callback may have removed any of them, or everything.
    if (task.changes != changes && std::ranges::find(task.checks, check) == task.checks.end()) {
      continue;
    }
    task.shared->on_result(*check, result);
  }
}

Checker::Applied Checker::Apply(const std::map<std::string, HealthCheck>& checks,
                                const Keep& keep) {
  Applied applied;
  for (auto named = entries_.begin(); named != entries_.end();) {
    const auto wanted = checks.find(named->first);
    if (wanted != checks.end() && Update(named->second, wanted->second, keep)) {
      ++named;
      continue;
    }
    applied.stopped += Leave(named->second) ? 1 : 0;
    named = entries_.erase(named);
  }
  entries_.reserve(checks.size());
  const absl::Duration soon = SoonFor(checks.size() - std::min(checks.size(), entries_.size()));
  for (const auto& [name, check] : checks) {
    if (check.disabled || !IsProbed(check.type) || entries_.contains(name)) continue;
    applied.started += Join(keep(check), soon) ? 1 : 0;
  }
  return applied;
}

bool Checker::Update(Entry& entry, const HealthCheck& wanted, const Keep& keep) {
  if (*entry.check == wanted) return true;
  if (wanted.disabled || !IsSameProbe(*entry.check, wanted)) return false;
  std::shared_ptr<const HealthCheck> kept = keep(wanted);
  std::ranges::replace(entry.task->checks, entry.check, kept);
  ++entry.task->changes;
  entry.check = std::move(kept);
  return true;
}

bool Checker::Leave(const Entry& entry) {
  Task& task = *entry.task;
  ++task.changes;
  std::erase(task.checks, entry.check);
  if (!task.checks.empty()) return false;
  Cancel(task);
  return true;
}

bool Checker::Join(std::shared_ptr<const HealthCheck> check, absl::Duration soon) {
  const size_t hash = HashOfProbe(*check);
  std::shared_ptr<Task> task = FindTask(*check, hash);
  const bool is_new = task == nullptr;
  if (is_new) task = std::make_shared<Task>(*this, hash, soon);
  ++task->changes;
  task->checks.push_back(check);
  const std::string& name = check->name;
  entries_.emplace(name, Entry{std::move(check), task});
  if (!is_new) return false;
  tasks_by_probe_.emplace(hash, task.get());
  schedule_.Add(*task, Clock::now() + task->FirstDelay());
  return true;
}

std::shared_ptr<Checker::Task> Checker::FindTask(const HealthCheck& check, size_t hash) const {
  const auto [first, last] = tasks_by_probe_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry) {
    if (IsSameProbe(entry->second->definition(), check)) return entry->second->shared_from_this();
  }
  return nullptr;
}

void Checker::Cancel(Task& task) {
  task.checker = nullptr;
  ++task.changes;
  schedule_.Remove(task);
  if (task.connection) task.connection->Abort();
  const auto [first, last] = tasks_by_probe_.equal_range(task.hash);
  for (auto entry = first; entry != last; ++entry) {
    if (entry->second != &task) continue;
    tasks_by_probe_.erase(entry);
    return;
  }
}

void Checker::Stop() {
  for (auto& [name, entry] : std::exchange(entries_, {})) {
    entry.task->checks.clear();
    if (entry.task->checker != nullptr) Cancel(*entry.task);
  }
}

}  // namespace understudy::control
