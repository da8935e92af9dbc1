// What nearly every frame is, answered in place in a few dozen nanoseconds: a plain query, for a
// name whose answer lies ready.
//
// Used by: frame_responder, before it looks at a frame at length.
//
// A burst goes through phases, so that the misses of one frame overlap with those of the others:
//   screen (screen.h: headers) -> name pass (name_pass.h) -> judge (question, OPT,
//   hash; prefetch the bucket) -> aim (prefetch the node) -> answer (compare, compose, turn around)
// A frame that a phase cannot take is left, untouched: nothing here decides that a frame is bad.
//
// Left are, among others: VLAN tags, IPv4 options, fragments, names above kMaxPassedName octets,
// OPT records with options, referrals, CNAME and DNAME, answers that do not fit. With a rate
// limiter everything is left, because it decides before the table is asked.
//
// Invariants
//  1. An answered frame is octet by octet what the long way makes of it (a test compares them).
//  2. Those of responder.h. Behind an answer up to kBlockRoom octets of the buffer are overwritten.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_FAST_PATH_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_FAST_PATH_H_

#include <cstdint>
#include <span>

#include "dataplane/contract/lookup.h"
#include "dataplane/responder/frame_burst.h"
#include "dataplane/responder/name_pass.h"
#include "dataplane/responder/screen.h"
#include "dataplane/wire/message.h"

namespace understudy::responder {

class FastPath {
 public:
  explicit FastPath(const FrameOptions& options);

  // At most kMaxBurst frames. Writes the numbers of those left to `left`; returns how many.
  size_t Respond(const contract::Cut& cut, std::span<Frame> burst, uint8_t* left) const noexcept;

 private:
  struct ReadyOpt {
    uint8_t bytes[16];  // kOptLength of them count
    uint16_t sum;       // as AnswerRecord's
  };
  // What is said behind the question.
  struct Said {
    const contract::AnswerRecord* records;
    uint16_t owner;  // offset of their owner's name in the message
    wire::Rcode rcode;
    contract::Outcome outcome;
    contract::AnsweredBy answered_by;
  };

  static void Judge(const contract::Table& table, std::span<Asked> plain) noexcept;
  static void Aim(const contract::Table& table, std::span<Asked> plain) noexcept;
  void AnswerBurst(const contract::Cut& cut, std::span<Frame> burst, std::span<const Asked> plain,
                   Leaving& leaving) const noexcept;

  bool Answer(const contract::Cut& cut, Frame& frame, const Asked& asked,
              const contract::NodeRecord*& encloser) const noexcept;
  bool AnswerByLookup(const contract::Cut& cut, const contract::NodeRecord& node, Frame& frame,
                      const Asked& asked) const noexcept;
  bool Deny(const contract::Table& table, const contract::ZoneEntry& zone, bool exists,
            Frame& frame, const Asked& asked) const noexcept;
  static const contract::NodeRecord* PlainEncloser(const contract::Table& table, const Asked& asked,
                                                   const contract::NodeRecord* guess) noexcept;
  bool Compose(Frame& frame, const Asked& asked, Said said) const noexcept;
  template <typename Ip>
  bool ComposeAs(Frame& frame, const Asked& asked, Said said) const noexcept;
  bool ComposeIpv6(Frame& frame, const Asked& asked, Said said) const noexcept;

  const bool enabled_;
  const NamePass name_pass_;
  const Screen screen_;
  const uint16_t max_udp_;  // largest answer
  ReadyOpt opts_[2];        // without and with DO
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_FAST_PATH_H_
