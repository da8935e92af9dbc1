// Runs the probes of all health checks on one event loop and reports every result.
//
// Used by: engine. Everything here runs on the thread that runs `io`.
//
// Invariants
//  1. A check whose probe did not change in Apply is not touched: its rhythm and a probe under way
//     go on. Its thresholds and the like may change meanwhile.
//  2. After a check was removed or changed, or after Stop or the destructor, no result of what it
//     was is reported any more; its connection is closed before the call returns. OnResult itself
//     may call Apply, Stop or the destructor.
//  3. One probe is under way at most once; the interval runs from its result to the next start
//     (route53.md 2.5), on the monotonic clock, so that a jump of the wall clock changes nothing.
//  4. Probes are spread over their interval; a new check is probed within min(interval, 1 s), later
//     only when more than 5,000 are new at once.
//  5. Checks that are the same probe (same_probe.h) share one, and each of them gets its result.
//  6. Disabled checks, and those that are told or derived (push, calculated), are not probed.
// A check that waits has no coroutine and no timer of its own, only its place in the schedule.
#ifndef UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
#define UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/health/schedule.h"
#include "control/health/verdict.h"

namespace understudy::control {

class Checker {
 public:
  // `on_result` runs on the loop's thread after every probe.
  using OnResult = std::function<void(const HealthCheck&, const ProbeResult&)>;
  Checker(boost::asio::io_context& io, OnResult on_result);
  ~Checker();

  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Probes, not checks: what began and what ended.
  struct Applied {
    size_t started = 0;
    size_t stopped = 0;
  };
  // Gives the definition to hold on to, which is equal to `check`.
  using Keep = std::function<std::shared_ptr<const HealthCheck>(const HealthCheck& check)>;
  static std::shared_ptr<const HealthCheck> KeepCopy(const HealthCheck& check) {
    return std::make_shared<const HealthCheck>(check);
  }
  // Starts, keeps or stops probing so that exactly `checks` are probed. The key is the check's
  // name.
  Applied Apply(const std::map<std::string, HealthCheck>& checks, const Keep& keep = KeepCopy);
  // Ends every probe under way. Apply may start anew.
  void Stop();

 private:
  struct Task;    // one probe, again and again, for one check or several
  struct Shared;  // what a probe under way needs even when the Checker is gone
  struct Entry {
    std::shared_ptr<const HealthCheck> check;
    std::shared_ptr<Task> task;
  };
  static boost::asio::awaitable<void> Attempt(std::shared_ptr<Task> task);
  static void Report(const Task& task, const ProbeResult& result);

  void Start(Task& task);
  void PlanNext(Task& task);
  // False: the check is probed in another way from now on, or no more.
  static bool Update(Entry& entry, const HealthCheck& wanted, const Keep& keep);
  // Whether a probe ended, or began, with it.
  bool Leave(const Entry& entry);
  bool Join(std::shared_ptr<const HealthCheck> check, absl::Duration soon);
  std::shared_ptr<Task> FindTask(const HealthCheck& check, size_t hash) const;
  void Cancel(Task& task);

  boost::asio::io_context& io_;
  std::shared_ptr<Shared> shared_;
  Schedule schedule_;
  std::unordered_map<std::string, Entry> entries_;         // by the check's name
  std::unordered_multimap<size_t, Task*> tasks_by_probe_;  // by HashOfProbe
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
