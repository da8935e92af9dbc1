// Follows what the dataplane says of itself in the report, and tells what changed as events.
//
//
//   appeared     one serves, and before there was none
//   taken over   another one serves, to which the one before handed over: or, if that failed after
//                all, which is back (dataplane/hand_over.h)
//   vanished     none serves; or another one does that knows nothing of the one before
//
// Used by: engine, ten times a second.
#ifndef UNDERSTUDY_CONTROL_ENGINE_DATAPLANE_WATCH_H_
#define UNDERSTUDY_CONTROL_ENGINE_DATAPLANE_WATCH_H_

#include <cstdint>
#include <vector>

#include "control/event/event.h"
#include "control/publication/publisher.h"

namespace understudy::control {

class DataplaneWatch {
 public:
  // Events since the last look (without time). The first look tells only that a dataplane is there.
  std::vector<Event> Look(const Publisher& publisher);
  // A table went public at `at_ns`: its adoption is timed from then.
  void TablePublished(uint64_t generation, uint64_t at_ns);

 private:
  void LookAtLives(const contract::ReportReader* reader, std::vector<Event>& events);
  void LookAtTables(const contract::ReportSegment& report, std::vector<Event>& events);

  bool alive_ = false;
  uint64_t started_ns_ = 0;  // which life of the dataplane the counters below are of
  int64_t pid_ = 0;
  uint64_t adopted_ = 0;
  uint64_t refused_count_ = 0;
  uint64_t published_generation_ = 0;
  uint64_t published_ns_ = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_DATAPLANE_WATCH_H_
