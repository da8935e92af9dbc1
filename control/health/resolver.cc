#include "control/health/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using Clock = Connection::Clock;

// Datagrams of one socket taken in one turn of the loop; c-ares itself would read until there are
// no more.
constexpr int kDatagramsPerTurn = 16;
// A resolver is asked twice before the deadline, and each of three in /etc/resolv.conf once.
constexpr int kAttemptsPerDeadline = 4;
constexpr int kTries = 2;

// Done once, and never undone: c-ares' own cleanup at exit would gain nothing.
bool LibraryIsReady() {
  static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

int FamilyOf(ResolveFamily family) {
  switch (family) {
    case ResolveFamily::kIpv4:
      return AF_INET;
    case ResolveFamily::kIpv6:
      return AF_INET6;
    case ResolveFamily::kAny:
      return AF_UNSPEC;
  }
  return AF_INET;
}

std::string_view RecordsOf(ResolveFamily family) {
  switch (family) {
    case ResolveFamily::kIpv4:
      return "A";
    case ResolveFamily::kIpv6:
      return "AAAA";
    case ResolveFamily::kAny:
      return "A or AAAA";
  }
  return "A";
}

std::vector<asio::ip::address> AddressesOf(const ares_addrinfo* info) {
  std::vector<asio::ip::address> addresses;
  for (const ares_addrinfo_node* node = info->nodes;
       node != nullptr && addresses.size() < Resolver::kMaxAddresses; node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      addresses.emplace_back(asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)));
    } else if (node->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
      addresses.emplace_back(asio::ip::address_v6(bytes));
    }
  }
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const asio::ip::address& address) { return address.is_v4(); });
  return addresses;
}

// One question and what is under way for it. Handlers of the loop share it, so it lives until the
// last of them has run, though nothing happens in it any more once it is closed.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  explicit Lookup(const asio::any_io_executor& executor) : timer_(executor) {}
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() { Close(); }

  asio::awaitable<Resolved> Run(std::string name, ResolveFamily family, std::string servers,
                                Clock::time_point deadline);
  // Ends Run.
  void Stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  struct Socket {
    explicit Socket(const asio::any_io_executor& executor) : descriptor(executor) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool awaits_read = false;
    bool awaits_write = false;
    int datagrams = 0;  // taken in this turn
  };

  bool Open(const std::string& servers, Clock::duration left);
  void Close();
  // To be called whenever c-ares is through with something: it may wait for other sockets or for
  // another time then.
  void Watch(int fd);
  void Await(int fd, const std::shared_ptr<Socket>& socket, bool write);

  // What c-ares calls; `self` is the Lookup. They are called from C: nothing may be thrown.
  static void Answered(void* self, int status, int timeouts, ares_addrinfo* info) noexcept;
  static void Wants(void* self, ares_socket_t fd, int readable, int writable) noexcept;
  static ares_socket_t OpenSocket(int domain, int type, int protocol, void* self) noexcept;
  static int CloseSocket(ares_socket_t fd, void* self) noexcept;
  static int ConnectSocket(ares_socket_t fd, const sockaddr* to, ares_socklen_t size,
                           void* self) noexcept;
  static ares_ssize_t Receive(ares_socket_t fd, void* buffer, size_t size, int flags,
                              sockaddr* from, ares_socklen_t* from_size, void* self) noexcept;
  static ares_ssize_t Send(ares_socket_t fd, const iovec* parts, int count, void* self) noexcept;
  static constexpr ares_socket_functions kSocketCalls{OpenSocket, CloseSocket, ConnectSocket,
                                                      Receive, Send};

  asio::steady_timer timer_;
  std::map<int, std::shared_ptr<Socket>> sockets_;  // opened by c-ares, not yet closed
  ares_channel channel_ = nullptr;
  bool stopped_ = false;
  bool answered_ = false;
  int status_ = ARES_SUCCESS;
  bool shortage_here_ = false;
  std::vector<asio::ip::address> addresses_;
};

