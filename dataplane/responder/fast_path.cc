#include "dataplane/responder/fast_path.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "dataplane/contract/digest.h"
#include "dataplane/responder/burst_room.h"
#include "dataplane/responder/memory_words.h"
#include "dataplane/wire/byte_order.h"
#include "dataplane/wire/checksum.h"
#include "dataplane/wire/frame.h"
#include "dataplane/wire/query.h"

namespace understudy::responder {
namespace {

using contract::Load8;
using contract::Outcome;
using wire::Fold;

// Root name, type, payload size, upper rcode, version, flags.
constexpr Pattern kIsOpt = PatternOf({0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0}, {0, 0, wire::kTypeOpt});

constexpr uint16_t kOne = Turned(1);  // on the wire

// A query carries none, or one OPT record without options that ends it.
bool ReadsExtension(Asked& asked, size_t question_end) {
  const uint8_t* message = asked.message;
  const uint16_t additionals = Load2(message + 10);
  asked.edns = asked.query_length != question_end;
  asked.dnssec_ok = false;
  asked.udp_payload = wire::kMinUdpPayload;
  if (!asked.edns) return additionals == 0;
  const uint8_t* opt = message + question_end;
  if (asked.query_length != question_end + wire::kOptLength || additionals != kOne ||
      !kIsOpt.Fits(opt) || Load2(opt + 9) != 0) {
    return false;
  }
  asked.dnssec_ok = (opt[7] & (wire::kOptDo >> 8)) != 0;
  asked.udp_payload = std::max(Turned(Load2(opt + 3)), wire::kMinUdpPayload);
  return true;
}

// Whether the span holds a question of class IN that the table may be asked for.
bool IsPlain(Asked& asked) {
  if (asked.name_length == 0) return false;
  const size_t question_end = wire::kQuestionOffset + asked.name_length + size_t{4};
  if (question_end > asked.query_length) return false;
  const uint8_t* fixed = asked.message + question_end - 4;
  asked.type = Turned(Load2(fixed));
  if (Load2(fixed + 2) != kOne) return false;
  if (asked.type == wire::kTypeAxfr || asked.type == wire::kTypeIxfr) return false;
  return ReadsExtension(asked, question_end);
}

// Whether the labels of the passed name end where it does.
bool HasGoodLabels(const Asked& asked) {
  size_t at = 0;
  while (asked.name[at] != 0) {
    if (asked.name[at] > wire::kMaxLabelLength) return false;
    at += asked.name[at] + size_t{1};
    if (at >= asked.name_length) return false;
  }
  return at + 1 == asked.name_length;
}

void SwapMacs(uint8_t* frame) {
  using Block = uint8_t __attribute__((vector_size(16)));
  Block block;
  std::memcpy(&block, frame, sizeof(block));
  block =
      __builtin_shufflevector(block, block, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
  std::memcpy(frame, &block, sizeof(block));
}

void CopyBlocks(uint8_t* to, const uint8_t* from, size_t length) {
  for (size_t at = 0; at < length; at += 16) std::memcpy(to + at, from + at, 16);
}

// A stored sum as it counts, in memory order, for a piece at `at`.
uint64_t RawAt(size_t at, uint32_t sum) {
  const uint16_t folded = Fold(sum);
  return at % 2 == 0 ? Turned(folded) : folded;
}

// The network layers: where UDP begins, and how the packet is sent back. Turn swaps the addresses,
// makes the header whole for `datagram` octets behind it, and returns the sum of the addresses.
struct OverIpv4 {
  static constexpr uint8_t kUdpAt = kUdp4;

  static uint64_t Turn(uint8_t* ip, uint16_t datagram) {
    const uint64_t addresses = Load8(ip + 12);
    Store(ip + 12, std::rotl(addresses, 32));
    // Type of service stays. No identity: it is never fragmented (RFC 6864 4.1).
    const uint64_t first = Load2(ip) | uint64_t{Turned(sizeof(wire::Ipv4Header) + datagram)} << 16 |
                           uint64_t{Turned(wire::kDontFragment)} << 48;
    const uint32_t second = wire::kHopLimit | wire::kProtocolUdp << 8;
    const uint64_t sum = Halves(addresses);
    const auto checksum = static_cast<uint16_t>(~Fold(Halves(first) + second + sum));
    Store(ip, first);
    Store(ip + 8, second | uint32_t{checksum} << 16);
    return sum;
  }
};

struct OverIpv6 {
  static constexpr uint8_t kUdpAt = kUdp6;

  static uint64_t Turn(uint8_t* ip, uint16_t datagram) {
    const uint64_t words[4] = {Load8(ip + 8), Load8(ip + 16), Load8(ip + 24), Load8(ip + 32)};
    for (size_t i = 0; i < 4; ++i) Store(ip + 8 + 8 * i, words[i ^ 2]);
    Store(ip + 4, Turned(datagram));
    ip[7] = wire::kHopLimit;
    return Halves(words[0]) + Halves(words[1]) + Halves(words[2]) + Halves(words[3]);
  }
};

}  // namespace

FastPath::FastPath(const FrameOptions& options)
    : enabled_(options.fast_path.enabled && options.responder.limiter == nullptr),
      name_pass_(NamePassOf(options.fast_path.widest)),
      screen_(options),
      max_udp_(std::max(options.responder.max_udp_payload, wire::kMinUdpPayload)) {
  for (const bool dnssec_ok : {false, true}) {
    ReadyOpt& opt = opts_[dnssec_ok];
    opt = {};
    wire::Put16(opt.bytes + 1, wire::kTypeOpt);
    wire::Put16(opt.bytes + 3, options.responder.max_udp_payload);
    wire::Put16(opt.bytes + 7, dnssec_ok ? wire::kOptDo : uint16_t{0});
    opt.sum = static_cast<uint16_t>(wire::SumOf(opt.bytes, wire::kOptLength));
  }
}

// Everything that is needed is read before anything is written: octets may alias whatever there is.
template <typename Ip>
[[gnu::always_inline]] inline bool FastPath::ComposeAs(Frame& frame, const Asked& asked,
                                                       Said said) const noexcept {
  const contract::AnswerRecord& records = *said.records;
  const bool edns = asked.edns;
  const size_t at = wire::kQuestionOffset + asked.name_length + size_t{4};
  const size_t opt_at = at + records.length;
  const size_t length = opt_at + (edns ? wire::kOptLength : 0);
  if (length > std::min(asked.udp_payload, max_udp_)) return false;

  uint8_t* const data = frame.data;
  uint8_t* const udp = data + Ip::kUdpAt;
  uint8_t* const message = udp + sizeof(wire::UdpHeader);
  const auto datagram = static_cast<uint16_t>(sizeof(wire::UdpHeader) + length);
  uint64_t sum = uint64_t{asked.sum} +
                 RawAt(at, records.sum + uint32_t{said.owner} - wire::kQuestionOffset) +
                 uint64_t{2} * Turned(datagram) + Turned(wire::kProtocolUdp);

  const unsigned flags = (message[2] & wire::kRd) | wire::kQr | wire::kAa;
  const unsigned more_flags = (message[3] & wire::kCd) | static_cast<unsigned>(said.rcode);
  const auto both_flags = static_cast<uint16_t>(flags | more_flags << 8);
  // With OPT one additional record: only referrals have some already, and they are not said here.
  const uint64_t counts = Load8(records.counts) + (uint64_t{edns} << 56);
  sum += Load2(message) + uint64_t{both_flags} + Halves(counts);
  CopyBlocks(message + at, contract::WireOf(records), records.length);
  if (said.owner != wire::kQuestionOffset) {  // of one record, the SOA of a negative answer
    wire::Put16(message + at, static_cast<uint16_t>(wire::kPointer | said.owner));
  }
  if (edns) {
    const ReadyOpt& opt = opts_[asked.dnssec_ok];
    std::memcpy(message + opt_at, opt.bytes, sizeof(opt.bytes));
    sum += RawAt(opt_at, opt.sum);
  }
  Store(message + 2, both_flags);
  Store(message + 4, counts);

  const uint32_t ports = Load4(udp);
  sum += Ip::Turn(data + kIp, datagram) + ports;
  const auto checksum = static_cast<uint16_t>(~Fold(sum));
  const uint64_t swapped = std::rotl(ports, 16);
  Store(udp, swapped | uint64_t{Turned(datagram)} << 32 |
                 uint64_t{checksum != 0 ? checksum : uint16_t{0xffff}} << 48);
  SwapMacs(data);

  frame.action = Action::kSend;
  frame.length = uint32_t{Ip::kUdpAt} + datagram;
  frame.outcome = said.outcome;
  frame.answered_by = said.answered_by;
  return true;
}

[[gnu::noinline]] bool FastPath::ComposeIpv6(Frame& frame, const Asked& asked,
                                             Said said) const noexcept {
  return ComposeAs<OverIpv6>(frame, asked, said);
}

[[gnu::always_inline]] inline bool FastPath::Compose(Frame& frame, const Asked& asked,
                                                     Said said) const noexcept {
  return asked.ipv6 ? ComposeIpv6(frame, asked, said) : ComposeAs<OverIpv4>(frame, asked, said);
}

// The SOA of the zone, because the name does not exist or has no such type (RFC 2308).
[[gnu::noinline]] bool FastPath::Deny(const contract::Table& table, const contract::ZoneEntry& zone,
                                      bool exists, Frame& frame,
                                      const Asked& asked) const noexcept {
  const size_t apex_length = table.NodeAt(zone.apex)->name_length;
  return Compose(
      frame, asked,
      {.records = table.AnswerAt(zone.negative),
       .owner = static_cast<uint16_t>(wire::kQuestionOffset + asked.name_length - apex_length),
       .rcode = exists ? wire::Rcode::kNoError : wire::Rcode::kNxDomain,
       .outcome = exists ? Outcome::kNoData : Outcome::kNxDomain,
       .answered_by = contract::AnsweredBy::kStatic});
}

// No plain answer at `node`: that there is nothing, here.
[[gnu::noinline]] bool FastPath::AnswerByLookup(const contract::Cut& cut,
                                                const contract::NodeRecord& node, Frame& frame,
                                                const Asked& asked) const noexcept {
  const contract::Resolution found =
      contract::LookupFrom(&node, cut, asked.name, asked.name_length, asked.type);
  if (found.match != contract::Match::kNoData) return false;
  if (!Deny(*cut.table, *found.zone, true, frame, asked)) return false;
  if (found.set == nullptr || found.set->group == 0) return true;
  frame.answered_by = contract::AnsweredByOf(found.set->group, found.choice);
  cut.counter.Add(found.set->group, found.choice);
  return true;
}

// The encloser of a name that is no node, where nothing but a wildcard may be below it.
[[gnu::noinline]] const contract::NodeRecord* FastPath::PlainEncloser(
    const contract::Table& table, const Asked& asked, const contract::NodeRecord* guess) noexcept {
  if (!HasGoodLabels(asked)) return nullptr;
  const contract::NodeRecord* encloser =
      contract::ClosestEncloser(table, asked.name, asked.name_length, guess);
  constexpr auto kElse = contract::kNodeOccluded | contract::kNodeDelegation | contract::kNodeDname;
  return encloser != nullptr && (encloser->flags & kElse) == 0 ? encloser : nullptr;
}

[[gnu::always_inline]] inline bool FastPath::Answer(
    const contract::Cut& cut, Frame& frame, const Asked& asked,
    const contract::NodeRecord*& encloser) const noexcept {
  const contract::NodeRecord* node = asked.candidate;
  if (node == nullptr ? asked.elsewhere : !contract::IsNamed(*node, asked.name, asked.name_length))
      [[unlikely]] {
    node = cut.table->Find(asked.hash, asked.name, asked.name_length);
  }
  if (node == nullptr) [[unlikely]] {
    encloser = PlainEncloser(*cut.table, asked, encloser);
    if (encloser == nullptr) return false;
    if (encloser->wildcard == contract::kNowhere) {
      return Deny(*cut.table, cut.table->ZoneAt(encloser->zone), false, frame, asked);
    }
    node = cut.table->NodeAt(encloser->wildcard);
  }
  const contract::TypeEntry* set = nullptr;
  const contract::AnswerRecord* answer = contract::PlainAnswer(cut, *node, asked.type, &set);
  if (answer == nullptr) return AnswerByLookup(cut, *node, frame, asked);
  const uint32_t group = set->group;
  const uint8_t choice = cut.choices[group];
  if (!Compose(frame, asked,
               {answer, wire::kQuestionOffset, wire::Rcode::kNoError, Outcome::kPositive,
                contract::AnsweredByOf(group, choice)})) {
    return false;
  }
  if (group != 0) cut.counter.Add(group, choice);
  return true;
}

// The phases. Each is a function of its own, so that its loop has the registers to itself, and a
// profile names it.

[[gnu::noinline]] void FastPath::Judge(const contract::Table& table,
                                       std::span<Asked> plain) noexcept {
  for (Asked& asked : plain) {
    if (!IsPlain(asked)) [[unlikely]]
      asked.name_length = 0;
    asked.hash = table.Hash(asked.name, asked.name_length);
    table.Prefetch(asked.hash);
  }
}

[[gnu::noinline]] void FastPath::Aim(const contract::Table& table,
                                     std::span<Asked> plain) noexcept {
  for (Asked& asked : plain) asked.candidate = table.Candidate(asked.hash, &asked.elsewhere);
}

[[gnu::noinline]] void FastPath::AnswerBurst(const contract::Cut& cut, std::span<Frame> burst,
                                             std::span<const Asked> plain,
                                             Leaving& leaving) const noexcept {
  const contract::NodeRecord* encloser = nullptr;  // of the last name that was no node
  for (const Asked& asked : plain) {
    if (asked.name_length == 0 || !Answer(cut, burst[asked.frame], asked, encloser)) [[unlikely]] {
      leaving.Add(asked.frame);
    }
  }
}

size_t FastPath::Respond(const contract::Cut& cut, std::span<Frame> burst,
                         uint8_t* left) const noexcept {
  Leaving leaving{left, 0};
  if (!enabled_ || cut.table == nullptr) {
    for (size_t i = 0; i < burst.size(); ++i) leaving.Add(i);
    return leaving.count;
  }
  BurstRoom<Asked, kMaxBurst> room;
  const std::span<Asked> plain = room.first(screen_.Burst(burst, room.first(0).data(), leaving));
  name_pass_(plain);
  Judge(*cut.table, plain);
  Aim(*cut.table, plain);
  AnswerBurst(cut, burst, plain, leaving);
  return leaving.count;
}

}  // namespace understudy::responder
