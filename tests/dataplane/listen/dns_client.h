// A blocking DNS client over the kernel's sockets, for tests of the listener.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_LISTEN_DNS_CLIENT_H_
#define UNDERSTUDY_TESTS_DATAPLANE_LISTEN_DNS_CLIENT_H_

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "dataplane/listen/socket_address.h"
#include "tests/dataplane/table_builder.h"

namespace understudy::test {

class DnsClient {
 public:
  DnsClient(const listen::SocketAddress& server, int type)
      : fd_(socket(server.family(), type | SOCK_CLOEXEC, 0)) {
    // A test that waits longer waits for something that never comes.
    const timeval patience = {10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd_, server.raw(), server.length) != 0) throw std::runtime_error("connect");
  }
  ~DnsClient() { close(fd_); }
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;

  int fd() const { return fd_; }
  // How much of it was sent; all, unless `wait` is false.
  size_t Send(std::string_view bytes, bool wait = true) const {
    const ssize_t sent =
        send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  std::string ReceiveDatagram() const {
    std::string bytes(65'536, '\0');
    const ssize_t length = recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(length < 0 ? 0 : static_cast<size_t>(length));
    return bytes;
  }
  // The next message of a TCP connection; empty when the server closed it.
  std::string ReceiveMessage() const {
    const std::string length = ReceiveExactly(2);
    if (length.size() != 2) return "";
    return ReceiveExactly(static_cast<size_t>(static_cast<uint8_t>(length[0])) << 8 |
                          static_cast<uint8_t>(length[1]));
  }
  // Whether the server closed the connection, waiting for it.
  bool IsClosed() const {
    char byte = 0;
    return recv(fd_, &byte, 1, 0) <= 0 && errno != EAGAIN;
  }
  bool HasData() const {
    pollfd wait = {fd_, POLLIN, 0};
    return poll(&wait, 1, 0) == 1;
  }

 private:
  std::string ReceiveExactly(size_t length) const {
    std::string bytes(length, '\0');
    size_t used = 0;
    while (used < length) {
      const ssize_t result = recv(fd_, bytes.data() + used, length - used, 0);
      if (result <= 0) return "";
      used += static_cast<size_t>(result);
    }
    return bytes;
  }

  const int fd_;
};

// As TCP carries it: behind two octets of length.
inline std::string Framed(const std::string& message) {
  return U16(static_cast<unsigned>(message.size())) + message;
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_LISTEN_DNS_CLIENT_H_
