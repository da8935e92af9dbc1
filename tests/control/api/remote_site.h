// A served site that is also reachable over TCP with TLS, and a client for it.
#ifndef UNDERSTUDY_TESTS_CONTROL_API_REMOTE_SITE_H_
#define UNDERSTUDY_TESTS_CONTROL_API_REMOTE_SITE_H_

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>

#include "control/api/remote_server.h"
#include "tests/control/api/served_site.h"

namespace understudy::control {

// A certificate of its own key, for a day.
inline void WriteIdentity(const std::string& certificate_path, const std::string& key_path) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("edge1"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const File certificate_file(std::fopen(certificate_path.c_str(), "w"), &std::fclose);
  PEM_write_X509(certificate_file.get(), certificate.get());
  const File key_file(std::fopen(key_path.c_str(), "w"), &std::fclose);
  ASSERT_EQ(chmod(key_path.c_str(), 0600), 0);
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

// A TCP client that does exactly what it is told; what goes wrong ends it.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port)
      : context_(boost::asio::ssl::context::tls_client), stream_(io_, context_) {
    std::ignore =
        stream_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port}, error_);
    // No defect shall hang the test.
    const struct timeval limit = {.tv_sec = 20, .tv_usec = 0};
    const int fd = stream_.next_layer().native_handle();
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }
  void LimitVersion(int version) { SSL_set_max_proto_version(stream_.native_handle(), version); }
  bool Shake() {
    std::ignore = stream_.handshake(boost::asio::ssl::stream_base::client, error_);
    return !error_;
  }
  bool Send(const std::string& bytes) {
    boost::asio::write(stream_, boost::asio::buffer(bytes), error_);
    return !error_;
  }
  // Everything until the other side ends the connection.
  std::string ReadAll() {
    std::string bytes;
    boost::asio::read(stream_, boost::asio::dynamic_buffer(bytes), error_);
    return bytes;
  }
  // Below TLS.
  bool SendRaw(const std::string& bytes) {
    boost::asio::write(stream_.next_layer(), boost::asio::buffer(bytes), error_);
    return !error_;
  }
  bool IsEnded() {
    char byte = 0;
    boost::system::error_code error;
    do {
      std::ignore = stream_.next_layer().read_some(boost::asio::buffer(&byte, 1), error);
    } while (!error);
    return error != boost::asio::error::would_block && error != boost::asio::error::try_again;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ssl::context context_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::system::error_code error_;
};

class RemoteSite {
 public:
  using milliseconds = std::chrono::milliseconds;
  explicit RemoteSite(Connections::Limits limits = {.total = 16, .per_source = 16},
                      milliseconds idle = milliseconds(2000),
                      milliseconds handshake = milliseconds(2000)) {
    WriteIdentity(certificate(), key());
    WriteTokens(kBothTokens);
    auto started = RemoteServer::Start(
        site.loop(), [this](Request request) { return site.api().Answer(std::move(request)); },
        {.listen = {"127.0.0.1:0"},
         .certificate = certificate(),
         .key = key(),
         .tokens = tokens(),
         .limits = limits,
         .idle_timeout = idle,
         .handshake_timeout = handshake});
    EXPECT_TRUE(started.ok()) << started.status();
    server = *std::move(started);
    const std::string& listening = server->listening().front();
    port = static_cast<uint16_t>(std::stoi(listening.substr(listening.rfind(':') + 1)));
  }

  ServedSite::HttpAnswer Ask(const std::string& token, const std::string& method,
                             const std::string& target, const std::string& body = "") {
    TlsClient client(port);
    if (!client.Shake()) return {};
    client.Send(RequestOf(token, method, target, body));
    return ServedSite::Parse(client.ReadAll());
  }
  static std::string RequestOf(const std::string& token, const std::string& method,
                               const std::string& target, const std::string& body = "") {
    return method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
           (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  absl::Status Renew() {
    std::promise<absl::Status> promise;
    server->Renew([&](const absl::Status& status) { promise.set_value(status); });
    return promise.get_future().get();
  }
  void WriteTokens(const std::string& text) {
    std::ofstream(tokens()) << text;
    EXPECT_EQ(chmod(tokens().c_str(), 0600), 0);
  }
  std::string certificate() const { return scratch_.path() + "/certificate.pem"; }
  std::string key() const { return scratch_.path() + "/key.pem"; }
  std::string tokens() const { return scratch_.path() + "/tokens"; }

  // Of "secret" (ci, write) and of "other" (prometheus, read).
  static constexpr char kBothTokens[] =
      "ci sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b write\n"
      "prometheus sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa read\n";

 private:
  ScratchDirectory scratch_;

 public:
  ServedSite site{SiteWith({"app"}), std::chrono::milliseconds(2000)};
  std::unique_ptr<RemoteServer> server;
  uint16_t port = 0;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_API_REMOTE_SITE_H_
