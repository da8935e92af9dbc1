// NameLookup: one question of a name, with c-ares, over sockets that Asio's loop watches.
//
// Used by: resolver.
//  1. c-ares opens, reads, writes and closes sockets through the calls here, so a descriptor is
//     never closed while the loop watches it, and a flood of datagrams is taken in turns.
//  2. Nothing happens in it any more once it is closed, though handlers of the loop that share it
//     may still have to run.
#ifndef UNDERSTUDY_CONTROL_HEALTH_NAME_LOOKUP_H_
#define UNDERSTUDY_CONTROL_HEALTH_NAME_LOOKUP_H_

#include <ares.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace understudy::control {

class NameLookup : public std::enable_shared_from_this<NameLookup> {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMaxAddresses = 256;

  explicit NameLookup(const boost::asio::any_io_executor& executor) : timer_(executor) {}
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;
  ~NameLookup() { Close(); }

  // Ends by `deadline`. `family`: AF_INET, AF_INET6, or AF_UNSPEC for both. `servers`:
  // "192.0.2.53:5353,..."; empty: those of /etc/resolv.conf. `name` outlives it.
  boost::asio::awaitable<void> Run(const std::string& name, int family, const std::string& servers,
                                   Clock::time_point deadline);

  // After Run: how it ended, in c-ares' words.
  int status() const { return status_; }
  bool shortage_here() const { return shortage_here_; }
  const std::vector<boost::asio::ip::address>& addresses() const { return addresses_; }

  // Ends Run.
  void Stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  struct Socket {
    explicit Socket(const boost::asio::any_io_executor& executor) : descriptor(executor) {}
    boost::asio::posix::stream_descriptor descriptor;
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

  // What c-ares calls; `self` is the NameLookup. They are called from C: nothing may be thrown.
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

  boost::asio::steady_timer timer_;
  std::map<int, std::shared_ptr<Socket>> sockets_;  // opened by c-ares, not yet closed
  ares_channel channel_ = nullptr;
  int family_ = AF_UNSPEC;
  bool stopped_ = false;
  bool answered_ = false;
  int status_ = ARES_SUCCESS;
  bool shortage_here_ = false;
  std::vector<boost::asio::ip::address> addresses_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_NAME_LOOKUP_H_
