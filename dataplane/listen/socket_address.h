// Where a kernel socket listens: an address and a port, as text and as the kernel takes it.
//
// Used by: options (parses --listen), listener (binds).
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_SOCKET_ADDRESS_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace understudy::listen {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  uint16_t port() const;
  bool is_wildcard() const;  // 0.0.0.0 or ::
  std::string text() const;  // 192.0.2.1:53, [2001:db8::1]:53
};

// Points `address` to the IP address in network order; returns its length, 4 or 16.
uint8_t RawAddress(const sockaddr_storage& storage, const uint8_t** address) noexcept;

// ADDRESS:PORT or [ADDRESS]:PORT. Port 0 lets the kernel choose.
std::optional<SocketAddress> ParseSocketAddress(std::string_view text, std::string* error);

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_SOCKET_ADDRESS_H_
