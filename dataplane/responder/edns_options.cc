#include "dataplane/responder/edns_options.h"

#include <cstring>

#include "dataplane/wire/byte_order.h"

namespace understudy::responder {
namespace {

struct Asked {
  bool nsid = false;
  bool keepalive = false;
  const uint8_t* cookie = nullptr;
  uint16_t cookie_length = 0;
};

Asked ReadAsked(const uint8_t* at, size_t length) {
  Asked asked;
  const uint8_t* end = at + length;
  while (at < end) {
    const uint16_t code = wire::Get16(at);
    const uint16_t option_length = wire::Get16(at + 2);
    at += wire::kOptionHeader;
    if (code == wire::kOptionNsid) asked.nsid = true;
    if (code == wire::kOptionTcpKeepalive) asked.keepalive = true;
    if (code == wire::kOptionCookie && asked.cookie == nullptr) {
      asked.cookie = at;
      asked.cookie_length = option_length;
    }
    at += option_length;
  }
  return asked;
}

// RFC 7873 4: a client cookie alone, or with a server cookie of 8 to 32 octets.
bool IsCookieLength(size_t length) {
  return length == kClientCookie ||
         (length >= kClientCookie + kMinServerCookie && length <= kClientCookie + kMaxServerCookie);
}

CookieAge AgeOf(const CookieKeys& keys, const CookieClient& client, uint32_t now_s,
                const uint8_t* server_cookie) {
  const CookieAge age = CheckServerCookie(keys.current, client, now_s, server_cookie);
  if (age != CookieAge::kInvalid || keys.other == keys.current) return age;
  // Of the other secret: valid, and to be replaced by one of the current.
  const CookieAge other = CheckServerCookie(keys.other, client, now_s, server_cookie);
  return other == CookieAge::kInvalid ? other : CookieAge::kRenew;
}

void AnswerCookie(const Asked& asked, const OptionContext& context, OptionAnswer* answer) {
  const CookieKeys keys = context.secrets->Read();
  const CookieClient client = {asked.cookie, context.client, context.client_length};
  const uint32_t now_s = context.time->unix_s();
  const uint8_t* received = asked.cookie + kClientCookie;
  CookieAge age = CookieAge::kInvalid;
  if (asked.cookie_length == kClientCookie + kServerCookie) {
    age = AgeOf(keys, client, now_s, received);
  }
  answer->cookie = age != CookieAge::kInvalid             ? CookieState::kValid
                   : asked.cookie_length == kClientCookie ? CookieState::kClientOnly
                                                          : CookieState::kInvalid;
  char option[wire::kOptionHeader + kClientCookie + kServerCookie];
  auto* bytes = reinterpret_cast<uint8_t*>(option);
  wire::Put16(bytes, wire::kOptionCookie);
  wire::Put16(bytes + 2, kClientCookie + kServerCookie);
  std::memcpy(bytes + 4, asked.cookie, kClientCookie);
  if (age == CookieAge::kFresh) {
    std::memcpy(bytes + 4 + kClientCookie, received, kServerCookie);
  } else {
    MakeServerCookie(keys.current, client, now_s, bytes + 4 + kClientCookie);
  }
  answer->Append({option, sizeof(option)});
}

// RFC 7828 3.1: the time a connection may be idle, in units of 100 milliseconds.
void AppendKeepalive(uint16_t timeout_100ms, OptionAnswer* answer) {
  char option[wire::kOptionHeader + 2];
  auto* bytes = reinterpret_cast<uint8_t*>(option);
  wire::Put16(bytes, wire::kOptionTcpKeepalive);
  wire::Put16(bytes + 2, 2);
  wire::Put16(bytes + 4, timeout_100ms);
  answer->Append({option, sizeof(option)});
}

}  // namespace

void OptionAnswer::Append(std::string_view option) noexcept {
  std::memcpy(bytes + length, option.data(), option.size());
  length = static_cast<uint16_t>(length + option.size());
}

bool ReadOptions(const uint8_t* message, const wire::Query& query, const OptionContext& context,
                 OptionAnswer* answer) noexcept {
  answer->length = 0;
  answer->cookie = CookieState::kNone;
  const Asked asked = ReadAsked(message + query.options_at, query.options_length);
  if (asked.cookie != nullptr && context.secrets != nullptr) {
    if (!IsCookieLength(asked.cookie_length)) return false;
    AnswerCookie(asked, context, answer);
  }
  if (asked.nsid) answer->Append(context.identity->nsid_option());
  if (asked.keepalive && context.tcp_keepalive_100ms != 0) {
    AppendKeepalive(context.tcp_keepalive_100ms, answer);
  }
  return true;
}

}  // namespace understudy::responder
