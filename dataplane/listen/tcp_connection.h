// One TCP connection of a client: queries in, answers out, in order, without ever blocking.
//
// Used by: tcp_service. Implements the framing of RFC 1035 4.2.2 and the behaviour of RFC 7766 6.2.
//
// Invariants
//  1. A query is taken only when the largest answer fits behind the answers not yet sent, so a
//     client that does not read stops being read from; its buffers are bounded, others do not
//     notice.
//  2. Its memory is given once, before the first connection.
#ifndef UNDERSTUDY_DATAPLANE_LISTEN_TCP_CONNECTION_H_
#define UNDERSTUDY_DATAPLANE_LISTEN_TCP_CONNECTION_H_

#include <cstddef>
#include <cstdint>

#include "dataplane/listen/socket_address.h"
#include "dataplane/responder/responder.h"
#include "dataplane/worker/table_reader.h"

namespace understudy::listen {

class TcpConnection {
 public:
  static constexpr size_t kMaxMessage = 65'535;      // what two octets of length can say
  static constexpr size_t kFrame = 2 + kMaxMessage;  // with them
  static constexpr size_t kInRoom = kFrame;
  static constexpr size_t kOutRoom = 2 * kFrame;  // invariant 1: any answer fits behind another
  static constexpr size_t kRoom = kInRoom + kOutRoom;

  void GiveMemory(uint8_t* memory) {
    in_ = memory;
    out_ = memory + kInRoom;
  }
  void Open(int fd, const sockaddr_storage& peer);
  void Close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  struct Progress {
    bool alive = true;    // false: close it
    bool active = false;  // took a query or got rid of all its answers: not idle
  };
  // The socket is readable, or writable while answers wait.
  Progress Serve(worker::TableReader& reader, const responder::Responder& responder);
  // Whether answers wait for the client to read: then nothing is read from it.
  bool is_blocked() const { return sent_ < out_used_; }

 private:
  enum class Io : uint8_t { kDone, kWouldBlock, kBroken };

  Io Receive();
  Io Flush();
  // Answers the complete queries there are, as far as there is room. Returns how many it took.
  unsigned Answer(worker::TableReader& reader, const responder::Responder& responder);

  int fd_ = -1;
  uint8_t client_length_ = 0;
  uint8_t client_[16] = {};  // address of the peer, network order
  uint8_t* in_ = nullptr;
  uint8_t* out_ = nullptr;
  size_t in_used_ = 0;
  size_t out_used_ = 0;
  size_t sent_ = 0;      // of out_used_
  bool ending_ = false;  // the client sends no more, or nonsense: flush, then close
};

}  // namespace understudy::listen

#endif  // UNDERSTUDY_DATAPLANE_LISTEN_TCP_CONNECTION_H_
