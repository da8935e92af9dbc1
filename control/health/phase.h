// When the checks of a fresh start are probed first, so that thousands of them do not go out as one
// burst, now or in any later round.
//
// Used by: checker. Pure: a check's place depends on its name and on how many there are, so it is
// the same on every start. An interval up to `soon`: the first probe lies anywhere in the interval.
// A longer one: the first probe lies within `soon`, because a new check should be known soon; the
// gap to the second one is cut to a fraction of the interval, which spreads all later rounds over
// the whole of it.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PHASE_H_
#define UNDERSTUDY_CONTROL_HEALTH_PHASE_H_

#include <cstddef>
#include <string_view>

#include "absl/time/time.h"

namespace understudy::control {

// 1 s, or for many checks what keeps their first round at 5,000 probes a second.
absl::Duration SoonFor(size_t checks);
// From the start of a check to its first probe: less than min(interval, soon).
absl::Duration FirstDelay(std::string_view name, absl::Duration interval, absl::Duration soon);
// From the end of its first probe to its second: at most the interval.
absl::Duration SecondDelay(std::string_view name, absl::Duration interval, absl::Duration soon);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PHASE_H_
