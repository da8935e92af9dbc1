// What the service manager sees of a dataplane that serves: a line of status, and food for its
// watchdog while every thread that answers moves.
//
// Used by: dataplane, on the main thread; so a main thread that hangs feeds nobody either.
#ifndef UNDERSTUDY_DATAPLANE_SIGN_OF_LIFE_H_
#define UNDERSTUDY_DATAPLANE_SIGN_OF_LIFE_H_

#include <cstdint>
#include <string>

#include "dataplane/contract/report.h"
#include "dataplane/process/supervisor.h"
#include "dataplane/worker/pulse.h"

namespace understudy {

class SignOfLife {
 public:
  SignOfLife(process::Supervisor& supervisor, const contract::ReportWriter& report,
             const worker::Pulse& pulse)
      : supervisor_(supervisor), report_(report), pulse_(pulse) {}

  // Everything is open and every thread runs.
  void Ready(std::string places);
  void Reloading(uint64_t now_ns) { supervisor_.Reloading(now_ns); }
  void Reloaded() { supervisor_.Ready(Status("")); }
  void Stopping(const std::string& status) { supervisor_.Stopping(status); }
  // About every millisecond, after the pulse. Without workers that should move, moving is enough
  // for the main thread. `troubles`: of the ports.
  void Tick(uint64_t now_ns, bool are_workers_there, const std::string& troubles);

 private:
  std::string Status(const std::string& troubles) const;
  void LookAtThreads(uint64_t now_ns, bool are_workers_there);

  process::Supervisor& supervisor_;
  const contract::ReportWriter& report_;
  const worker::Pulse& pulse_;
  std::string places_;
  std::string stuck_;  // the worker that does not move; empty: all do
  uint64_t look_ns_ = 0;
  uint64_t feed_ns_ = 0;
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_SIGN_OF_LIFE_H_
