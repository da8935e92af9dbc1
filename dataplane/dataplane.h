// The dataplane as a whole: what it owns, opened and closed in order, and its rounds in between.
//
// Used by: main. All of it on the main thread; workers and listener have their own.
//
// Invariants
//  1. Order of start: lock, report, table, sockets and ports, workers; so the first packet already
//     meets a table. Order of end: workers, ports (which detaches the XDP program), the rest.
//  2. With --take-over a running dataplane gives all it owns between table and ports, and may go on
//     until this one serves (hand_over.h): nothing of its own is removed or replaced for good
//     before.
//  3. Nothing but a signal or a successor ends Run.
#ifndef UNDERSTUDY_DATAPLANE_DATAPLANE_H_
#define UNDERSTUDY_DATAPLANE_DATAPLANE_H_

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/contract/report.h"
#include "dataplane/contract/root.h"
#include "dataplane/cookie_keeper.h"
#include "dataplane/hand_over.h"
#include "dataplane/listen/listener.h"
#include "dataplane/listen/listener_thread.h"
#include "dataplane/options.h"
#include "dataplane/packet_side.h"
#include "dataplane/process/supervisor.h"
#include "dataplane/responder/rate_limiter.h"
#include "dataplane/sandbox.h"
#include "dataplane/sign_of_life.h"
#include "dataplane/worker/control_watch.h"
#include "dataplane/worker/pulse.h"
#include "dataplane/worker/quiescence.h"
#include "dataplane/worker/table_reader.h"
#include "dataplane/worker/table_swap.h"

namespace understudy {

// What can be wrong at start; the sentence is all there is to say.
struct StartFailure {
  std::string sentence;
};

class Dataplane {
 public:
  // Everything is open and answers when it returns. Throws StartFailure.
  Dataplane(const Options& options, const Sandbox& sandbox, process::Supervisor& supervisor);
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  // Until one of `end_signals`, all of which are blocked, or until a successor serves.
  void Run(const sigset_t& end_signals);

 private:
  void RemoveLeftovers() const;
  void StartRateLimit();
  void Reload();
  void OpenListener();
  void StartListener();
  void PreparePacketSide();
  void CloseSandbox();
  void Announce();
  void LookAtPorts(uint64_t now_ns);
  void ShowLife(uint64_t now_ns);

  // Taking over from a predecessor.
  Belongings& Inherited() { return predecessor_ ? predecessor_->belongings() : nothing_; }
  void TakeOver();
  void EndTakeOver();

  // Giving to a successor.
  Belongings Own() const;
  bool LookAtSuccessor(uint64_t now_ns);
  void Release();
  void TakeBack();

  Options options_;
  const Sandbox& sandbox_;
  Belongings nothing_;                        // of a predecessor that there is not
  std::unique_ptr<Predecessor> predecessor_;  // until this one serves in its place
  uint64_t released_ns_ = 0;                  // when it was asked to release
  const contract::OwnerLock lock_;
  const contract::ReportWriter report_;
  worker::Pulse pulse_;
  SignOfLife sign_of_life_;
  worker::Quiescence quiescence_;
  worker::TableSwap swap_;
  std::unique_ptr<responder::RateLimiter> limiter_;  // null: nothing is limited
  std::unique_ptr<CookieKeeper> cookies_;            // null: none are used
  worker::ControlWatch watch_;
  std::unique_ptr<listen::Listener> listener_;
  std::optional<worker::TableReader> listener_reader_;
  listen::ListenerThread listener_thread_;
  std::unique_ptr<PacketSide> packet_side_;
  std::unique_ptr<HandOver> hand_over_;
  bool released_ = false;  // a successor is opening what was ours
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_DATAPLANE_H_
