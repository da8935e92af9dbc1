// What if: how groups would stand if checks said something else now. Copies, changes nothing.
//
// Used by: api (explain ... if=eu=down).
#ifndef UNDERSTUDY_CONTROL_ENGINE_WHAT_IF_H_
#define UNDERSTUDY_CONTROL_ENGINE_WHAT_IF_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "control/engine/standing.h"

namespace understudy::control {

// Supposed health, by check.
using Suppositions = std::map<std::string, bool>;

// "eu=down,us=up". InvalidArgument: not of that form; NotFound: no such check.
absl::StatusOr<Suppositions> ParseSuppositions(const Standing& standing, std::string_view text);

class WhatIf {
 public:
  // The moment they all became so is now: hold-downs begin. A freeze is left out of account.
  WhatIf(const Standing& standing, const Suppositions& suppositions, const Moment& now);
  WhatIf(const WhatIf&) = delete;  // its groups point at its checks
  WhatIf& operator=(const WhatIf&) = delete;

  // The groups that depend on these checks, as they would stand.
  const std::map<std::string, GroupStanding>& groups() const { return groups_; }

 private:
  void Suppose(const CheckStanding& check, bool healthy, std::string reason);
  void RecountParents(const CheckStanding& child);
  void Stand(const GroupStanding& group);

  const Moment now_;
  std::map<std::string, CheckStanding> checks_;
  std::map<std::string, GroupStanding> groups_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_WHAT_IF_H_
