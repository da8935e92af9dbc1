// A kernel UDP socket answering queries in bursts.
//
// Used by: listener. Buffers are made once and shared by all sockets of the thread.
//
// Invariants
//  1. An answer leaves from the address its query was sent to, also on a wildcard socket
//     (IP_PKTINFO, IPV6_PKTINFO).
//  2. No allocation, and at most one recvmmsg and one pass of sendmmsg per burst.
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_UDP_SOCKET_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_UDP_SOCKET_H_

#include <memory>
#include <string>

#include "dataplane/listen/socket_address.h"
#include "dataplane/responder/responder.h"
#include "dataplane/worker/table_reader.h"

namespace understudy::listen {

// Room for one burst of datagrams and what the kernel says about them.
class UdpBurst {
 public:
  UdpBurst();
  ~UdpBurst();

 private:
  friend class UdpSocket;
  struct Room;
  std::unique_ptr<Room> room_;
};

class UdpSocket {
 public:
  static std::unique_ptr<UdpSocket> Open(const SocketAddress& address, std::string* error);
  // One that a predecessor opened so and hands over.
  static std::unique_ptr<UdpSocket> Inherit(int fd);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int fd() const { return fd_; }
  const SocketAddress& bound() const { return bound_; }

  // Answers what is there now, at most one burst. True when more may wait.
  bool Serve(UdpBurst& burst, worker::TableReader& reader, const responder::Responder& responder);

 private:
  UdpSocket() = default;
  void LookAtName();

  int fd_ = -1;
  SocketAddress bound_;
};

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_UDP_SOCKET_H_
