// Runs the probes of all health checks on one event loop and reports every result.
//
// Used by: engine. Everything here runs on the thread that runs `io`.
//
// Invariants
//  1. A check whose definition did not change in Apply is not touched: its rhythm and a probe under
//     way go on.
//  2. After a check was removed or changed, or after Stop or the destructor, no result of it is
//     reported any more; its connection is closed before the call returns. OnResult itself may call
//     Apply, Stop or the destructor.
//  3. One check has at most one probe under way; the interval runs from its result to the next
//     start (route53.md 2.5), on the monotonic clock, so that a jump of the wall clock changes
//     nothing.
//  4. Checks are spread over their interval; a new one is probed within min(interval, 1 s).
#ifndef UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
#define UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "control/config/desired_state.h"
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

  // Starts, keeps or stops probing so that exactly `checks` are probed. The key is the check's
  // name.
  void Apply(const std::map<std::string, HealthCheck>& checks);
  // Ends every probe under way. Apply may start anew.
  void Stop();

 private:
  struct Task;
  struct Shared;  // what a probe under way needs even when the Checker is gone
  static boost::asio::awaitable<void> Run(std::shared_ptr<Task> task);

  boost::asio::io_context& io_;
  std::shared_ptr<const Shared> shared_;
  std::map<std::string, std::shared_ptr<Task>> tasks_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
