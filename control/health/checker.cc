#include "control/health/checker.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "control/health/connection.h"
#include "control/health/phase.h"
#include "control/health/probe.h"
#include "control/health/probe_context.h"

namespace understudy::control {

namespace asio = boost::asio;
using Clock = Connection::Clock;

namespace {

// Woken this late, the process stood still, and so did every other check: their rhythms would all
// start anew in the same instant and stay together.
constexpr std::chrono::milliseconds kStoodStill{500};

}  // namespace

struct Checker::Shared {
  explicit Shared(OnResult callback) : on_result(std::move(callback)) {}

  OnResult on_result;
  mutable ProbeContext context;
};

struct Checker::Task {
  Task(const asio::any_io_executor& executor, HealthCheck definition,
       std::shared_ptr<const Shared> common)
      : check(std::move(definition)), shared(std::move(common)), timer(executor) {}

  void Cancel() {
    cancelled = true;
    timer.cancel();
    if (connection.has_value()) connection->Abort();
  }

  const HealthCheck check;
  const std::shared_ptr<const Shared> shared;
  asio::steady_timer timer;
  std::optional<Connection> connection;  // of the probe under way
  bool cancelled = false;
};

Checker::Checker(asio::io_context& io, OnResult on_result)
    : io_(io), shared_(std::make_shared<Shared>(std::move(on_result))) {}

Checker::~Checker() { Stop(); }

// Lives in its own frame, which owns the task: the Checker may be gone when it ends. After every
// suspension, and after the callback, `cancelled` is looked at before anything else is done.
asio::awaitable<void> Checker::Run(std::shared_ptr<Task> task) {
  const HealthCheck& check = task->check;
  const auto phase = ToClock(FirstDelay(check.name, check.interval));
  auto next = Clock::now() + phase;
  auto gap = ToClock(SecondDelay(check.name, check.interval));
  while (!task->cancelled) {
    task->timer.expires_at(next);
    co_await task->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (task->cancelled) break;
    if (const auto now = Clock::now(); now > next + kStoodStill) {
      next = now + phase;
      continue;
    }
    task->connection.emplace(task->timer.get_executor());
    const ProbeResult result = co_await RunProbe(*task->connection, check, task->shared->context);
    if (task->cancelled) break;
    next = Clock::now() + std::exchange(gap, ToClock(check.interval));
    task->shared->on_result(check, result);
    if (task->cancelled) break;
    co_await task->connection->Close();
    task->connection.reset();
  }
}

void Checker::Apply(const std::map<std::string, HealthCheck>& checks) {
  std::erase_if(tasks_, [&checks](const auto& entry) {
    const auto wanted = checks.find(entry.first);
    if (wanted != checks.end() && wanted->second == entry.second->check) return false;
    entry.second->Cancel();
    return true;
  });
  for (const auto& [name, check] : checks) {
    if (tasks_.contains(name)) continue;
    const auto task = std::make_shared<Task>(io_.get_executor(), check, shared_);
    tasks_.emplace(name, task);
    asio::co_spawn(io_, Run(task), [](const std::exception_ptr& error) {
      // Only the callback can throw; that is for whoever runs the loop to know.
      if (error) std::rethrow_exception(error);
    });
  }
}

void Checker::Stop() {
  for (const auto& [name, task] : tasks_) task->Cancel();
  tasks_.clear();
}

}  // namespace understudy::control
