// The fixture of tests that watch a checker: it counts results by check.
//
// Used by: checker_test, shared_probe_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_COUNTED_CHECKS_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_COUNTED_CHECKS_H_

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "control/health/checker.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {

class CountedChecks : public testing::Test {
 protected:
  Checker::OnResult Counting() {
    return [this](const HealthCheck& check, const ProbeResult& result) {
      ++results_[check.name];
      last_ = result;
    };
  }
  bool Run(const std::function<bool()>& done) { return RunUntil(io_, done); }
  void RunFor(std::chrono::milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }

  boost::asio::io_context io_;
  std::map<std::string, int> results_;
  ProbeResult last_;
};

inline HealthCheck Named(const std::string& name, HealthCheck check) {
  check.name = name;
  return check;
}

inline ScriptedServer::Script Accepting() {
  return [](tcp::socket& s) -> boost::asio::awaitable<void> { co_await ReadToEnd(s); };
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_COUNTED_CHECKS_H_
