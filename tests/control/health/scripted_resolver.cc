#include "tests/control/health/scripted_resolver.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <utility>

namespace understudy::control {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

namespace {

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr size_t kHeader = 12;  // RFC 1035 4.1.1

std::string Word(size_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

// Name and end of the question; the resolver's queries are not compressed.
DnsQuestion QuestionOf(const std::string& message, bool over_tcp) {
  DnsQuestion question{message, "", 0, over_tcp};
  size_t at = kHeader;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<unsigned char>(message[at]);
    question.name += (question.name.empty() ? "" : ".") + message.substr(at + 1, length);
    at += 1u + length;
  }
  for (char& c : question.name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  question.type = static_cast<uint16_t>(static_cast<unsigned char>(message.at(at + 1)) << 8 |
                                        static_cast<unsigned char>(message.at(at + 2)));
  return question;
}

std::string Bytes(const auto& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

DnsRecord ARecord(const std::string& address) {
  return {1, Bytes(asio::ip::make_address_v4(address).to_bytes())};
}

DnsRecord AaaaRecord(const std::string& address) {
  return {28, Bytes(asio::ip::make_address_v6(address).to_bytes())};
}

std::string MessageOf(const DnsQuestion& question, const DnsAnswer& answer) {
  size_t end = kHeader;
  while (question.message.at(end) != 0) {
    end += 1u + static_cast<unsigned char>(question.message[end]);
  }
  end += 5;
  const size_t flags =
      0x8180u | (answer.truncated ? 0x0200u : 0u) | static_cast<size_t>(answer.rcode);
  std::string message = question.message.substr(0, 2) + Word(flags) + Word(1) +
                        Word(answer.records.size()) + Word(0) + Word(0) +
                        question.message.substr(kHeader, end - kHeader);
  for (const DnsRecord& record : answer.records) {
    message += Word(0xc00c) + Word(record.type) + Word(1) + Word(0) + Word(60) +
               Word(record.rdata.size()) + record.rdata;
  }
  return message;
}

ScriptedResolver::ScriptedResolver(asio::io_context& io, Script script)
    : udp_(io), tcp_(io), script_(std::move(script)) {
  // The port that is free for one protocol may be taken for the other.
  for (int attempt = 0; !udp_.is_open() && attempt < 20; ++attempt) {
    tcp_ = tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    boost::system::error_code ec;
    udp_.open(udp::v4());
    udp_.bind({asio::ip::address_v4::loopback(), tcp_.local_endpoint().port()}, ec);
    if (ec) udp_.close();
  }
  asio::co_spawn(io, ServeUdp(), asio::detached);
  asio::co_spawn(io, ServeTcp(), asio::detached);
}

std::string ScriptedResolver::server() const {
  return "127.0.0.1:" + std::to_string(udp_.local_endpoint().port());
}

std::vector<std::string> ScriptedResolver::AnswersTo(const std::string& message, bool over_tcp) {
  questions_.push_back(QuestionOf(message, over_tcp));
  return script_(questions_.back());
}

asio::awaitable<void> ScriptedResolver::ServeUdp() {
  std::array<char, 2048> buffer;
  while (true) {
    udp::endpoint from;
    auto [ec, size] = co_await udp_.async_receive_from(asio::buffer(buffer), from, kResult);
    if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) co_return;
    if (ec) continue;
    for (const std::string& answer : AnswersTo({buffer.data(), size}, false)) {
      co_await udp_.async_send_to(asio::buffer(answer), from, kResult);
    }
  }
}

asio::awaitable<void> ScriptedResolver::ServeTcp() {
  while (true) {
    auto [ec, socket] = co_await tcp_.async_accept(kResult);
    if (ec) co_return;
    asio::co_spawn(co_await asio::this_coro::executor, ServeStream(std::move(socket)),
                   asio::detached);
  }
}

asio::awaitable<void> ScriptedResolver::ServeStream(tcp::socket socket) {
  while (true) {
    std::array<unsigned char, 2> length;
    auto [ec, got] = co_await asio::async_read(socket, asio::buffer(length), kResult);
    if (ec) co_return;
    std::string message(static_cast<size_t>(length[0]) << 8 | length[1], '\0');
    auto [wrong, read] = co_await asio::async_read(socket, asio::buffer(message), kResult);
    if (wrong) co_return;
    for (const std::string& answer : AnswersTo(message, true)) {
      const std::string framed = Word(answer.size()) + answer;
      co_await asio::async_write(socket, asio::buffer(framed), kResult);
    }
  }
}

ScriptedResolver::Script Answering(DnsAnswer answer) {
  return [answer = std::move(answer)](const DnsQuestion& question) {
    return std::vector<std::string>{MessageOf(question, answer)};
  };
}

}  // namespace understudy::control
