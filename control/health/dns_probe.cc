#include "control/health/dns_probe.h"

#include <stdlib.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "control/health/dns_answer.h"
#include "control/health/probe.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using Clock = Connection::Clock;
using error_code = Connection::error_code;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// A UDP socket that hears one endpoint alone, and a deadline. Owned by shared_ptr: the timer's
// handler may outlive the coroutine.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(const asio::any_io_executor& executor) : socket_(executor), timer_(executor) {}

  error_code Open(const udp::endpoint& endpoint, Clock::time_point deadline) {
    error_code ec;
    socket_.open(endpoint.protocol(), ec);
    if (ec) return ec;
    socket_.connect(endpoint, ec);  // the kernel drops what comes from elsewhere
    if (ec) return ec;
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->End(boost::beast::error::timeout);
    });
    return ec;
  }
  error_code Send(const std::string& query) {
    error_code ec;
    socket_.send(asio::buffer(query), 0, ec);  // a datagram into an empty buffer does not block
    return ec;
  }
  asio::awaitable<error_code> Receive(asio::mutable_buffer buffer, size_t* received) {
    if (end_) co_return end_;
    auto [ec, count] = co_await socket_.async_receive(buffer, kResult);
    *received = count;
    co_return end_ ? end_ : ec;
  }
  // The reception, now or later, ends with `why`.
  void End(const error_code& why) {
    end_ = why;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  udp::socket socket_;
  asio::steady_timer timer_;
  error_code end_;
};

// One query and its answer, over UDP, TCP or the one after the other.
class Question {
 public:
  Question(Connection& connection, const HealthCheck& check, asio::ip::tcp::endpoint endpoint)
      : connection_(connection),
        check_(check),
        endpoint_(std::move(endpoint)),
        id_(static_cast<uint16_t>(arc4random())),
        query_(DnsQueryText(check.dns, id_)) {}

  asio::awaitable<ProbeResult> AskOverUdp() {
    const auto deadline = Clock::now() + ToClock(check_.response_timeout);
    connection_.SetDeadline(deadline);
    const auto exchange = std::make_shared<Exchange>(co_await asio::this_coro::executor);
    connection_.WhenAborted([exchange] { exchange->End(asio::error::operation_aborted); });
    error_code ec = exchange->Open({endpoint_.address(), endpoint_.port()}, deadline);
    if (!ec) ec = exchange->Send(query_);
    DnsJudgement judgement;
    std::vector<char> buffer(kMaxDnsAnswer);
    while (!ec && judgement.kind == DnsJudgement::Kind::kForeign) {
      size_t received = 0;
      ec = co_await exchange->Receive(asio::buffer(buffer), &received);
      if (!ec) judgement = Judge({buffer.data(), received}, DnsTransport::kUdp);
    }
    exchange->End({});
    connection_.WhenAborted(nullptr);
    if (ec) co_return FailedWith(ec);
    if (judgement.kind == DnsJudgement::Kind::kTruncated) co_return co_await AskOverTcp();
    co_return ResultOf(judgement);
  }

  // Connects and asks within the deadline that is set already.
  asio::awaitable<ProbeResult> AskOverTcp() {
    const error_code ec = co_await connection_.Connect(endpoint_);
    if (ec) co_return FailedWith(ec);
    co_return co_await AskOverConnection();
  }

  asio::awaitable<ProbeResult> AskOverConnection() {
    over_tcp_ = true;
    error_code ec = co_await connection_.Send(Framed(query_));
    DnsJudgement judgement;
    while (!ec && judgement.kind == DnsJudgement::Kind::kForeign) {
      std::string message;
      ec = co_await ReceiveMessage(&message);
      if (ec == asio::error::message_size) {
        ProbeResult result;
        result.reason = absl::StrCat("answer of more than ", kMaxDnsAnswer, " octets");
        co_return result;
      }
      if (!ec) judgement = Judge(message, DnsTransport::kTcp);
    }
    if (ec) co_return FailedWith(ec);
    co_return ResultOf(judgement);
  }

 private:
  DnsJudgement Judge(std::string_view message, DnsTransport transport) const {
    return JudgeDnsAnswer(message, check_.dns, id_, transport);
  }

  // RFC 1035 4.2.2: two octets of length before each message.
  static std::string Framed(const std::string& message) {
    return absl::StrCat(
        std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())},
        message);
  }

  asio::awaitable<error_code> ReceiveMessage(std::string* message) {
    error_code ec = co_await ReceiveExactly(2, message);
    if (ec) co_return ec;
    const size_t size =
        static_cast<uint8_t>((*message)[0]) << 8 | static_cast<uint8_t>((*message)[1]);
    if (size > kMaxDnsAnswer) co_return asio::error::message_size;
    co_return co_await ReceiveExactly(size, message);
  }

  asio::awaitable<error_code> ReceiveExactly(size_t size, std::string* bytes) {
    bytes->resize(size);
    for (size_t have = 0; have < size;) {
      size_t received = 0;
      const error_code ec =
          co_await connection_.Receive(asio::buffer(bytes->data() + have, size - have), &received);
      if (ec) co_return ec;
      have += received;
    }
    co_return error_code();
  }

  ProbeResult FailedWith(const error_code& ec) const {
    const std::string why =
        IsTimeout(ec)
            ? absl::StrCat("no answer within ", absl::FormatDuration(check_.response_timeout))
            : Phrase(ec);
    return Failed(
        connection_, ec,
        absl::StrCat("query ", EndpointText(endpoint_), over_tcp_ ? " over TCP" : "", ": ", why));
  }

  static ProbeResult ResultOf(const DnsJudgement& judgement) {
    ProbeResult result;
    result.success = judgement.success;
    result.reason = judgement.reason;
    return result;
  }

  Connection& connection_;
  const HealthCheck& check_;
  const asio::ip::tcp::endpoint endpoint_;
  const uint16_t id_;
  const std::string query_;
  bool over_tcp_ = false;
};

}  // namespace

asio::awaitable<ProbeResult> ProbeDns(Connection& connection, const HealthCheck& check,
                                      asio::ip::tcp::endpoint endpoint) {
  Question question(connection, check, endpoint);
  if (!check.dns.over_tcp) co_return co_await question.AskOverUdp();
  ProbeResult result = co_await ConnectTo(connection, check, endpoint);
  if (!result.success) co_return result;
  connection.SetDeadline(Clock::now() + ToClock(check.response_timeout));
  co_return co_await question.AskOverConnection();
}

}  // namespace understudy::control
