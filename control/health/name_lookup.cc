#include "control/health/name_lookup.h"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "control/health/connection.h"

namespace understudy::control {

namespace asio = boost::asio;

namespace {

// Datagrams of one socket taken in one turn of the loop; c-ares itself would read until there are
// no more.
constexpr int kDatagramsPerTurn = 16;
// A resolver is asked after 0, 1 and 3 of so many parts of the time there is (c-ares doubles each
// wait), and each of three in /etc/resolv.conf once.
constexpr int kAttemptsPerDeadline = 4;
constexpr int kTries = 3;
constexpr std::chrono::milliseconds kShortestWait{1};
constexpr std::chrono::milliseconds kLongestWait{60'000};

// Done once, and never undone: c-ares' own cleanup at exit would gain nothing.
bool LibraryIsReady() {
  static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

// Of the family that was asked for: c-ares takes what else an answer has. IPv4 first.
std::vector<asio::ip::address> AddressesOf(const ares_addrinfo* info, int family) {
  std::vector<asio::ip::address> addresses;
  std::vector<asio::ip::address> v6_addresses;
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
    if (addresses.size() + v6_addresses.size() == NameLookup::kMaxAddresses) break;
    if (family != AF_UNSPEC && node->ai_family != family) continue;
    if (node->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      addresses.emplace_back(asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)));
    } else if (node->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
      v6_addresses.emplace_back(asio::ip::address_v6(bytes));
    }
  }
  addresses.insert(addresses.end(), v6_addresses.begin(), v6_addresses.end());
  return addresses;
}

}  // namespace

bool NameLookup::Open(const std::string& servers, Clock::duration left) {
  if (!LibraryIsReady()) return false;
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.ndomains = 0;
  std::string files_then_dns = "fb";  // c-ares' words for /etc/hosts and then DNS
  options.lookups = files_then_dns.data();
  const auto attempt =
      std::chrono::duration_cast<std::chrono::milliseconds>(left / kAttemptsPerDeadline);
  options.timeout = static_cast<int>(std::clamp(attempt, kShortestWait, kLongestWait).count());
  options.tries = kTries;
  options.sock_state_cb = Wants;
  options.sock_state_cb_data = this;
  if (ares_init_options(&channel_, &options,
                        ARES_OPT_FLAGS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS |
                            ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
    channel_ = nullptr;
    return false;
  }
  ares_set_socket_functions(channel_, &kSocketCalls, this);
  return servers.empty() || ares_set_servers_ports_csv(channel_, servers.c_str()) == ARES_SUCCESS;
}

// Also from the destructor: no shared_from_this here, and none in what c-ares calls from here.
void NameLookup::Close() {
  stopped_ = true;
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
  sockets_.clear();
}

asio::awaitable<void> NameLookup::Run(const std::string& name, int family,
                                      const std::string& servers, Clock::time_point deadline) {
  if (!Open(servers, deadline - Clock::now())) {
    status_ = ARES_ENOMEM;
    co_return;
  }
  ares_addrinfo_hints hints{};
  // c-ares would connect a socket to each address to sort them.
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = family_ = family;
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, Answered, this);
  while (!answered_ && !stopped_ && Clock::now() < deadline) {
    timeval next{};
    Clock::time_point wake = deadline;
    if (ares_timeout(channel_, nullptr, &next) != nullptr) {
      wake = std::min(wake, Clock::now() + std::chrono::seconds(next.tv_sec) +
                                std::chrono::microseconds(next.tv_usec));
    }
    timer_.expires_at(wake);
    auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!ec && !stopped_) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  if (!std::exchange(answered_, true)) status_ = ARES_ETIMEOUT;
  Close();
}

void NameLookup::Answered(void* self, int status, int, ares_addrinfo* info) noexcept {
  auto& lookup = *static_cast<NameLookup*>(self);
  // The end of the channel comes here too.
  if (!std::exchange(lookup.answered_, true)) {
    lookup.status_ = status;
    if (status == ARES_SUCCESS && info != nullptr) {
      lookup.addresses_ = AddressesOf(info, lookup.family_);
    }
    lookup.timer_.cancel();
  }
  if (info != nullptr) ares_freeaddrinfo(info);
}

void NameLookup::Wants(void* self, ares_socket_t fd, int readable, int writable) noexcept {
  auto& lookup = *static_cast<NameLookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found == lookup.sockets_.end()) return;
  found->second->wants_read = readable != 0;
  found->second->wants_write = writable != 0;
  if (!lookup.stopped_) lookup.Watch(fd);
}

void NameLookup::Watch(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  const std::shared_ptr<Socket> socket = found->second;
  if (socket->wants_read && !socket->awaits_read) Await(fd, socket, false);
  if (socket->wants_write && !socket->awaits_write) Await(fd, socket, true);
}

void NameLookup::Await(int fd, const std::shared_ptr<Socket>& socket, bool write) {
  (write ? socket->awaits_write : socket->awaits_read) = true;
  socket->descriptor.async_wait(
      write ? asio::posix::descriptor_base::wait_write : asio::posix::descriptor_base::wait_read,
      [self = shared_from_this(), fd, socket, write](const boost::system::error_code& ec) {
        (write ? socket->awaits_write : socket->awaits_read) = false;
        // The number of a closed socket may be another's by now.
        if (ec || self->stopped_ || self->answered_ || !socket->descriptor.is_open()) return;
        socket->datagrams = 0;
        ares_process_fd(self->channel_, write ? ARES_SOCKET_BAD : fd, write ? fd : ARES_SOCKET_BAD);
        if (self->stopped_ || self->answered_) return;
        if (socket->descriptor.is_open()) self->Watch(fd);
        self->timer_.cancel();  // c-ares may want to be woken at another time now
      });
}

ares_socket_t NameLookup::OpenSocket(int domain, int type, int protocol, void* self) noexcept {
  auto& lookup = *static_cast<NameLookup*>(self);
  const int fd = ::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  boost::system::error_code ec;
  if (fd < 0) {
    ec.assign(errno, boost::system::system_category());
  } else {
    const auto socket = std::make_shared<Socket>(lookup.timer_.get_executor());
    socket->descriptor.assign(fd, ec);
    if (!ec) {
      lookup.sockets_[fd] = socket;
      return fd;
    }
    ::close(fd);
  }
  lookup.shortage_here_ |= IsShortageHere(ec);
  errno = ec.value();
  return ARES_SOCKET_BAD;
}

int NameLookup::CloseSocket(ares_socket_t fd, void* self) noexcept {
  auto& lookup = *static_cast<NameLookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found == lookup.sockets_.end()) return 0;
  boost::system::error_code ec;
  found->second->descriptor.close(ec);
  lookup.sockets_.erase(found);
  return 0;
}

int NameLookup::ConnectSocket(ares_socket_t fd, const sockaddr* to, ares_socklen_t size,
                              void*) noexcept {
  return ::connect(fd, to, size);
}

ares_ssize_t NameLookup::Receive(ares_socket_t fd, void* buffer, size_t size, int flags,
                                 sockaddr* from, ares_socklen_t* from_size, void* self) noexcept {
  auto& lookup = *static_cast<NameLookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found != lookup.sockets_.end() && ++found->second->datagrams > kDatagramsPerTurn) {
    errno = EAGAIN;
    return -1;
  }
  return ::recvfrom(fd, buffer, size, flags, from, from_size);
}

ares_ssize_t NameLookup::Send(ares_socket_t fd, const iovec* parts, int count, void*) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace understudy::control
