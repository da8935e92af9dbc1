// The exec check: runs a program of the operator and passes when it exits with status 0.
//
// Used by: probe. The limits it runs under: program.h; how many run at once: programs.h.
//  1. The first line of what it writes, printable and cut, is part of the reason; nothing else of
//     its output is used. More than kMaxOutput fails the check, so that no program keeps the loop
//     reading.
//  2. Its time is response_timeout, from the start of the program and not of the wait for a place:
//     waiting is never a failure.
//  3. Connection::Abort kills it before it returns.
#ifndef UNDERSTUDY_CONTROL_HEALTH_EXEC_PROBE_H_
#define UNDERSTUDY_CONTROL_HEALTH_EXEC_PROBE_H_

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "control/config/desired_state.h"
#include "control/health/connection.h"
#include "control/health/programs.h"
#include "control/health/verdict.h"

namespace understudy::control {

inline constexpr size_t kMaxOutput = 64 << 10;

// Fills success, reason, conclusive and started.
boost::asio::awaitable<ProbeResult> ProbeExec(Connection& connection, const HealthCheck& check,
                                              Programs& programs);

// The first line of `output` that has anything in it, as it stands in a reason.
std::string FirstLine(std::string_view output);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_EXEC_PROBE_H_
