#include "dataplane/listen/udp_socket.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

namespace understudy::listen {
namespace {

constexpr unsigned kBurst = 32;
constexpr size_t kControlRoom = CMSG_SPACE(sizeof(in6_pktinfo));
constexpr int kReceiveBuffer = 4 << 20;  // rides out a few milliseconds without the CPU

// The query's destination becomes the answer's source. Link-local addresses mean something only on
// their interface; for others routing is free to choose.
void TurnAround(msghdr& header) {
  bool kept = false;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(control));
      info->ipi_ifindex = 0;  // ipi_spec_dst is the local address already
      kept = true;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(control));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
      kept = true;
    }
  }
  if (!kept) header.msg_controllen = 0;
}

std::string Configure(int fd, const SocketAddress& address) {
  const int on = 1;
  // Both may fail on an unprivileged node; the kernel's default then stands.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof(kReceiveBuffer)) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  }
  if (address.family() == AF_INET) {
    // A forged "fragmentation needed" must not make us fragment answers.
    const int omit = IP_PMTUDISC_OMIT;
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit, sizeof(omit));
    if (address.is_wildcard() && setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0) {
      return std::strerror(errno);
    }
    return "";
  }
  const int omit = IPV6_PMTUDISC_OMIT;
  setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit, sizeof(omit));
  if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0 ||
      (address.is_wildcard() &&
       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) != 0)) {
    return std::strerror(errno);
  }
  return "";
}

bool ComesFromPortZero(const sockaddr_storage& source) {
  return source.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(source).sin_port == 0
                                     : reinterpret_cast<const sockaddr_in6&>(source).sin6_port == 0;
}

}  // namespace

struct UdpBurst::Room {
  mmsghdr headers[kBurst];
  mmsghdr answers[kBurst];
  uint8_t answer_of[kBurst];  // index of the exchange behind answers[i]
  iovec parts[kBurst];
  sockaddr_storage peers[kBurst];
  alignas(cmsghdr) uint8_t controls[kBurst][kControlRoom];
  responder::Exchange exchanges[kBurst];
  uint8_t refused[kBurst];  // not given to the responder: outcome stands already
  alignas(64) uint8_t messages[kBurst][responder::kMaxUdpMessage];

  int Receive(int fd);
  // Fills `exchanges` from what was received; true where the responder is to answer.
  void Prepare(unsigned count);
  unsigned Compose(unsigned count);
  void Send(int fd, unsigned count);
};

int UdpBurst::Room::Receive(int fd) {
  for (unsigned i = 0; i < kBurst; ++i) {
    parts[i] = {messages[i], sizeof(messages[i])};
    headers[i] = {};
    headers[i].msg_hdr.msg_name = &peers[i];
    headers[i].msg_hdr.msg_namelen = sizeof(peers[i]);
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_control = controls[i];
    headers[i].msg_hdr.msg_controllen = kControlRoom;
  }
  return recvmmsg(fd, headers, kBurst, MSG_DONTWAIT, nullptr);
}

void UdpBurst::Room::Prepare(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    exchanges[i] = {};
    exchanges[i].message = messages[i];
    exchanges[i].query_length = static_cast<uint16_t>(headers[i].msg_len);
    exchanges[i].capacity = responder::kMaxUdpMessage;
    exchanges[i].transport = responder::Transport::kUdp;
    exchanges[i].client_length = RawAddress(peers[i], &exchanges[i].client);
    refused[i] = 1;
    if ((headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      exchanges[i].outcome = contract::Outcome::kMalformed;  // longer than any query we take
    } else if (ComesFromPortZero(peers[i])) {
      exchanges[i].outcome = contract::Outcome::kBadSource;
    } else {
      refused[i] = 0;
    }
  }
}

unsigned UdpBurst::Room::Compose(unsigned count) {
  unsigned answered = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (refused[i] != 0 || exchanges[i].answer_length == 0) continue;
    parts[i].iov_len = exchanges[i].answer_length;
    answers[answered] = headers[i];
    answers[answered].msg_hdr.msg_flags = 0;
    TurnAround(answers[answered].msg_hdr);
    answer_of[answered++] = static_cast<uint8_t>(i);
  }
  return answered;
}

void UdpBurst::Room::Send(int fd, unsigned count) {
  for (unsigned sent = 0; sent < count;) {
    const int result = sendmmsg(fd, &answers[sent], count - sent, MSG_DONTWAIT);
    if (result > 0) {
      sent += static_cast<unsigned>(result);
      continue;
    }
    if (result < 0 && errno == EINTR) continue;
    // This one cannot leave (no route, a full queue, ...): it is lost, the others have their
    // chance.
    exchanges[answer_of[sent++]].outcome = contract::Outcome::kQueueFull;
  }
}

UdpBurst::UdpBurst() : room_(std::make_unique<Room>()) {}
UdpBurst::~UdpBurst() = default;

std::unique_ptr<UdpSocket> UdpSocket::Open(const SocketAddress& address, std::string* error) {
  std::unique_ptr<UdpSocket> udp(new UdpSocket);
  udp->fd_ = socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  std::string problem;
  if (udp->fd_ < 0) {
    problem = std::strerror(errno);
  } else {
    problem = Configure(udp->fd_, address);
    // No SO_REUSEADDR: on UDP it would let another process take our queries.
    if (problem.empty() && bind(udp->fd_, address.raw(), address.length) != 0) {
      problem = std::strerror(errno);
    }
  }
  if (!problem.empty()) {
    *error = "cannot listen on UDP " + address.text() + ": " + problem;
    return nullptr;
  }
  udp->LookAtName();
  return udp;
}

std::unique_ptr<UdpSocket> UdpSocket::Inherit(int fd) {
  std::unique_ptr<UdpSocket> udp(new UdpSocket);
  udp->fd_ = fd;
  udp->LookAtName();
  return udp;
}

void UdpSocket::LookAtName() {
  bound_.length = sizeof(bound_.storage);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&bound_.storage), &bound_.length);
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

bool UdpSocket::Serve(UdpBurst& burst, worker::TableReader& reader,
                      const responder::Responder& responder) {
  UdpBurst::Room& room = *burst.room_;
  const int received = room.Receive(fd_);
  if (received <= 0) return false;
  const auto count = static_cast<unsigned>(received);
  room.Prepare(count);
  const contract::Cut cut = reader.Enter();
  for (unsigned i = 0; i < count;) {  // runs between refused ones: mostly the whole burst at once
    unsigned end = i;
    while (end < count && room.refused[end] == 0) ++end;
    if (end > i) responder.Respond(cut, std::span(&room.exchanges[i], end - i));
    i = end + 1;
  }
  room.Send(fd_, room.Compose(count));
  contract::Tally tally;
  for (unsigned i = 0; i < count; ++i) responder::Count(room.exchanges[i], tally);
  reader.Account(tally);
  return count == kBurst;
}

}  // namespace understudy::listen
