// Query bytes in, response bytes out, in the same buffer: the message-level core of Understudy.
//
// Used by: frame_responder (packet path), listen (UDP and TCP sockets), fuzz targets, bench. Knows
// no NIC, no DPDK, no socket. Implements RFC 1034 4.3.2, RFC 1035 4.1, RFC 2308, RFC 6891;
// what is rare is in edns_options, identity and off_table.
//
// Invariants
//  1. Never reads outside [message, message + query_length), never writes outside
//     [message, message + capacity); noexcept, no allocation, no lock, no system call.
//     The clock is read at most once a burst, when a cookie or the rate limiter
//     asks for it.
//  2. Every exchange leaves with exactly one outcome; answer_length == 0 exactly for the dropped
//  ones.
//  3. All answers of one call come from the one cut given to it.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_RESPONDER_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_RESPONDER_H_

#include <cstdint>
#include <span>

#include "dataplane/contract/outcome.h"
#include "dataplane/contract/report.h"
#include "dataplane/contract/selection.h"
#include "dataplane/responder/clock.h"
#include "dataplane/responder/identity.h"

namespace understudy::responder {

inline constexpr size_t kMaxBurst = 64;
// Room an answer may need behind any query of a legal length: capacity at least this for UDP.
inline constexpr uint16_t kMaxUdpMessage = 4096;
inline constexpr uint16_t kDefaultUdpPayload = 1232;  // DNS flag day 2020: fits every IPv6 path

class CookieSecrets;
class RateLimiter;

enum class Transport : uint8_t { kUdp, kTcp };

struct Exchange {
  // in
  uint8_t* message = nullptr;
  uint16_t query_length = 0;
  uint16_t capacity = 0;
  Transport transport = Transport::kUdp;
  uint8_t client_length = 0;        // 4 or 16; 0: not known
  const uint8_t* client = nullptr;  // address of the client, network order
  // out
  contract::Outcome outcome = contract::Outcome::kMalformed;
  contract::AnsweredBy answered_by = contract::AnsweredBy::kStatic;  // kPositive only
  uint16_t answer_length = 0;                                        // 0: send nothing
  uint32_t sum = 0;  // ones'-complement sum of the answer (wire/checksum.h), not folded
};

// Adds what became of `exchange` to `tally`.
inline void Count(const Exchange& exchange, contract::Tally& tally) noexcept {
  ++tally.received;
  ++tally.outcomes[static_cast<size_t>(exchange.outcome)];
  if (exchange.outcome == contract::Outcome::kPositive) {
    ++tally.answered_by[static_cast<size_t>(exchange.answered_by)];
  }
}

struct ResponderOptions {
  uint16_t max_udp_payload = kDefaultUdpPayload;  // what we offer and never exceed; 512..4096
  uint16_t tcp_keepalive_100ms = 0;  // said over TCP to clients that ask (RFC 7828); 0: never
  IdentityText identity;
  const CookieSecrets* cookies = nullptr;  // null: no DNS cookies; outlives the responder
  RateLimiter* limiter = nullptr;          // null: no limit; outlives the responder
  const Clock* clock = &kSystemClock;
};

struct OptionAnswer;
struct Work;

class Responder {
 public:
  explicit Responder(const ResponderOptions& options)
      : options_(options), identity_(options.identity) {}

  // At most kMaxBurst exchanges. cut.table may be null: SERVFAIL (kNoTable).
  void Respond(const contract::Cut& cut, std::span<Exchange> burst) const noexcept;

 private:
  void Read(const contract::Cut& cut, BurstTime& time, Exchange& exchange, Work& work,
            OptionAnswer* options) const noexcept;
  wire::Reading TakeOptions(BurstTime& time, const Exchange& exchange, wire::Reading reading,
                            Work& work, OptionAnswer* options) const noexcept;

  void Limit(BurstTime& time, std::span<Exchange> burst, std::span<Work> work) const noexcept;
  void Slip(Exchange& exchange, const Work& work) const noexcept;

  ResponderOptions options_;
  Identity identity_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_RESPONDER_H_
