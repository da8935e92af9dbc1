#include "dataplane/listen/tcp_service.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace understudy::listen {
namespace {

constexpr int kBacklog = 256;
constexpr int kAcceptsAtATime = 64;  // then the connections that stand get their turn
constexpr rlim_t kOtherFiles = 256;  // what the process needs beside the connections

std::string AllowFiles(uint32_t connections) {
  rlimit limit = {};
  const rlim_t needed = connections + kOtherFiles;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return "";
  const rlim_t allowed = limit.rlim_max;
  limit.rlim_cur = needed;
  if (needed > limit.rlim_max) limit.rlim_max = needed;  // root may
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return "";
  return std::to_string(connections) + " TCP connections need a limit of " +
         std::to_string(needed) + " open files, this process may have " + std::to_string(allowed);
}

}  // namespace

int OpenTcp(const SocketAddress& address, std::string* error) {
  const int on = 1;
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool opened = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
  if (opened && address.family() == AF_INET6) {
    opened = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
  }
  opened = opened && bind(fd, address.raw(), address.length) == 0 && ::listen(fd, kBacklog) == 0;
  if (opened) return fd;
  *error = "cannot listen on TCP " + address.text() + ": " + std::strerror(errno);
  if (fd >= 0) close(fd);
  return -1;
}

std::unique_ptr<TcpService> TcpService::Create(int epoll, uint64_t tag, uint32_t connections,
                                               uint64_t idle_timeout_ns, std::string* error) {
  std::unique_ptr<TcpService> service(new TcpService);
  *error = AllowFiles(connections);
  if (!error->empty()) return nullptr;
  service->memory_size_ = connections * TcpConnection::kRoom;
  // Address space now, pages when a connection first needs them: at most this much, ever.
  service->memory_ = mmap(nullptr, service->memory_size_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (service->memory_ == MAP_FAILED) {
    service->memory_ = nullptr;
    *error = "no memory for " + std::to_string(connections) + " TCP connections";
    return nullptr;
  }
  service->epoll_ = epoll;
  service->tag_ = tag;
  service->idle_timeout_ns_ = idle_timeout_ns;
  service->slots_.resize(connections);
  for (uint32_t i = connections; i-- > 0;) {
    service->slots_[i].connection.GiveMemory(static_cast<uint8_t*>(service->memory_) +
                                             i * TcpConnection::kRoom);
    service->slots_[i].next = service->free_;
    service->free_ = i;
  }
  return service;
}

TcpService::~TcpService() {
  for (Slot& slot : slots_) {
    if (slot.connection.is_open()) slot.connection.Close();
  }
  if (memory_ != nullptr) munmap(memory_, memory_size_);
}

void TcpService::Append(uint32_t index) {
  slots_[index].previous = last_;
  slots_[index].next = kNone;
  (last_ == kNone ? first_ : slots_[last_].next) = index;
  last_ = index;
}

void TcpService::Unlink(uint32_t index) {
  const Slot& slot = slots_[index];
  (slot.previous == kNone ? first_ : slots_[slot.previous].next) = slot.next;
  (slot.next == kNone ? last_ : slots_[slot.next].previous) = slot.previous;
}

void TcpService::Close(uint32_t index) {
  Unlink(index);
  slots_[index].connection.Close();  // which takes it out of epoll
  slots_[index].next = free_;
  free_ = index;
}

void TcpService::Accept(int listening_fd, uint64_t now_ns) {
  for (int i = 0; i < kAcceptsAtATime; ++i) {
    sockaddr_storage peer = {};
    socklen_t peer_length = sizeof(peer);
    const int fd = accept4(listening_fd, reinterpret_cast<sockaddr*>(&peer), &peer_length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Out of files, by no fault of the limit above: make room, or this would spin.
      if ((errno == EMFILE || errno == ENFILE) && first_ != kNone) Close(first_);
      return;
    }
    if (free_ == kNone) Close(first_);
    const uint32_t index = free_;
    Slot& slot = slots_[index];
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = tag_ + index;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
      close(fd);
      return;
    }
    free_ = slot.next;
    slot.connection.Open(fd, peer);
    slot.active_ns = now_ns;
    slot.waits_to_write = false;
    Append(index);
  }
}

void TcpService::Serve(uint32_t index, uint64_t now_ns, worker::TableReader& reader,
                       const responder::Responder& responder) {
  Slot& slot = slots_[index];
  if (!slot.connection.is_open()) return;  // closed earlier in this round of events
  const TcpConnection::Progress progress = slot.connection.Serve(reader, responder);
  if (!progress.alive) {
    Close(index);
    return;
  }
  if (progress.active) {
    slot.active_ns = now_ns;
    Unlink(index);
    Append(index);
  }
  if (slot.connection.is_blocked() == slot.waits_to_write) return;
  slot.waits_to_write = !slot.waits_to_write;
  epoll_event event = {};
  event.events = slot.waits_to_write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = tag_ + index;
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, slot.connection.fd(), &event) != 0) Close(index);
}

void TcpService::ServeAll(uint64_t now_ns, worker::TableReader& reader,
                          const responder::Responder& responder) {
  for (uint32_t i = 0; i < slots_.size(); ++i) Serve(i, now_ns, reader, responder);
}

uint64_t TcpService::CloseIdle(uint64_t now_ns) {
  while (first_ != kNone) {
    const uint64_t end_ns = slots_[first_].active_ns + idle_timeout_ns_;
    if (end_ns > now_ns) return end_ns;
    Close(first_);
  }
  return 0;
}

}  // namespace understudy::listen
