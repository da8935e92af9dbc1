// What is answered without looking into the table: errors, and who this server is.
//
// Used by: responder.cc, for everything that is no plain question of class IN.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_OFF_TABLE_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_OFF_TABLE_H_

#include <algorithm>

#include "dataplane/responder/edns_options.h"
#include "dataplane/responder/responder.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {

// Whether the table decides: only data of class IN is there (and asked for as class ANY), and none
// of it is transferred.
inline bool IsServed(const wire::Query& query) noexcept {
  return (query.qclass == wire::kClassIn || query.qclass == wire::kClassAny) &&
         query.type != wire::kTypeAxfr && query.type != wire::kTypeIxfr;
}

// Answers or drops what the table does not decide. Without a table that is everything.
// `options`: of the answer, null when there are none.
void AnswerOffTable(const ResponderOptions& settings, const Identity& identity,
                    wire::Reading reading, const wire::Query& query, const OptionAnswer* options,
                    Exchange& exchange) noexcept;

// The largest answer that may be given.
inline uint16_t LimitOf(const Exchange& exchange, const wire::Query& query,
                        uint16_t max_udp) noexcept {
  if (exchange.transport == Transport::kTcp) return exchange.capacity;
  const uint16_t wanted = query.edns ? query.udp_payload : wire::kMinUdpPayload;
  return std::min({wanted, std::max(max_udp, wire::kMinUdpPayload), exchange.capacity});
}

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_OFF_TABLE_H_
