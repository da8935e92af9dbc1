#include "dataplane/listen/listener.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace understudy::listen {
namespace {

// What an epoll event is about: its kind in the high half, an index in the low one.
enum Kind : uint64_t { kStop = 0, kUdp = 1, kAccept = 2, kConnection = 3 };
constexpr uint64_t Tag(Kind kind) { return uint64_t{kind} << 32; }

constexpr int kEvents = 64;
constexpr int kUdpBurstsAtATime = 8;      // then TCP gets its turn
constexpr int kUdpBurstsAtTheEnd = 1024;  // more than a receive buffer holds
constexpr int kPortChoices = 16;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kLongestWaitMs = 100;  // then it shows that it lives (report.h, `rounds`)

int TakeOut(std::map<std::string, int>* inherited, const std::string& name) {
  if (inherited == nullptr) return -1;
  const auto found = inherited->find(name);
  return found == inherited->end() ? -1 : inherited->extract(found).mapped();
}

responder::ResponderOptions OptionsOf(const ListenerSettings& settings) {
  responder::ResponderOptions options = settings.responder;
  options.tcp_keepalive_100ms =
      static_cast<uint16_t>(std::min(settings.tcp_idle_timeout_ms / 100, 65'535U));
  return options;
}

}  // namespace

Listener::Listener(const ListenerSettings& settings) : responder_(OptionsOf(settings)) {}

std::unique_ptr<Listener> Listener::Open(const ListenerSettings& settings, std::string* error) {
  std::unique_ptr<Listener> listener(new Listener(settings));
  listener->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  listener->stop_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (listener->epoll_ < 0 || !listener->Watch(listener->stop_, Tag(kStop))) {
    *error = std::string("cannot wait for events: ") + std::strerror(errno);
    return nullptr;
  }
  for (const SocketAddress& address : settings.addresses) {
    *error = listener->Bind(address, settings.inherited);
    if (!error->empty()) return nullptr;
  }
  listener->connections_ =
      TcpService::Create(listener->epoll_, Tag(kConnection), settings.tcp_connections,
                         settings.tcp_idle_timeout_ms * kMs, error);
  return listener->connections_ ? std::move(listener) : nullptr;
}

Listener::~Listener() {
  for (const int fd : tcp_) close(fd);
  if (stop_ >= 0) close(stop_);
  if (epoll_ >= 0) close(epoll_);
}

bool Listener::Watch(int fd, uint64_t data) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = data;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

// UDP first: when the kernel chooses the port, TCP takes the same, unless somebody has it already.
std::string Listener::Bind(const SocketAddress& address, std::map<std::string, int>* inherited) {
  std::string error;
  std::unique_ptr<UdpSocket> udp;
  int tcp = TakeOut(inherited, "tcp " + address.text());
  if (const int fd = TakeOut(inherited, "udp " + address.text()); fd >= 0) {
    udp = UdpSocket::Inherit(fd);
  } else if (tcp >= 0) {
    udp = UdpSocket::Open(address, &error);
    if (!udp) return error;
  }
  for (int attempt = 0; tcp < 0 && attempt < (address.port() == 0 ? kPortChoices : 1); ++attempt) {
    udp = UdpSocket::Open(address, &error);
    if (!udp) return error;
    tcp = OpenTcp(udp->bound(), &error);
  }
  if (tcp < 0) return error;
  tcp_.push_back(tcp);
  bound_.push_back(udp->bound());
  udp_.push_back(std::move(udp));
  if (!Watch(udp_.back()->fd(), Tag(kUdp) + udp_.size() - 1) ||
      !Watch(tcp, Tag(kAccept) + tcp_.size() - 1)) {
    return "cannot wait for events on " + address.text() + ": " + std::strerror(errno);
  }
  return "";
}

void Listener::Stop() {
  const uint64_t one = 1;
  // Fails only when it is full of earlier ones: then it is readable as it should be.
  while (write(stop_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void Listener::Dispatch(uint64_t data, uint64_t now_ns, worker::TableReader& reader) {
  const auto index = static_cast<uint32_t>(data);
  switch (data >> 32) {
    case kStop: {
      uint64_t times = 0;
      stopped_ = read(stop_, &times, sizeof(times)) == sizeof(times);
      break;
    }
    case kUdp:
      for (int i = 0; i < kUdpBurstsAtATime; ++i) {
        if (!udp_[index]->Serve(burst_, reader, responder_)) break;
      }
      break;
    case kAccept:
      connections_->Accept(tcp_[index], now_ns);
      break;
    case kConnection:
      connections_->Serve(index, now_ns, reader, responder_);
      break;
    default:
      break;
  }
}

void Listener::Run(worker::TableReader& reader) {
  epoll_event events[kEvents];
  stopped_ = false;
  while (!stopped_) {
    uint64_t now_ns = contract::MonotonicNs();
    const uint64_t end_ns = connections_->CloseIdle(now_ns);
    uint64_t timeout_ms = kLongestWaitMs;
    if (end_ns != 0) timeout_ms = std::min((end_ns - now_ns) / kMs + 1, timeout_ms);
    reader.Leave();
    const int count = epoll_wait(epoll_, events, kEvents, static_cast<int>(timeout_ms));
    now_ns = contract::MonotonicNs();
    for (int i = 0; i < count; ++i) Dispatch(events[i].data.u64, now_ns, reader);
  }
  ServeWhatCame(reader);
  reader.Leave();
}

void Listener::ServeWhatCame(worker::TableReader& reader) {
  for (const auto& udp : udp_) {
    for (int i = 0; i < kUdpBurstsAtTheEnd && udp->Serve(burst_, reader, responder_); ++i) {
    }
  }
  const uint64_t now_ns = contract::MonotonicNs();
  for (const int tcp : tcp_) connections_->Accept(tcp, now_ns);
  connections_->ServeAll(now_ns, reader, responder_);
}

void Listener::ServeConnections(worker::TableReader& reader) {
  connections_->ServeAll(contract::MonotonicNs(), reader, responder_);
  reader.Leave();
}

std::map<std::string, int> Listener::Sockets() const {
  std::map<std::string, int> sockets;
  for (size_t i = 0; i < bound_.size(); ++i) {
    sockets.emplace("udp " + bound_[i].text(), udp_[i]->fd());
    sockets.emplace("tcp " + bound_[i].text(), tcp_[i]);
  }
  return sockets;
}

}  // namespace understudy::listen
