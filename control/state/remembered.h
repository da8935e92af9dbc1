// What control remembers over a restart, as plain values.
//
// Used by: store (reads and writes it), engine (starts from it).
#ifndef UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_
#define UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/configuration.h"
#include "control/event/event.h"
#include "control/failover/decision.h"
#include "control/health/verdict.h"

namespace understudy::control {

struct RememberedCheck {
  std::string fingerprint;  // of the definition the verdict was reached with (FingerprintOf)
  Verdict verdict;
  bool healthy = true;                             // what groups went by
  absl::Time changed_at = absl::InfinitePast();    // when that last changed
  absl::Time expires_at = absl::InfiniteFuture();  // push: wall clock
};

struct RememberedGroup {
  GroupState state;  // penalty_at by the wall clock
  Choice choice = Choice::kPrimary;
  std::vector<std::string> sides;  // names of the places in both; empty: not known
};

// The words are stored. An operator's, but for a freeze by self-doubt.
enum class OverrideKind : uint8_t { kForce, kDrain, kFreeze };
constexpr std::string_view WordOf(OverrideKind kind) {
  switch (kind) {
    case OverrideKind::kForce:
      return "force";
    case OverrideKind::kDrain:
      return "drain";
    case OverrideKind::kFreeze:
      return "freeze";
  }
  return "unknown";
}

// Which override it is: one force for a group, one drain for each of its sides, and one freeze.
struct OverrideKey {
  std::string group;  // empty: of the whole node
  OverrideKind kind = OverrideKind::kForce;
  std::string drained;  // the side of a drain; else empty
  auto operator<=>(const OverrideKey&) const = default;
};

// Sides by name: the next start may find another one in their place.
struct RememberedOverride {
  std::string side;  // of a freeze: who says so, kByOperator or kBySelfDoubt
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  std::string reason;
  std::string author;
};
inline constexpr char kByOperator[] = "operator";
inline constexpr char kBySelfDoubt[] = "self_doubt";
// A side by its place, as files before version 3 had it: "#2". No side is called that.
inline constexpr char kByPlace = '#';

struct Remembered {
  std::map<std::string, RememberedCheck> checks;
  std::map<std::string, RememberedGroup> groups;
  std::map<OverrideKey, RememberedOverride> overrides;
  std::vector<Event> events;                           // oldest first
  std::shared_ptr<const Configuration> configuration;  // the applied one; null: there is none
};

// What changed since the last call. An entry without a value was removed.
struct StateChanges {
  std::map<std::string, std::optional<RememberedCheck>> checks;
  std::map<std::string, std::optional<RememberedGroup>> groups;
  std::map<OverrideKey, std::optional<RememberedOverride>> overrides;
  std::vector<Event> events;

  bool empty() const {
    return checks.empty() && groups.empty() && overrides.empty() && events.empty();
  }
};

// Every field of a check's definition: equal for equal definitions, different for different ones.
std::string FingerprintOf(const HealthCheck& check);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_STATE_REMEMBERED_H_
