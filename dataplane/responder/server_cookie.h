// DNS server cookies, version 1 (RFC 9018 4): made and checked, without knowing whose secret it is.
//
// Used by: edns_options. A client that returns the cookie it was given owns the address it sends
// from (RFC 7873). Servers that share a secret know each other's cookies.
#ifndef UNDERSTUDY_DATAPLANE_RESPONDER_SERVER_COOKIE_H_
#define UNDERSTUDY_DATAPLANE_RESPONDER_SERVER_COOKIE_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/responder/cookie_secrets.h"

namespace understudy::responder {

inline constexpr size_t kClientCookie = 8, kServerCookie = 16;  // RFC 7873 4, RFC 9018 4
// RFC 7873 4: what a server cookie of any kind may have.
inline constexpr size_t kMinServerCookie = 8, kMaxServerCookie = 32;

// For whom a cookie is: all of it goes into the hash.
struct CookieClient {
  const uint8_t* cookie = nullptr;   // kClientCookie octets
  const uint8_t* address = nullptr;  // network order, 4 or 16 octets
  size_t address_length = 0;
};

void MakeServerCookie(const CookieSecret& secret, const CookieClient& client, uint32_t now_s,
                      uint8_t* cookie) noexcept;

enum class CookieAge : uint8_t { kInvalid, kFresh, kRenew };
// `cookie`: kServerCookie octets. kRenew: valid, but the client should get another.
CookieAge CheckServerCookie(const CookieSecret& secret, const CookieClient& client, uint32_t now_s,
                            const uint8_t* cookie) noexcept;

}  // namespace understudy::responder

#endif  // UNDERSTUDY_DATAPLANE_RESPONDER_SERVER_COOKIE_H_
