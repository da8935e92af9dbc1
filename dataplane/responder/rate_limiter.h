// Response rate limiting: how many answers the clients of one address block get in a second.
//
// Used by: responder.cc, for UDP. The answers of a forged source go to a victim; more than a
// resolver can want is not sent there.
//
//   prefix -> keyed hash -> set of kWays words in one cache line -> the word with the tag, or the
//   one with the least debt, which is given up for it
//
//   word: tag 16 | limited since the last slip 4 | time 44
//   time: when all answers given so far are paid for, at one per interval (GCRA; a token bucket of
//   one second). An answer is due when paying for it would not take more than a second from now.
//
// Invariants
//  1. Any number of threads; no lock, no allocation after the constructor; one cache line a call.
//  2. Memory is what the settings say, however many clients there are. Where more blocks are busy
//     than there is room for, the one that asked least is forgotten: it is never limited wrongly
//     by others but for a tag it shares (1 of 8000).
//  3. Which blocks share a set cannot be known without the key.
//  4. Times are compared modulo 2^44 ns (4.9 h): what is not within a second from now is past. A
//     block that comes back after exactly that time may find the second before it left used up.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_RATE_LIMITER_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_RATE_LIMITER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace understudy::responder {

// An address block; addresses in network order, 4 or 16 octets.
struct AddressBlock {
  std::array<uint8_t, 16> address{};
  uint8_t address_length = 4;
  uint8_t prefix = 0;  // bits

  bool Contains(const uint8_t* other, size_t length) const noexcept;
};

struct RateLimit {
  static constexpr uint32_t kMaxPerSecond = 1'000'000, kMaxSlip = 10;
  static constexpr uint32_t kMinBuckets = 1024, kMaxBuckets = 1U << 26;

  uint32_t per_second = 0;  // answers; 0: no limit
  uint32_t slip = 2;        // every so many-th limited answer is a short one; 0: none
  uint8_t ipv4_prefix = 24;
  uint8_t ipv6_prefix = 56;
  uint32_t buckets = 1U << 18;       // rounded up to a power of two; 8 octets each
  std::vector<AddressBlock> exempt;  // never limited
};

class RateLimiter {
 public:
  enum class Decision : uint8_t { kAnswer, kSlip, kDrop };
  using Key = std::array<uint8_t, 16>;

  RateLimiter(const RateLimit& limit, const Key& key);
  static Key RandomKey();

  // Where the block of `client` is counted. A `client` of length 0 is in a block of its own.
  uint64_t PlaceOf(const uint8_t* client, size_t length) const noexcept;
  void Prefetch(uint64_t place) const noexcept;
  // Charges one answer to the client's block, if it may be given.
  Decision Charge(uint64_t place, const uint8_t* client, size_t length, uint64_t now_ns) noexcept;

  size_t buckets() const { return (set_mask_ + 1) * kWays; }

 private:
  static constexpr size_t kWays = 8;
  static constexpr unsigned kTagBits = 16, kTimeBits = 44;
  struct alignas(64) Set {
    std::atomic<uint64_t> words[kWays] = {};
  };
  struct Found {
    std::atomic<uint64_t>* word;
    uint64_t was;
    uint64_t debt_ns;  // of the block; 0 when it is new
    uint64_t limited;  // since the last slip
  };

  uint64_t DebtOf(uint64_t word, uint64_t now_ns) const noexcept;
  Found Find(Set& set, uint64_t tag, uint64_t now_ns) const noexcept;
  bool IsExempt(const uint8_t* client, size_t length) const noexcept;

  const RateLimit limit_;
  const Key key_;
  const uint64_t interval_ns_;
  std::array<uint8_t, 16> mask4_{};
  std::array<uint8_t, 16> mask6_{};
  uint64_t set_mask_;
  std::unique_ptr<Set[]> sets_;
};

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_RATE_LIMITER_H_
