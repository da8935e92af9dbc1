#include "control/health/program_run.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <tuple>
#include <utility>

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code AssignCopy(int fd, asio::posix::stream_descriptor& descriptor) {
  error_code ec;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) {
    ec.assign(errno, boost::system::system_category());
    return ec;
  }
  descriptor.assign(copy, ec);
  if (ec) close(copy);
  return ec;
}

// Not by descriptor.close(): that leaves it to the kernel to take the descriptor out of epoll,
// which happens only when its last copy is closed; until then asio would be told of events for an
// object that is gone.
void Close(asio::posix::stream_descriptor& descriptor) {
  if (descriptor.is_open()) close(descriptor.release());
}

bool IsReadable(int fd) {
  pollfd look = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&look, 1, 0) == 1;
}

}  // namespace

Watch::~Watch() { Close(descriptor_); }

Output::~Output() { Close(descriptor_); }

error_code Watch::Open(int fd) { return AssignCopy(fd, descriptor_); }

asio::awaitable<Watch::Outcome> Watch::Wait(Connection::Clock::time_point deadline) {
  if (ended_) co_return Outcome::kEnded;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (ec) return;
    self->late_ = true;
    self->descriptor_.cancel();
  });
  error_code ec;
  // asio may end a wait for an event of a descriptor that was closed before (the kernel told of
  // both in one go; boostorg/process issue 564 is the same): only a look is sure.
  while (!ec && !ended_ && !late_ && !IsReadable(descriptor_.native_handle())) {
    std::tie(ec) = co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                   asio::as_tuple(asio::use_awaitable));
  }
  timer_.cancel();
  if (ended_) co_return Outcome::kEnded;
  if (late_) co_return Outcome::kLate;
  co_return ec ? Outcome::kEnded : Outcome::kReadable;
}

void Watch::End() {
  ended_ = true;
  timer_.cancel();
  error_code ignored;
  descriptor_.cancel(ignored);
}

error_code Output::Open(int fd) { return AssignCopy(fd, descriptor_); }

void Output::Read() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const error_code& ec) {
                           if (!ec && !self->finished_ && self->Take()) self->Read();
                         });
}

// False when there will be no more, or more than is wanted. The descriptor does not block: Program
// made it so.
bool Output::Take() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = read(descriptor_.native_handle(), buffer.data(), buffer.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    text_.append(buffer.data(), static_cast<size_t>(count));
    if (text_.size() <= limit_) continue;
    flooded_ = true;
    if (on_flood_) std::exchange(on_flood_, nullptr)();
    return false;
  }
}

const std::string& Output::Finish() {
  finished_ = true;
  on_flood_ = nullptr;
  if (descriptor_.is_open() && !flooded_) Take();
  Close(descriptor_);
  return text_;
}

}  // namespace understudy::control
