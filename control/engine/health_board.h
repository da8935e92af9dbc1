// Health board: what is known of every health check, and which health the groups go by.
//
//   Take / Push   results and words come in; verdicts follow at once
//   Settle        brings `healthy` up to date: disabled, inverted, calculated and expiry, unless
//                 self-doubt or an operator has frozen it
//
// Invariants
//  1. Only Settle changes what groups go by (CheckStanding::healthy), so everything between two
//     calls goes out as one cut, and while frozen nothing goes out at all.
//  2. A check whose definition did not change is not touched by Apply.
//  3. A check whose definition changed keeps its verdict, for the endpoint did not change by being
//     asked differently, but counts anew.
// Used by: standing.
#ifndef UNDERSTUDY_CONTROL_ENGINE_HEALTH_BOARD_H_
#define UNDERSTUDY_CONTROL_ENGINE_HEALTH_BOARD_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/engine/check_standing.h"
#include "control/engine/moment.h"
#include "control/engine/self_doubt.h"
#include "control/state/remembered.h"

namespace understudy::control {

class HealthBoard {
 public:
  // Before the first Apply.
  void Remember(std::map<std::string, RememberedCheck> checks, std::optional<Freeze> freeze);
  // Checks are there when it returns, but those that are gone only leave with DropGone: groups may
  // still point at them.
  void Apply(const DesiredState& desired, const Moment& now);
  void DropGone(const DesiredState& desired);

  struct Taken {
    bool known = false;    // the check is configured
    bool changed = false;  // it is healthy, or unhealthy, by now
    bool due = false;      // there is something to settle
  };
  Taken Take(const std::string& name, const ProbeResult& result, const Moment& now);
  // A word about a push check. NotFound: no such check; FailedPrecondition: of another type.
  absl::Status Push(const std::string& name, const ProbeResult& word, const Moment& now);

  struct Settled {
    std::vector<CheckStanding*> changed;        // `healthy` changed, or they are settled now
    std::vector<const CheckStanding*> expired;  // became another by their expiry
    std::optional<Freeze> frozen;
    std::optional<Freeze> thawed;
  };
  Settled Settle(const Moment& now);
  absl::Duration UntilNext(const Moment& now) const;

  void SetFreeze(Freeze freeze) { doubt_.SetFreeze(std::move(freeze)); }
  std::optional<Freeze> Thaw();
  const std::optional<Freeze>& freeze() const { return doubt_.freeze(); }

  // From now on a full threshold in a row decides.
  void Unsettle(CheckStanding& check);
  // Changes since the last call; checks without a value are gone.
  void TakeUnsaved(const Moment& now,
                   std::map<std::string, std::optional<RememberedCheck>>& changes);

  const std::map<std::string, CheckStanding>& checks() const { return checks_; }
  CheckStanding& at(const std::string& name) { return checks_.at(name); }

 private:
  void Redefine(CheckStanding& check, const HealthCheck& definition);
  void Start(CheckStanding& check);
  void LinkChildren(const DesiredState& desired);
  void Await(CheckStanding& check);
  void MarkUnsaved(CheckStanding& check);
  void NoteFailing(CheckStanding& check, const Moment& now);
  void Expire(const Moment& now, Settled& settled);
  void SetExpiry(CheckStanding& check, absl::Time expires);
  Doubt::Canaries LookAtCanaries() const;

  std::map<std::string, CheckStanding> checks_;
  std::map<std::string, RememberedCheck> remembered_;
  std::vector<std::string> canaries_;
  Doubt doubt_;
  std::vector<CheckStanding*> pending_;
  bool fell_ = false;  // one of them turned unhealthy
  absl::btree_set<std::pair<absl::Time, std::string>> expiries_;
  std::vector<CheckStanding*> unsaved_;
  std::set<std::string> gone_;  // not yet told to the store either
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_HEALTH_BOARD_H_
