// The options a client sends in its OPT record, and the ones it gets back.
//
// Used by: responder.cc, for queries that have any. Answers are composed over the query, so options
// are read, and answered here, before anything is written. RFC 6891 6.1.2, RFC 5001, RFC 7828,
// RFC 7873 5.2, RFC 9018.
//
// Invariants
//  1. An option is answered only when asked for; of several of one kind the first counts; unknown
//     ones are ignored.
//  2. All answers together fit kMaxOptionAnswer.
//  3. A cookie is answered with a server cookie that is valid for half an hour at least.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_

#include <cstdint>
#include <string_view>

#include "dataplane/responder/clock.h"
#include "dataplane/responder/cookie_secrets.h"
#include "dataplane/responder/identity.h"
#include "dataplane/responder/server_cookie.h"
#include "dataplane/wire/message.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {

inline constexpr size_t kMaxOptionAnswer = (wire::kOptionHeader + kMaxNsid) +  // NSID
                                           (wire::kOptionHeader + kClientCookie + kServerCookie) +
                                           (wire::kOptionHeader + 2);  // TCP keepalive

// What the cookie of a query says about its sender.
enum class CookieState : uint8_t {
  kNone,
  kClientOnly,  // the client asks for a server cookie
  kInvalid,     // a server cookie that is not ours, too old, or of another address
  kValid,       // the sender was at this address before: it is not forged
};

// Options of the answer, ready to be copied behind its OPT record.
struct OptionAnswer {
  CookieState cookie;
  uint16_t length;  // no initializers: a burst has one of these per query, and hardly uses any
  uint8_t bytes[kMaxOptionAnswer];

  void Append(std::string_view option) noexcept;
};

struct OptionContext {
  const Identity* identity;
  const CookieSecrets* secrets;  // null: cookies are ignored like any unknown option
  BurstTime* time;
  const uint8_t* client;  // address in network order, of `client_length` octets
  size_t client_length;
  uint16_t tcp_keepalive_100ms;  // 0: over UDP, or not said
};

// Reads the options of `query`, which lie in `message`, and sets `answer`. False when a cookie is
// of a length that none can have: FORMERR (RFC 7873 5.2.2); `answer` then holds no options.
bool ReadOptions(const uint8_t* message, const wire::Query& query, const OptionContext& context,
                 OptionAnswer* answer) noexcept;

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_EDNS_OPTIONS_H_
