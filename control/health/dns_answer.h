// The messages of a dns check: what is asked, and what the bytes that come back say about it
// (RFC 1035 4.1).
//
// Used by: dns_probe, tests/fuzz. Pure, no sockets.
//  1. Any bytes are judged, none are trusted: reasons are printable and short.
//  2. A message that does not answer this very question is foreign; it says nothing about the
//     endpoint, for anybody may have sent it (RFC 5452 9.1).
// No EDNS (RFC 6891) is sent, so that servers without it are probed alike; what then does not fit
// into 512 octets comes truncated, and is asked for again over TCP.
#ifndef UNDERSTUDY_CONTROL_HEALTH_DNS_ANSWER_H_
#define UNDERSTUDY_CONTROL_HEALTH_DNS_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/config/desired_state.h"

namespace understudy::control {

// What is read of an answer, over UDP or TCP. Names of a larger one could be made of so many
// compression pointers that following them would hold up the loop.
inline constexpr size_t kMaxDnsAnswer = 16384;

// The query in wire form.
std::string DnsQueryText(const DnsExpectation& expectation, uint16_t id);

enum class DnsTransport : uint8_t { kUdp, kTcp };

struct DnsJudgement {
  enum class Kind : uint8_t {
    kForeign,    // not an answer to this query: wait on
    kTruncated,  // the records asked for did not fit: ask again over TCP
    kSettled,
  };
  Kind kind = Kind::kForeign;
  bool success = false;
  std::string reason;  // once settled: "SERVFAIL, expected NOERROR"
};

DnsJudgement JudgeDnsAnswer(std::string_view message, const DnsExpectation& expectation,
                            uint16_t id, DnsTransport transport);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_DNS_ANSWER_H_
