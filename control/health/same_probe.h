// Which checks are one and the same probe: the same question to the same endpoint in the same
// rhythm, however different what is made of the result.
//
// Used by: checker. Pure.
#ifndef UNDERSTUDY_CONTROL_HEALTH_SAME_PROBE_H_
#define UNDERSTUDY_CONTROL_HEALTH_SAME_PROBE_H_

#include <cstddef>

#include "control/config/desired_state.h"

namespace understudy::control {

// Whether one probe can serve both. Of an exec check the name counts, for its program is told it.
bool IsSameProbe(const HealthCheck& a, const HealthCheck& b);
// Equal for those.
size_t HashOfProbe(const HealthCheck& check);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_SAME_PROBE_H_
