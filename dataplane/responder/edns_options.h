// The options a client sends in its OPT record, and the ones it gets back.
//
// Used by: responder.cc, for queries that have any. Answers are composed over the query, so options
// are read, and answered here, before anything is written. RFC 6891 6.1.2, RFC 5001, RFC 7828.
//
// Invariants
//  1. An option is answered only when asked for; of several of one kind the first counts; unknown
//     ones are ignored.
//  2. All answers together fit kMaxOptionAnswer.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_

#include <cstdint>
#include <string_view>

#include "dataplane/responder/identity.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {

inline constexpr size_t kMaxOptionAnswer = (wire::kOptionHeader + kMaxNsid) +  // NSID
                                           (wire::kOptionHeader + 2);          // TCP keepalive

// Options of the answer, ready to be copied behind its OPT record.
struct OptionAnswer {
  uint16_t length;  // no initializers: a burst has one of these per query, and hardly uses any
  uint8_t bytes[kMaxOptionAnswer];

  void Append(std::string_view option) noexcept;
};

struct OptionSettings {
  const Identity* identity;
  uint16_t tcp_keepalive_100ms;  // 0: over UDP, or not said
};

// Reads the options of `query`, which lie in `message`, and sets `answer`.
void ReadOptions(const uint8_t* message, const wire::Query& query, const OptionSettings& settings,
                 OptionAnswer* answer) noexcept;

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_
