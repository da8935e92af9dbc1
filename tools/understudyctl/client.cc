#include "tools/understudyctl/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace understudy::ctl {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Error = boost::system::error_code;

constexpr uint64_t kMaxBody = uint64_t{64} * 1024 * 1024;  // events and groups of a large instance

// One exchange: connect, write, read, each step started by the one before; `failed` ends it.
class Exchange {
 public:
  Exchange(http::request<http::string_body> request, std::chrono::seconds timeout)
      : stream_(io_), request_(std::move(request)) {
    parser_.body_limit(kMaxBody);
    stream_.expires_after(timeout);
  }

  Error Run(const std::string& path) {
    stream_.async_connect(Protocol::endpoint(path), [this](const Error& error) {
      if (Failed(error)) return;
      http::async_write(stream_, request_, [this](const Error& written, size_t) {
        if (!Failed(written)) Read();
      });
    });
    io_.run();
    return failed_;
  }
  const http::response<http::string_body>& response() const { return parser_.get(); }

 private:
  bool Failed(const Error& error) {
    failed_ = error;
    return static_cast<bool>(error);
  }
  void Read() {
    http::async_read(stream_, buffer_, parser_,
                     [this](const Error& error, size_t) { Failed(error); });
  }

  asio::io_context io_;
  boost::beast::basic_stream<Protocol> stream_;
  http::request<http::string_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  Error failed_;
};

}  // namespace

Answer Client::Get(const std::string& target) const { return Send("GET", target, "", kTimeout); }

Answer Client::Post(const std::string& target, const boost::json::object& body,
                    std::chrono::seconds timeout) const {
  return Send("POST", target, boost::json::serialize(body), timeout);
}

Answer Client::Send(const std::string& method, const std::string& target, const std::string& body,
                    std::chrono::seconds timeout) const {
  http::request<http::string_body> request{http::string_to_verb(method), target, 11};
  request.set(http::field::host, "understudy");
  request.keep_alive(false);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  Exchange exchange(std::move(request), timeout);
  Answer answer;
  if (const Error error = exchange.Run(socket_path_)) {
    answer.unreachable = error.message();
    return answer;
  }
  answer.status = exchange.response().result_int();
  Error malformed;
  answer.body = boost::json::parse(exchange.response().body(), malformed);
  if (malformed) answer.unreachable = "the answer is not JSON: is this control's socket?";
  return answer;
}

std::string Encode(std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[octet >> 4];
      encoded += kDigits[octet & 15];
    }
  }
  return encoded;
}

}  // namespace understudy::ctl
