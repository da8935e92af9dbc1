// An exec check that runs a line of shell, with time enough.
//
// Used by: exec_probe_test, programs_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_SHELL_CHECK_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_SHELL_CHECK_H_

#include <string>

#include "tests/control/health/scripted_server.h"

namespace understudy::control {

inline HealthCheck Shell(const std::string& script, const std::string& name = "check") {
  HealthCheck check = PatientCheck(CheckType::kExec, 0);
  check.name = name;
  check.command = {"/bin/sh", "-c", script};
  check.response_timeout = absl::Seconds(10);
  return check;
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_SHELL_CHECK_H_
