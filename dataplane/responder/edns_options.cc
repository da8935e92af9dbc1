#include "dataplane/responder/edns_options.h"

#include <cstring>

#include "dataplane/wire/byte_order.h"

namespace understudy::responder {
namespace {

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

void ReadOptions(const uint8_t* message, const wire::Query& query, const OptionSettings& settings,
                 OptionAnswer* answer) noexcept {
  answer->length = 0;
  bool nsid = false;
  bool keepalive = false;
  const uint8_t* at = message + query.options_at;
  const uint8_t* end = at + query.options_length;
  while (at < end) {
    const uint16_t code = wire::Get16(at);
    const uint16_t length = wire::Get16(at + 2);
    if (code == wire::kOptionNsid) nsid = true;
    if (code == wire::kOptionTcpKeepalive) keepalive = true;
    at += wire::kOptionHeader + length;
  }
  if (nsid) answer->Append(settings.identity->nsid_option());
  if (keepalive && settings.tcp_keepalive_100ms != 0) {
    AppendKeepalive(settings.tcp_keepalive_100ms, answer);
  }
}

}  // namespace understudy::responder
