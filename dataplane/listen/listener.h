// The same answers over the kernel's sockets: UDP and TCP, one thread for all addresses.
//
// Used by: main (TCP beside any port; a node without root, NIC or hugepages). Knows no DPDK.
//
// Invariants
//  1. While it waits for something to happen it holds neither a table nor a selection.
//  2. After Open nothing is allocated; nothing a client does ends it.
//  3. What has come before Stop is answered before Run returns, and Run may be called again.
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/listen/tcp_service.h"
#include "dataplane/listen/udp_socket.h"

namespace understudy::listen {

struct ListenerSettings {
  std::vector<SocketAddress> addresses;
  responder::ResponderOptions responder;
  uint32_t tcp_connections = 256;
  uint32_t tcp_idle_timeout_ms = 10'000;
  // Sockets that a predecessor bound and listens on, "udp ADDRESS" and "tcp ADDRESS": those of the
  // addresses above are taken out and used.
  std::map<std::string, int>* inherited = nullptr;
};

class Listener {
 public:
  static std::unique_ptr<Listener> Open(const ListenerSettings& settings, std::string* error);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Where it listens; ports chosen by the kernel are filled in.
  const std::vector<SocketAddress>& bound() const { return bound_; }

  // The sockets by name, as `inherited` takes them.
  std::map<std::string, int> Sockets() const;

  // Serves until Stop, which any thread may call.
  void Run(worker::TableReader& reader);
  void Stop();
  // While nobody runs it: answers what has come on connections since, nothing else.
  void ServeConnections(worker::TableReader& reader);

 private:
  explicit Listener(const ListenerSettings& settings);
  std::string Bind(const SocketAddress& address, std::map<std::string, int>* inherited);
  bool Watch(int fd, uint64_t data);
  void ServeWhatCame(worker::TableReader& reader);
  void Dispatch(uint64_t data, uint64_t now_ns, worker::TableReader& reader);

  const responder::Responder responder_;
  int epoll_ = -1;
  int stop_ = -1;  // eventfd
  bool stopped_ = false;
  std::vector<SocketAddress> bound_;
  std::vector<std::unique_ptr<UdpSocket>> udp_;
  std::vector<int> tcp_;
  std::unique_ptr<TcpService> connections_;
  UdpBurst burst_;
};

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_LISTENER_H_
