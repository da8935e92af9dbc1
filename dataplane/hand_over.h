// An instance goes from a running dataplane to the next one, without a query lost between them: a
// conversation over a socket in the instance's directory, dataplane.sock.
//
//   the next one (Predecessor)              the running one (HandOver)
//   connects                            ->
//                                       <-  what it owns, as descriptors: lock, claims, sockets
//   starts, up to its ports
//   kRelease                            ->  ends its threads, closes its ports
//                                       <-  kReleased
//   shows its report, opens its ports
//   kServing                            ->  ends
//
// Used by: dataplane.
//
// Invariants
//  1. Lock, claims and listening sockets are never free between the two: both hold the same open
//     file descriptions. What arrives on a listening socket waits in it.
//  2. Until kServing the running one can go on: when the conversation ends before, or nothing comes
//     for kPatienceNs, it takes back what it released.
//  3. Only the user who runs it, and root, may ask for it.
#ifndef UNDERSTUDY_DATAPLANE_HAND_OVER_H_
#define UNDERSTUDY_DATAPLANE_HAND_OVER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace understudy {

// Descriptors by what they are: "lock", "claim eth1", "udp 192.0.2.53:53", "tcp 192.0.2.53:53".
using Belongings = std::map<std::string, int>;

// The running one's end.
class HandOver {
 public:
  static constexpr uint64_t kPatienceNs = 15'000'000'000;
  enum class Event : uint8_t { kNone, kRelease, kServing, kGone };

  // Listens at `path`, in the place of who did before.
  static std::unique_ptr<HandOver> Open(const std::string& path, std::string* error);
  ~HandOver();
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

  // What happened since the last call; never waits. kGone: who asked has left, before release or
  // after. What `own` says is given to who asks.
  Event Poll(uint64_t now_ns, const std::function<Belongings()>& own);
  void SayReleased();
  pid_t successor() const { return successor_; }

 private:
  HandOver() = default;
  void Accept(uint64_t now_ns, const std::function<Belongings()>& own);
  Event EndConversation();

  int listening_ = -1;
  int talking_ = -1;
  bool released_ = false;
  pid_t successor_ = 0;
  uint64_t next_look_ns_ = 0;
  uint64_t patient_until_ns_ = 0;
};

// The next one's end.
class Predecessor {
 public:
  // Null and no error: nobody listens at `path`.
  static std::unique_ptr<Predecessor> Find(const std::string& path, std::string* error);
  ~Predecessor();
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;

  // Who uses one takes it out; the others are closed with this object.
  Belongings& belongings() { return belongings_; }
  int Take(const std::string& name);
  // Waits until it has ended its threads and closed its ports. Also when it dies meanwhile.
  std::string Release();
  // False when it has lost its patience and goes on itself.
  bool SayServing();

 private:
  Predecessor() = default;

  int talking_ = -1;
  Belongings belongings_;
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_HAND_OVER_H_
