#include "tools/understudyctl/exchange.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Error = boost::system::error_code;
using Local = asio::local::stream_protocol;
using asio::ip::tcp;

constexpr uint64_t kMaxBody = uint64_t{256} << 20;  // the largest zone file that is exported

// The steps after the connection, the same for both kinds. Each is started by the one before; the
// first that fails ends it.
class Talk {
 public:
  explicit Talk(HttpRequest request) : request_(std::move(request)) {
    parser_.body_limit(kMaxBody);
  }

  template <typename Stream>
  void Start(Stream& stream) {
    http::async_write(stream, request_, [this, &stream](const Error& error, size_t) {
      if (Fails(error)) return;
      http::async_read(stream, buffer_, parser_, [this](const Error& read, size_t) {
        if (!Fails(read)) ended_ = true;
      });
    });
  }
  bool Fails(const Error& error) {
    if (!error) return false;
    Fail(error.message());
    return true;
  }
  void Fail(std::string why) {
    ended_ = true;
    reply_.failure = std::move(why);
  }

  HttpReply Run(asio::io_context& io, std::chrono::milliseconds timeout) {
    io.run_for(timeout);
    if (!ended_) Fail(absl::StrCat("no answer within ", timeout.count(), " ms"));
    if (!reply_.failure.empty()) return std::move(reply_);
    reply_.status = parser_.get().result_int();
    reply_.type = parser_.get()[http::field::content_type];
    reply_.body = std::move(parser_.get().body());
    return std::move(reply_);
  }

 private:
  HttpRequest request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  bool ended_ = false;
  HttpReply reply_;
};

HttpReply AskLocally(const Endpoint& endpoint, HttpRequest request,
                     std::chrono::milliseconds timeout) {
  asio::io_context io(1);
  Local::socket socket(io);
  Talk talk(std::move(request));
  if (endpoint.socket.size() >= sizeof(sockaddr_un::sun_path)) {
    talk.Fail("the path is too long for a socket");
  } else {
    socket.async_connect(Local::endpoint(endpoint.socket), [&](const Error& error) {
      if (!talk.Fails(error)) talk.Start(socket);
    });
  }
  return talk.Run(io, timeout);
}

class RemoteTalk {
 public:
  RemoteTalk(const Endpoint& endpoint, HttpRequest request)
      : endpoint_(endpoint), talk_(std::move(request)) {}

  HttpReply Run(std::chrono::milliseconds timeout) {
    Error error;
    if (Trust(error)) {
      Connect();
    } else {
      talk_.Fail(absl::StrCat("TLS: ", error.message()));
    }
    return talk_.Run(io_, timeout);
  }

 private:
  bool Trust(Error& error) {
    if (endpoint_.ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(endpoint_.ca_file, error);
    }
    if (error) return false;
    SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_2_VERSION);  // RFC 8996
    stream_.set_verify_mode(asio::ssl::verify_peer, error);
    if (!error) {
      stream_.set_verify_callback(asio::ssl::host_name_verification(endpoint_.host), error);
    }
    Error literal;
    asio::ip::make_address(endpoint_.host, literal);
    // RFC 6066 3: a server name is never an address.
    if (literal) SSL_set_tlsext_host_name(stream_.native_handle(), endpoint_.host.c_str());
    return !error;
  }

  void Connect() {
    resolver_.async_resolve(endpoint_.host, endpoint_.port, tcp::resolver::numeric_service,
                            [this](const Error& error, const tcp::resolver::results_type& found) {
                              if (talk_.Fails(error)) return;
                              asio::async_connect(
                                  stream_.next_layer(), found,
                                  [this](const Error& refused, const tcp::endpoint&) {
                                    if (!talk_.Fails(refused)) Handshake();
                                  });
                            });
  }

  void Handshake() {
    stream_.async_handshake(asio::ssl::stream_base::client, [this](const Error& error) {
      const long verdict = SSL_get_verify_result(stream_.native_handle());
      if (error && verdict != X509_V_OK) {
        talk_.Fail(absl::StrCat("its certificate is not trusted for ", endpoint_.host, ": ",
                                X509_verify_cert_error_string(verdict)));
      } else if (!talk_.Fails(error)) {
        talk_.Start(stream_);
      }
    });
  }

  const Endpoint& endpoint_;
  asio::io_context io_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  asio::ssl::stream<tcp::socket> stream_{io_, tls_};
  tcp::resolver resolver_{io_};
  Talk talk_;
};

}  // namespace

HttpReply Exchange(const Endpoint& endpoint, HttpRequest request,
                   std::chrono::milliseconds timeout) {
  if (!endpoint.is_remote()) return AskLocally(endpoint, std::move(request), timeout);
  return RemoteTalk(endpoint, std::move(request)).Run(timeout);
}

}  // namespace understudy::ctl
