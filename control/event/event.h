// Event: something that happened and that an operator may ask about later: when, what, why, how
// long.
//
// Used by: engine (records), state (stores), api (shows). Every event is one log line too.
#ifndef UNDERSTUDY_CONTROL_EVENT_EVENT_H_
#define UNDERSTUDY_CONTROL_EVENT_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace understudy::control {

// The words are stored and are part of the API: append, never rename.
enum class EventKind : uint8_t {
  kControlStarted,
  kControlStopped,
  kCheckUnhealthy,
  kCheckHealthy,
  kGroupChanged,
  kGroupAllDown,
  kForced,
  kReleased,
  kOverrideExpired,
  kOverrideDropped,
  kTablePublished,
  kTableFailed,
  kTableAdopted,
  kTableRefused,
  kReloadFailed,
  kDataplaneAppeared,
  kDataplaneVanished,
  kSelectionObserved,
  kSelectionUnobserved,
  kPublicationFailed,
  kStateTrouble,
  kStateRestored,
  kReloadAsked,
  kDrained,
  kFailedBack,
  kFrozen,
  kThawed,
  kConfigurationApplied,
  kConfigurationForgotten,
  kAccessTrouble,
  kDataplaneTakenOver,
};
inline constexpr size_t kEventKindCount = 31;
std::string_view WordOf(EventKind kind);
std::optional<EventKind> EventKindOf(std::string_view word);

struct Event {
  uint64_t id = 0;  // grows by one for every event of an instance, over restarts too
  absl::Time time;
  EventKind kind = EventKind::kControlStarted;
  std::string subject;     // the check, group or table it is about
  std::string from;        // side or verdict before
  std::string to;          // and after
  std::string cause;       // word of the decision's cause
  std::string reason;      // of the operator, or of the probe
  std::string author;      // of an override
  std::string detail;      // whatever else is worth a sentence
  uint64_t selection = 0;  // selection generation it was published with
  absl::Duration took;     // for events that measure something
};

// One line for people and for the log, without the time.
std::string Sentence(const Event& event);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_EVENT_EVENT_H_
