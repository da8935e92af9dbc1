// Self-doubt: is it everybody else, or is it us? A node that lost its own network sees every
// endpoint die at once, and would fail over everything to where nothing works either.
//
//   TRUSTING --- a check turns unhealthy, and now most checks are failing that were not
//       ^        `window` ago; or a canary fails ---> FROZEN: health stands still, probing goes on
//       |                                               |
//       +--- they answer again (and the canary does) ---+--- release_after is over: it was them
//                                                             (BELIEVING, until they answer again)
//   An operator may freeze and thaw as well; a thaw means BELIEVING too.
//
// Failing is a check's last result, not its verdict: when the first verdict falls the others of the
// same outage have failed as well, though not often enough yet. Where thresholds or intervals
// differ widely, the fastest checks may have failed over before the doubt comes.
//
// Used by: health_board. No I/O, no clock of its own.
#ifndef UNDERSTUDY_CONTROL_ENGINE_SELF_DOUBT_H_
#define UNDERSTUDY_CONTROL_ENGINE_SELF_DOUBT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "control/config/desired_state.h"
#include "control/engine/moment.h"

namespace understudy::control {

// Why health stands still, since when and, by the wall clock, how long at most.
struct Freeze {
  bool by_operator = false;
  absl::Time since;
  absl::Time until = absl::InfiniteFuture();
  std::string reason;
  std::string author;
};

class Doubt {
 public:
  // `counted`: the checks whose failures are counted. What is failing goes on failing.
  void Configure(const SelfDoubt& policy, size_t counted);

  // A counted check begins or ceases to fail; `since` is when it began, by the steady clock.
  void Begin(absl::Time since);
  void End(absl::Time since);

  struct Canaries {
    bool unhealthy = false;  // the verdict of one
    bool failing = false;    // the last result of one
    std::string_view name;   // of that one
  };
  // What is to be done now. `fell`: a check has just turned unhealthy.
  enum class Word : uint8_t { kNothing, kFreeze, kThaw };
  Word Judge(const Canaries& canaries, bool fell, const Moment& now);

  const std::optional<Freeze>& freeze() const { return freeze_; }
  // After Word::kFreeze, of a predecessor, or by an operator.
  void SetFreeze(Freeze freeze);
  // Why the doubt rose, for the event; after Word::kFreeze.
  Freeze NewFreeze(const Canaries& canaries, const Moment& now) const;
  // What was frozen, if anything. Until they answer again the outage is believed.
  std::optional<Freeze> Thaw();

 private:
  bool IsSurge(absl::Time now);
  bool IsOver(const Canaries& canaries) const;

  SelfDoubt policy_;
  size_t counted_ = 0;
  size_t failing_ = 0;
  size_t failing_before_ = 0;                // the surge for which it is frozen
  absl::btree_multiset<absl::Time> recent_;  // since when, of those within the window
  std::optional<Freeze> freeze_;
  bool believing_ = false;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_SELF_DOUBT_H_
