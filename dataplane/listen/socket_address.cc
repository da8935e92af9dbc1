#include "dataplane/listen/socket_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace understudy::listen {
namespace {

const sockaddr_in& V4(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& V6(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

bool ParsePort(std::string_view text, uint16_t* port) {
  const auto parsed = std::from_chars(text.begin(), text.end(), *port);
  return parsed.ec == std::errc() && parsed.ptr == text.end();
}

}  // namespace

uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET ? V4(storage).sin_port : V6(storage).sin6_port);
}

bool SocketAddress::is_wildcard() const {
  if (family() == AF_INET) return V4(storage).sin_addr.s_addr == htonl(INADDR_ANY);
  return std::memcmp(&V6(storage).sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0;
}

std::string SocketAddress::text() const {
  char address[INET6_ADDRSTRLEN] = {};
  const std::string port_text = std::to_string(port());
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &V4(storage).sin_addr, address, sizeof(address));
    return std::string(address) + ":" + port_text;
  }
  inet_ntop(AF_INET6, &V6(storage).sin6_addr, address, sizeof(address));
  return "[" + std::string(address) + "]:" + port_text;
}

uint8_t RawAddress(const sockaddr_storage& storage, const uint8_t** address) noexcept {
  if (storage.ss_family == AF_INET) {
    *address = reinterpret_cast<const uint8_t*>(&V4(storage).sin_addr);
    return sizeof(in_addr);
  }
  *address = V6(storage).sin6_addr.s6_addr;
  return sizeof(in6_addr);
}

std::optional<SocketAddress> ParseSocketAddress(std::string_view text, std::string* error) {
  SocketAddress result;
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  if (colon != std::string_view::npos && ParsePort(text.substr(colon + 1), &port)) {
    std::string host(text.substr(0, colon));
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    sockaddr_in v4 = {};
    sockaddr_in6 v6 = {};
    if (!bracketed && inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&result.storage, &v4, sizeof(v4));
      result.length = sizeof(v4);
      return result;
    }
    if (bracketed && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&result.storage, &v6, sizeof(v6));
      result.length = sizeof(v6);
      return result;
    }
  }
  *error = "listen address '" + std::string(text) +
           "': say ADDRESS:PORT, e.g. 127.0.0.1:5353 or [::1]:5353, with a port of 0..65535";
  return std::nullopt;
}

}  // namespace understudy::listen
