// Chronicle: puts what happened into words. Every event is kept for the API, is one line of the
// log, and waits for the store.
//
// Used by: engine, which tells it what happened, after it has done it.
#ifndef UNDERSTUDY_CONTROL_ENGINE_CHRONICLE_H_
#define UNDERSTUDY_CONTROL_ENGINE_CHRONICLE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "control/engine/standing.h"
#include "control/event/event.h"
#include "control/event/event_log.h"

namespace understudy::control {

// An event that is only about something; the caller adds what else there is to say.
Event EventOf(EventKind kind, std::string subject = "");
// That the verdict of `check` is another one now.
Event EventOfVerdict(const CheckStanding& check);

// `override` was laid over `group`.
Event EventOfOverride(OverrideKind kind, const GroupStanding& group, const Override& override);
Event EventOfReleased(const EndedOverride& ended, const std::string& author,
                      const std::string& reason);
Event EventOfFreeze(const Freeze& freeze);
// `author` is empty when nobody said so.
Event EventOfThaw(const Freeze& ended, const std::string& author, const std::string& reason);

// What one turn brought, to be told: first the events, then what was decided. Of very many groups
// it is told in pieces, and says of each why it is answered as it is by then.
struct Telling {
  std::vector<Event> events;
  Decisions decisions;
  uint64_t selection = 0;  // the generation the changes were published with; 0: not yet
  size_t told = 0;

  size_t size() const {
    return events.size() + decisions.expired.size() + decisions.changes.size() +
           decisions.all_down.size();
  }
};

class Chronicle {
 public:
  // `clock` gives the events their time.
  explicit Chronicle(std::function<Moment()> clock) : clock_(std::move(clock)) {}

  // Events of a predecessor, oldest first. Before the first Record.
  void Restore(std::vector<Event> events) { log_.Restore(std::move(events)); }

  // `observer` is told of every event that is recorded, but not of those restored.
  void Observe(EventLog::Observer observer) { log_.Observe(std::move(observer)); }
  void Record(Event event);
  // Records at most `limit` of what is left of it. True: there is more.
  bool RecordPiece(Telling& telling, size_t limit);
  // Overrides that went with their group or side.
  void RecordDropped(const std::vector<EndedOverride>& dropped);
  const EventLog& log() const { return log_; }
  // Those the store has not been given yet.
  bool has_unsaved() const { return !unsaved_.empty(); }
  std::vector<Event> TakeUnsaved() { return std::exchange(unsaved_, {}); }

 private:
  Event EventOfChange(const ChoiceChange& change, uint64_t selection) const;
  Event EventToTell(Telling& telling, size_t place) const;

  const std::function<Moment()> clock_;
  EventLog log_;
  std::vector<Event> unsaved_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_CHRONICLE_H_
