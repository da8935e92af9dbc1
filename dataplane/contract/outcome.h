// Every frame and every message has exactly one outcome; every outcome is exactly one counter in
// the report, one metric and one word in the CLI.
//
// Used by: the packet path (counts), the report (stores), understudyctl and control (print).
// Adding one: append it to the list; the report's layout version rises with it.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_OUTCOME_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_OUTCOME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::contract {

// clang-format off
#define UNDERSTUDY_OUTCOMES(X)                                                                    \
  /* answered from the table */                                                                   \
  X(kPositive, "positive", "records answered")                                                    \
  X(kNoData, "nodata", "name exists, type does not: NOERROR with SOA (RFC 2308)")                 \
  X(kNxDomain, "nxdomain", "name does not exist: NXDOMAIN with SOA (RFC 2308)")                   \
  X(kReferral, "referral", "below a zone cut: its NS set (RFC 1034 4.3.2)")                       \
  X(kTruncated, "truncated", "answer larger than the client takes: TC set (RFC 2181 9)")          \
  /* answered with an error */                                                                    \
  X(kRefused, "refused", "name outside our zones, a class but IN, or a transfer")                 \
  X(kServfail, "servfail", "by all-down policy, or a chain that cannot be followed")              \
  X(kNoTable, "no_table", "SERVFAIL because no table was adopted yet")                            \
  X(kFormErr, "formerr", "not a well-formed query (RFC 1035 4.1)")                                \
  X(kNotImp, "notimp", "an opcode but QUERY, or a transfer asked for over UDP")                   \
  X(kBadVers, "badvers", "EDNS version above 0 (RFC 6891 6.1.3)")                                 \
  X(kYxDomain, "yxdomain", "DNAME target longer than 255 octets (RFC 6672 2.2)")                  \
  /* not DNS, answered for the service addresses (whole NIC, memif) */                            \
  X(kArpReply, "arp_reply", "ARP request answered (RFC 826)")                                     \
  X(kNeighborAdvert, "neighbor_advert", "neighbour solicitation answered (RFC 4861 7.2)")         \
  X(kEchoReply, "echo_reply", "ICMP or ICMPv6 echo answered (RFC 792, RFC 4443 4.2)")             \
  /* not ours */                                                                                  \
  X(kToKernel, "to_kernel", "handed to the kernel's TAP port")                                    \
  X(kFromKernel, "from_kernel", "came from the kernel's TAP port, sent out of the NIC")           \
  /* dropped */                                                                                   \
  X(kNotOurs, "dropped_not_ours", "for no service of this port, and the port has no kernel side") \
  X(kMalformed, "dropped_malformed", "lengths in the frame contradict each other")                \
  X(kFragment, "dropped_fragment", "an IP fragment to the service address")                       \
  X(kBadSource, "dropped_bad_source", "source address or port no answer can go to")               \
  X(kShortQuery, "dropped_short", "less than a DNS header")                                       \
  X(kResponse, "dropped_response", "QR is set: responses are never answered")                     \
  X(kQueueFull, "dropped_queue_full", "answered, but the port did not take it")                   \
  /* appended since */                                                                            \
  X(kIdentity, "identity", "name or version of this server, asked in class CH (RFC 4892)")          \
  X(kCookie, "cookie", "no question, but a server cookie asked for (RFC 7873 5.4)")               \
  X(kRateLimited, "dropped_rate_limited", "more than the rate limit of its address block")         \
  X(kSlipped, "slipped", "above the rate limit, sent back with TC or BADCOOKIE")
// clang-format on

enum class Outcome : uint8_t {
#define X(id, word, text) id,
  UNDERSTUDY_OUTCOMES(X)
#undef X
};

struct OutcomeText {
  std::string_view word;     // in the CLI, JSON and metrics
  std::string_view meaning;  // for people
};
inline constexpr auto kOutcomeTexts = std::to_array<OutcomeText>({
#define X(id, word, text) {word, text},
    UNDERSTUDY_OUTCOMES(X)
#undef X
});
inline constexpr size_t kOutcomeCount = kOutcomeTexts.size();

constexpr std::string_view WordOf(Outcome outcome) {
  return kOutcomeTexts[static_cast<size_t>(outcome)].word;
}

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_OUTCOME_H_
