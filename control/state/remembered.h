// What control remembers over a restart, as plain values.
//
// Used by: store (reads and writes it), engine (starts from it).
#ifndef UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_
#define UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/event/event.h"
#include "control/failover/decision.h"
#include "control/health/verdict.h"

namespace understudy::control {

struct RememberedCheck {
  std::string fingerprint;  // of the definition the verdict was reached with (FingerprintOf)
  Verdict verdict;
};

struct RememberedGroup {
  GroupState state;  // primary_healthy_since by the wall clock
  Choice choice = Choice::kPrimary;
};

struct Remembered {
  std::map<std::string, RememberedCheck> checks;
  std::map<std::string, RememberedGroup> groups;
  std::map<std::string, Override> overrides;  // by group
  std::vector<Event> events;                  // oldest first
};

// What changed since the last call. An entry without a value was removed.
struct StateChanges {
  std::map<std::string, std::optional<RememberedCheck>> checks;
  std::map<std::string, std::optional<RememberedGroup>> groups;
  std::map<std::string, std::optional<Override>> overrides;
  std::vector<Event> events;

  bool empty() const {
    return checks.empty() && groups.empty() && overrides.empty() && events.empty();
  }
};

// Every field of a check's definition: equal for equal definitions, different for different ones.
std::string FingerprintOf(const HealthCheck& check);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_