bool Lookup::Open(const std::string& servers, Clock::duration left) {
  if (!LibraryIsReady()) return false;
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.ndomains = 0;
  std::string files_then_dns = "fb";  // c-ares' words for /etc/hosts and then DNS
  options.lookups = files_then_dns.data();
  const auto attempt =
      std::chrono::duration_cast<std::chrono::milliseconds>(left / kAttemptsPerDeadline);
  options.timeout = std::max(1, static_cast<int>(attempt.count()));
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
void Lookup::Close() {
  stopped_ = true;
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
  sockets_.clear();
}

asio::awaitable<Resolved> Lookup::Run(std::string name, ResolveFamily family, std::string servers,
                                      Clock::time_point deadline) {
  Resolved result;
  if (!Open(servers, deadline - Clock::now())) {
    result.failure = absl::StrCat("DNS resolution failed: ", name, " could not be asked for");
    result.shortage_here = true;
    co_return result;
  }
  ares_addrinfo_hints hints{};
  // c-ares would connect a socket to each address to sort them.
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = FamilyOf(family);
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
    if (!ec) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  const bool answered = std::exchange(answered_, true);
  const int status = answered ? status_ : ARES_ETIMEOUT;
  Close();
  result.addresses = std::move(addresses_);
  result.shortage_here = shortage_here_ || status == ARES_ENOMEM;
  result.timed_out = status == ARES_ETIMEOUT;
  if (!result.addresses.empty()) co_return result;
  const auto why = [&]() -> std::string {
    switch (status) {
      case ARES_SUCCESS:
      case ARES_ENODATA:
        return absl::StrCat("has no ", std::string(RecordsOf(family)), " record");
      case ARES_ENOTFOUND:
        return "does not exist";
      case ARES_ETIMEOUT:
        return "had no answer in time";
      case ARES_ESERVFAIL:
        return "could not be resolved by the resolver (SERVFAIL)";
      case ARES_EREFUSED:
        return "was refused by the resolver";
      case ARES_ECONNREFUSED:
        return "could not be asked for: no resolver can be reached";
      case ARES_EBADRESP:
        return "had an answer that is no DNS message";
      default:
        return absl::StrCat("could not be resolved: ", ares_strerror(status));
    }
  };
  result.failure = absl::StrCat("DNS resolution failed: ", name, " ", why());
  co_return result;
}

void Lookup::Answered(void* self, int status, int, ares_addrinfo* info) noexcept {
  auto& lookup = *static_cast<Lookup*>(self);
  // The end of the channel comes here too.
  if (!std::exchange(lookup.answered_, true)) {
    lookup.status_ = status;
    if (status == ARES_SUCCESS && info != nullptr) lookup.addresses_ = AddressesOf(info);
    lookup.timer_.cancel();
  }
  if (info != nullptr) ares_freeaddrinfo(info);
}

void Lookup::Wants(void* self, ares_socket_t fd, int readable, int writable) noexcept {
  auto& lookup = *static_cast<Lookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found == lookup.sockets_.end()) return;
  found->second->wants_read = readable != 0;
  found->second->wants_write = writable != 0;
  if (!lookup.stopped_) lookup.Watch(fd);
}

void Lookup::Watch(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  const std::shared_ptr<Socket> socket = found->second;
  if (socket->wants_read && !socket->awaits_read) Await(fd, socket, false);
  if (socket->wants_write && !socket->awaits_write) Await(fd, socket, true);
}

void Lookup::Await(int fd, const std::shared_ptr<Socket>& socket, bool write) {
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

ares_socket_t Lookup::OpenSocket(int domain, int type, int protocol, void* self) noexcept {
  auto& lookup = *static_cast<Lookup*>(self);
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

int Lookup::CloseSocket(ares_socket_t fd, void* self) noexcept {
  auto& lookup = *static_cast<Lookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found == lookup.sockets_.end()) return 0;
  boost::system::error_code ec;
  found->second->descriptor.close(ec);
  lookup.sockets_.erase(found);
  return 0;
}

int Lookup::ConnectSocket(ares_socket_t fd, const sockaddr* to, ares_socklen_t size,
                          void*) noexcept {
  return ::connect(fd, to, size);
}

ares_ssize_t Lookup::Receive(ares_socket_t fd, void* buffer, size_t size, int flags, sockaddr* from,
                             ares_socklen_t* from_size, void* self) noexcept {
  auto& lookup = *static_cast<Lookup*>(self);
  const auto found = lookup.sockets_.find(fd);
  if (found != lookup.sockets_.end() && ++found->second->datagrams > kDatagramsPerTurn) {
    errno = EAGAIN;
    return -1;
  }
  return ::recvfrom(fd, buffer, size, flags, from, from_size);
}

ares_ssize_t Lookup::Send(ares_socket_t fd, const iovec* parts, int count, void*) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace

asio::awaitable<Resolved> Resolver::Resolve(Connection& connection, std::string name,
                                            ResolveFamily family) const {
  const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  connection.WhenAborted([lookup] { lookup->Stop(); });
  Resolved result = co_await lookup->Run(std::move(name), family, servers_, connection.deadline());
  connection.WhenAborted(nullptr);
  co_return result;
}

}  // namespace understudy::control
