// All TCP connections of the listener: accepts, limits, closes idle ones.
//
// Used by: listener. DNS over TCP (RFC 7766): several queries per connection, pipelined.
//
// Invariants
//  1. Never more than the given number of connections; one more closes the one idle longest.
//  2. A connection that neither asks nor takes its answers for the idle timeout is closed, whatever
//     else it sends: dribbling octets keeps nothing open (RFC 7766 6.2.3).
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_TCP_SERVICE_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_TCP_SERVICE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/listen/socket_address.h"
#include "dataplane/listen/tcp_connection.h"
#include "dataplane/responder/responder.h"
#include "dataplane/worker/table_reader.h"

namespace understudy::listen {

// A listening socket, non-blocking; -1 and a sentence when it cannot be had.
int OpenTcp(const SocketAddress& address, std::string* error);

class TcpService {
 public:
  // Connections are registered in `epoll` with `tag` + their index as data.
  static std::unique_ptr<TcpService> Create(int epoll, uint64_t tag, uint32_t connections,
                                            uint64_t idle_timeout_ns, std::string* error);
  ~TcpService();
  TcpService(const TcpService&) = delete;
  TcpService& operator=(const TcpService&) = delete;

  void Accept(int listening_fd, uint64_t now_ns);
  void Serve(uint32_t index, uint64_t now_ns, worker::TableReader& reader,
             const responder::Responder& responder);
  // Every open connection once.
  void ServeAll(uint64_t now_ns, worker::TableReader& reader,
                const responder::Responder& responder);
  // Closes what is idle too long. Returns when to be called again; 0 = when something happens.
  uint64_t CloseIdle(uint64_t now_ns);

 private:
  static constexpr uint32_t kNone = 0xffffffff;
  // Open ones are in a list by last activity, longest idle first; free ones in a stack by `next`.
  struct Slot {
    TcpConnection connection;
    uint64_t active_ns = 0;
    uint32_t previous = kNone;
    uint32_t next = kNone;
    bool waits_to_write = false;
  };

  TcpService() = default;
  void Append(uint32_t index);
  void Unlink(uint32_t index);
  void Close(uint32_t index);

  int epoll_ = -1;
  uint64_t tag_ = 0;
  uint64_t idle_timeout_ns_ = 0;
  void* memory_ = nullptr;
  size_t memory_size_ = 0;
  std::vector<Slot> slots_;
  uint32_t free_ = kNone;
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
};

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_TCP_SERVICE_H_
