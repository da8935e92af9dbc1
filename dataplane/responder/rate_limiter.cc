#include "dataplane/responder/rate_limiter.h"

#include <sodium/core.h>
#include <sodium/crypto_shorthash.h>
#include <sodium/randombytes.h>

#include <algorithm>
#include <bit>

namespace understudy::responder {
namespace {

constexpr uint64_t kBurst_ns = 1'000'000'000;
constexpr uint64_t kTimeMask = (uint64_t{1} << 44) - 1;
constexpr uint64_t kLimitedMask = 0xf;
// Tries to change a word that other threads change too. After that the decision stands uncounted.
constexpr int kTries = 8;

static_assert(crypto_shorthash_KEYBYTES == sizeof(RateLimiter::Key));
static_assert(RateLimit::kMaxSlip <= kLimitedMask);

std::array<uint8_t, 16> MaskOf(unsigned prefix) {
  std::array<uint8_t, 16> mask{};
  for (unsigned bit = 0; bit < prefix; ++bit) {
    mask[bit / 8] = static_cast<uint8_t>(mask[bit / 8] | 0x80 >> bit % 8);
  }
  return mask;
}

}  // namespace

bool AddressBlock::Contains(const uint8_t* other, size_t length) const noexcept {
  if (length != address_length) return false;
  const std::array<uint8_t, 16> mask = MaskOf(prefix);
  for (size_t i = 0; i < length; ++i) {
    if (((address[i] ^ other[i]) & mask[i]) != 0) return false;
  }
  return true;
}

RateLimiter::RateLimiter(const RateLimit& limit, const Key& key)
    : limit_(limit),
      key_(key),
      interval_ns_(kBurst_ns / std::max(limit.per_second, 1U)),
      mask4_(MaskOf(limit.ipv4_prefix)),
      mask6_(MaskOf(limit.ipv6_prefix)),
      set_mask_(std::max<uint64_t>(std::bit_ceil(uint64_t{limit.buckets}) / kWays, 1) - 1),
      // Zeroed, and so touched: no page is missing later.
      sets_(std::make_unique<Set[]>(set_mask_ + 1)) {}

RateLimiter::Key RateLimiter::RandomKey() {
  Key key{};
  if (sodium_init() >= 0) randombytes_buf(key.data(), key.size());
  return key;
}

uint64_t RateLimiter::PlaceOf(const uint8_t* client, size_t length) const noexcept {
  const std::array<uint8_t, 16>& mask = length == 4 ? mask4_ : mask6_;
  uint8_t block[16];
  length = std::min(length, sizeof(block));
  for (size_t i = 0; i < length; ++i) block[i] = client[i] & mask[i];
  uint64_t place = 0;
  // The hash counts the length too: no IPv4 block is an IPv6 one.
  crypto_shorthash(reinterpret_cast<uint8_t*>(&place), block, length, key_.data());
  return place;
}

void RateLimiter::Prefetch(uint64_t place) const noexcept {
  __builtin_prefetch(&sets_[place & set_mask_], 1);
}

uint64_t RateLimiter::DebtOf(uint64_t word, uint64_t now_ns) const noexcept {
  const uint64_t debt_ns = (word - now_ns) & kTimeMask;
  return debt_ns <= kBurst_ns ? debt_ns : 0;
}

RateLimiter::Found RateLimiter::Find(Set& set, uint64_t tag, uint64_t now_ns) const noexcept {
  Found least = {&set.words[0], 0, UINT64_MAX, 0};
  for (std::atomic<uint64_t>& word : set.words) {
    // relaxed, here and below: a word means nothing beside itself.
    const uint64_t was = word.load(std::memory_order_relaxed);
    const uint64_t debt_ns = DebtOf(was, now_ns);
    if (was >> (64 - kTagBits) == tag) {
      return {&word, was, debt_ns, was >> kTimeBits & kLimitedMask};
    }
    if (debt_ns < least.debt_ns) least = {&word, was, debt_ns, 0};
  }
  least.debt_ns = 0;
  return least;
}

RateLimiter::Decision RateLimiter::Charge(uint64_t place, const uint8_t* client, size_t length,
                                          uint64_t now_ns) noexcept {
  // 0 is the tag of an empty word.
  const uint64_t tag = std::max<uint64_t>(place >> (64 - kTagBits), 1);
  const uint64_t head = tag << (64 - kTagBits);
  Set& set = sets_[place & set_mask_];
  Decision decision = Decision::kAnswer;
  for (int i = 0; i < kTries; ++i) {
    Found found = Find(set, tag, now_ns);
    uint64_t next = 0;
    if (found.debt_ns + interval_ns_ <= kBurst_ns) {
      decision = Decision::kAnswer;
      next = head | ((now_ns + found.debt_ns + interval_ns_) & kTimeMask);
    } else {
      if (IsExempt(client, length)) return Decision::kAnswer;
      if (limit_.slip == 0) return Decision::kDrop;
      const uint64_t limited = (found.limited + 1) % limit_.slip;
      decision = limited == 0 ? Decision::kSlip : Decision::kDrop;
      next = head | limited << kTimeBits | (found.was & kTimeMask);
    }
    if (found.word->compare_exchange_weak(found.was, next, std::memory_order_relaxed)) break;
  }
  return decision;
}

bool RateLimiter::IsExempt(const uint8_t* client, size_t length) const noexcept {
  return std::ranges::any_of(
      limit_.exempt, [=](const AddressBlock& block) { return block.Contains(client, length); });
}

}  // namespace understudy::responder
