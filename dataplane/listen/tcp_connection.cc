#include "dataplane/listen/tcp_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

namespace understudy::listen {

void TcpConnection::Open(int fd, const sockaddr_storage& peer) {
  fd_ = fd;
  const uint8_t* address = nullptr;
  client_length_ = RawAddress(peer, &address);
  std::memcpy(client_, address, client_length_);
  in_used_ = out_used_ = sent_ = 0;
  ending_ = false;
}

void TcpConnection::Close() {
  close(fd_);
  fd_ = -1;
}

TcpConnection::Io TcpConnection::Receive() {
  if (in_used_ == kInRoom) return Io::kDone;
  const ssize_t result = recv(fd_, in_ + in_used_, kInRoom - in_used_, MSG_DONTWAIT);
  if (result > 0) {
    in_used_ += static_cast<size_t>(result);
    return Io::kDone;
  }
  if (result == 0) {
    ending_ = true;  // half-closed: what it asked before is still answered (RFC 7766 6.2.4)
    return Io::kDone;
  }
  return errno == EAGAIN || errno == EINTR ? Io::kWouldBlock : Io::kBroken;
}

TcpConnection::Io TcpConnection::Flush() {
  while (sent_ < out_used_) {
    const ssize_t result = send(fd_, out_ + sent_, out_used_ - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Io::kWouldBlock : Io::kBroken;
    }
    sent_ += static_cast<size_t>(result);
  }
  sent_ = out_used_ = 0;
  return Io::kDone;
}

unsigned TcpConnection::Answer(worker::TableReader& reader, const responder::Responder& responder) {
  contract::Tally tally;
  contract::Cut cut;
  unsigned taken = 0;
  size_t read = 0;
  while (in_used_ - read >= 2 && out_used_ + kFrame <= kOutRoom) {
    const size_t length = size_t{in_[read]} << 8 | in_[read + 1];
    if (length == 0) {  // says nothing and would keep us busy for nothing
      ending_ = true;
      read = in_used_;
      break;
    }
    if (in_used_ - read - 2 < length) break;
    if (taken++ == 0) cut = reader.Enter();
    uint8_t* answer = out_ + out_used_ + 2;
    std::memcpy(answer, in_ + read + 2, length);
    read += 2 + length;
    responder::Exchange exchange;
    exchange.message = answer;
    exchange.query_length = static_cast<uint16_t>(length);
    exchange.capacity = kMaxMessage;
    exchange.transport = responder::Transport::kTcp;
    exchange.client = client_;
    exchange.client_length = client_length_;
    responder.Respond(cut, std::span(&exchange, 1));
    responder::Count(exchange, tally);
    if (exchange.answer_length == 0) continue;
    answer[-2] = static_cast<uint8_t>(exchange.answer_length >> 8);
    answer[-1] = static_cast<uint8_t>(exchange.answer_length);
    out_used_ += 2 + size_t{exchange.answer_length};
  }
  in_used_ -= read;
  if (read != 0) std::memmove(in_, in_ + read, in_used_);
  reader.Account(tally);
  return taken;
}

TcpConnection::Progress TcpConnection::Serve(worker::TableReader& reader,
                                             const responder::Responder& responder) {
  Progress progress;
  const bool was_blocked = is_blocked();
  Io io = was_blocked ? Flush() : Receive();
  if (io == Io::kDone && was_blocked) progress.active = true;
  while (io == Io::kDone) {
    const unsigned taken = Answer(reader, responder);
    if (taken != 0) progress.active = true;
    io = Flush();
    if (taken == 0) break;
  }
  progress.alive = io != Io::kBroken && !(ending_ && !is_blocked());
  return progress;
}

}  // namespace understudy::listen
