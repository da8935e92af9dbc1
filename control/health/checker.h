// Runs the probes of all health checks on one event loop and reports every result.
//
// Used by: engine. Probes are spread over their interval; a check whose definition did not change in
// Apply is not touched, so its rhythm and history go on.
#ifndef UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
#define UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_

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

  // Starts, keeps or stops probing so that exactly `checks` are probed.
  void Apply(const std::map<std::string, HealthCheck>& checks);
  // Ends every probe under way.
  void Stop();

 private:
  struct Task;
  boost::asio::io_context& io_;
  OnResult on_result_;
  std::map<std::string, std::shared_ptr<Task>> tasks_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CHECKER_H_
