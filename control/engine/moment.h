// Now, by two clocks. `steady` counts on from an arbitrary start and is never set; overrides end by
// the wall clock, hold-downs and expiries run by the steady one.
//
// Used by: engine and what it drives.
#ifndef UNDERSTUDY_CONTROL_ENGINE_MOMENT_H_
#define UNDERSTUDY_CONTROL_ENGINE_MOMENT_H_

#include <algorithm>

#include "absl/time/time.h"

namespace understudy::control {

struct Moment {
  absl::Time wall;
  absl::Time steady;
};

// A past time remembered by the wall clock, on the steady one. One in the future (the clock was set
// back meanwhile) is now; the infinite ones stay.
inline absl::Time ToSteady(absl::Time wall, const Moment& now) {
  return now.steady - std::max(now.wall - wall, absl::ZeroDuration());
}
inline absl::Time ToWall(absl::Time steady, const Moment& now) {
  return now.wall - (now.steady - steady);
}

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_MOMENT_H_
