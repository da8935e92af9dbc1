// Why a group answers what it answers, in plain words.
//
// Used by: engine (events), api (explain, groups).
#ifndef UNDERSTUDY_CONTROL_ENGINE_BECAUSE_H_
#define UNDERSTUDY_CONTROL_ENGINE_BECAUSE_H_

#include <string>

#include "control/engine/standing.h"

namespace understudy::control {

// "primary is unhealthy since 12:03:04 (last: connect: connection refused); secondary has no check
// and counts as healthy". Times are of day, in UTC, with the date when it is not today's.
std::string Because(const GroupStanding& group, const Moment& now);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_BECAUSE_H_
