// What the threads of a dataplane may still do once it serves: capabilities, system calls, locked
// memory. What each kind of port needs is known here; how it is done, in process/.
//
// Used by: main and dataplane. Each thread enters by itself, as its first act.
//
//   thread                     capabilities                                system calls
//   main                       what closing and opening its ports needs    Calls::kAllThreads
//   worker                     none                                        Calls::kWorker
//   listener                   none                                        Calls::kListener
//   table opener, DPDK's own   none                                        Calls::kAllThreads
//
// Invariants
//  1. Threads that read what strangers send have no capability and cannot open anything.
//  2. Nothing here ends the program: what cannot be had is said once, as a warning.
#ifndef UNDERSTUDY_DATAPLANE_SANDBOX_H_
#define UNDERSTUDY_DATAPLANE_SANDBOX_H_

#include "dataplane/options.h"
#include "dataplane/process/system_calls.h"

namespace understudy {

class Sandbox {
 public:
  // Before any other thread: what holds for all of them.
  explicit Sandbox(const Options& options);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // On the thread itself; a thread that is in stays in.
  void EnterWorker() const { Enter(process::Calls::kWorker); }
  void EnterListener() const { Enter(process::Calls::kListener); }
  void EnterOther() const { Enter(process::Calls::kAllThreads); }
  // When everything is open: locks memory, gives up what was needed for the start, and says so.
  void EnterMain() const;

 private:
  void Enter(process::Calls calls) const;

  const Options& options_;
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_SANDBOX_H_
