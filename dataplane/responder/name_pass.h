// One pass over the names of a burst: each is ended, lowered and summed in a few wide steps.
//
// Used by: fast_path. Every variant does the same to every byte (a test compares them); which one
// runs is chosen once, by what the processor can do.
//
// A name of a query in wire form ends at its first zero octet, unless a label holds a zero, which
// no host name does. So the pass does not walk the labels: what it takes for the name is looked up,
// and a name that equals one of the table, octet by octet, is as well-formed as that one. Whoever
// goes on without having found it walks the labels first.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_NAME_PASS_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_NAME_PASS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/contract/table_format.h"

namespace understudy::responder {

inline constexpr size_t kSpan = 64;  // octets that a pass reads of a message from its name on
// Type and class of a question lie in the span as well.
inline constexpr size_t kMaxPassedName = kSpan - 4;

// A question on its way through the phases of a burst: two lines of a cache.
struct alignas(kSpan) Asked {
  // Lower case (RFC 4343), and zeros. The pass writes the span; the zeros behind it are the
  // caller's.
  uint8_t name[kSpan + contract::kZerosBehindName];
  // kQuestionOffset octets and the span behind them can be read, whatever they are.
  uint8_t* message;
  // Ones'-complement sum of the question, as it lies in memory (wire::RawSumOf), not folded.
  uint32_t sum;
  uint16_t name_length;  // with the root label; 0: no end within kMaxPassedName

  // The fast path's own.
  uint16_t type;
  uint16_t query_length;
  uint8_t udp_at;  // in the frame
  uint8_t frame;   // which of the burst
  bool ipv6;
  bool edns;
  bool dnssec_ok;
  bool elsewhere;  // of Table::Candidate
  uint16_t udp_payload;
  uint64_t hash;
  const contract::NodeRecord* candidate;  // Table::Candidate
};
static_assert(sizeof(Asked) == 128);

// How wide the steps may be, in bits, as DPDK counts them (--force-max-simd-bitwidth).
enum class SimdWidth : uint16_t { k64 = 64, k256 = 256, k512 = 512 };
// The widest that this processor has and `limit` allows.
SimdWidth WidestUpTo(SimdWidth limit);

using NamePass = void (*)(std::span<Asked> burst) noexcept;
NamePass NamePassOf(SimdWidth width);

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_NAME_PASS_H_
