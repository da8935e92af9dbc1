#include "dataplane/responder/server_cookie.h"

#include <sodium/crypto_shorthash.h>

#include <algorithm>
#include <cstring>

#include "dataplane/wire/byte_order.h"

namespace understudy::responder {
namespace {

// RFC 9018 4: version, reserved, timestamp, hash.
constexpr size_t kTimestampAt = 4, kHashAt = 8, kHash = 8;
constexpr uint8_t kVersion = 1;
// RFC 9018 4.3.
constexpr int32_t kOldest_s = 3600, kFurthestAhead_s = 300, kRenewAfter_s = 1800;

static_assert(crypto_shorthash_BYTES == kHash);
static_assert(crypto_shorthash_KEYBYTES == sizeof(CookieSecret));

// RFC 9018 4.4: SipHash-2-4 of client cookie, version to timestamp as they stand, and address.
void Hash(const CookieSecret& secret, const CookieClient& client, const uint8_t* head,
          uint8_t* hash) noexcept {
  uint8_t input[kClientCookie + kHashAt + 16];
  std::memcpy(input, client.cookie, kClientCookie);
  std::memcpy(input + kClientCookie, head, kHashAt);
  const size_t length = std::min(client.address_length, size_t{16});
  if (length != 0) std::memcpy(input + kClientCookie + kHashAt, client.address, length);
  crypto_shorthash(hash, input, kClientCookie + kHashAt + length, secret.data());
}

}  // namespace

void MakeServerCookie(const CookieSecret& secret, const CookieClient& client, uint32_t now_s,
                      uint8_t* cookie) noexcept {
  cookie[0] = kVersion;
  cookie[1] = cookie[2] = cookie[3] = 0;
  wire::Put32(cookie + kTimestampAt, now_s);
  Hash(secret, client, cookie, cookie + kHashAt);
}

CookieAge CheckServerCookie(const CookieSecret& secret, const CookieClient& client, uint32_t now_s,
                            const uint8_t* cookie) noexcept {
  if (cookie[0] != kVersion) return CookieAge::kInvalid;
  const uint32_t made_s =
      uint32_t{wire::Get16(cookie + kTimestampAt)} << 16 | wire::Get16(cookie + kTimestampAt + 2);
  // Serial number arithmetic (RFC 1982), as RFC 9018 4.3 wants it.
  const auto age_s = static_cast<int32_t>(now_s - made_s);
  if (age_s > kOldest_s || age_s < -kFurthestAhead_s) return CookieAge::kInvalid;
  uint8_t hash[kHash];
  Hash(secret, client, cookie, hash);
  // The time this takes tells nothing of use: a guess costs a query of its own anyway, but the
  // comparison looks at all octets all the same.
  uint8_t difference = 0;
  for (size_t i = 0; i < kHash; ++i) {
    difference = static_cast<uint8_t>(difference | (hash[i] ^ cookie[kHashAt + i]));
  }
  if (difference != 0) return CookieAge::kInvalid;
  return age_s > kRenewAfter_s ? CookieAge::kRenew : CookieAge::kFresh;
}

}  // namespace understudy::responder
