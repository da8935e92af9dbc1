// Overrides over several groups at once: which groups and sides an operator's words mean, and what
// it would change. Reads only; Engine sets them.
//
// Used by: engine (acts), api (shows first).
#ifndef UNDERSTUDY_CONTROL_ENGINE_OVERRIDES_H_
#define UNDERSTUDY_CONTROL_ENGINE_OVERRIDES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "control/engine/standing.h"

namespace understudy::control {

// Which groups, and which of their sides. A group is meant when its name matches `pattern` and,
// where a label is given, it has that label or one of its sides has. The side is the one of that
// name; without a name, every side with that label.
struct Selector {
  std::string pattern = "*";  // fnmatch(3); a plain name is its own pattern
  std::string label;          // "key=value", or empty
  std::string side;           // name of a tier, or empty
};

struct OverrideTarget {
  const GroupStanding* group = nullptr;
  uint8_t tier = 0;
};

// By group name. InvalidArgument: the label has no '=', or neither side nor label says which side.
// NotFound: nothing is meant; one group of that name lacks the side.
absl::StatusOr<std::vector<OverrideTarget>> SelectTargets(const Standing& standing,
                                                          const Selector& selector);
// The groups alone; `side` plays no part.
absl::StatusOr<std::vector<const GroupStanding*>> SelectGroups(const Standing& standing,
                                                               const Selector& selector);

// What an override would bring for one group.
struct Effect {
  const GroupStanding* group = nullptr;
  Choice from = Choice::kPrimary;
  Choice to = Choice::kPrimary;
  std::string unusable;  // why the group would be left without a usable side; empty: it is not
};

// `targets` are all of kind force, or all of kind drain. One effect for each group.
std::vector<Effect> EffectsOf(std::span<const OverrideTarget> targets, OverrideKind kind,
                              const Moment& now);

// FailedPrecondition, with the groups' names, when an effect leaves one without a usable side.
absl::Status RefuseUnusable(const std::vector<Effect>& effects);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_OVERRIDES_H_
