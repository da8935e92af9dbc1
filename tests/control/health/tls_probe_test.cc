#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/health/probe.h"
#include "tests/control/health/compressed.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// A certificate for `host`, signed by itself, that ran out an hour ago.
void UseExpiredCertificate(ssl::context& context, const std::string& host = "backend.example") {
  // One key for all tests: making it takes longer than a test.
  static const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048),
                                                                       EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  ASSERT_EQ(SSL_CTX_use_certificate(context.native_handle(), certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context.native_handle(), key.get()), 1);
}

// What the server saw of one probe.
struct Seen {
  bool handshake = false;
  std::string server_name = "(none)";
  std::string version;
  std::string request;
  boost::system::error_code end;
  bool ended = false;
};

class TlsProbe : public testing::Test {
 protected:
  TlsProbe() : context_(ssl::context::tls_server) { UseExpiredCertificate(context_); }

  // An https server that says `text` and closes as TLS wants it.
  ScriptedServer::Script Saying(const std::string& text) {
    return [this, text](tcp::socket& socket) -> asio::awaitable<void> {
      ssl::stream<tcp::socket&> stream(socket, context_);
      auto [ec] = co_await stream.async_handshake(ssl::stream_base::server, kResult);
      if (ec) co_return;
      seen_.handshake = true;
      seen_.version = SSL_get_version(stream.native_handle());
      const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
      if (name != nullptr) seen_.server_name = name;
      std::string buffer(8192, '\0');
      auto [read, size] = co_await stream.async_read_some(asio::buffer(buffer), kResult);
      seen_.request = buffer.substr(0, size);
      co_await asio::async_write(stream, asio::buffer(text), kResult);
      auto [end] = co_await stream.async_shutdown(kResult);
      seen_.end = end;
      seen_.ended = true;
    };
  }

  asio::io_context io_;
  ssl::context context_;
  Seen seen_;
};

TEST_F(TlsProbe, PassesAnExpiredCertificateOfAnotherName) {
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kHttps, server.port()));
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_EQ(result.reason, "HTTP 200");
  EXPECT_TRUE(absl::StrContains(seen_.request, absl::StrCat("Host: 127.0.0.1:", server.port())));
}

TEST_F(TlsProbe, SharesTheJudgementOfAnswersWithPlainHttp) {
  const ScriptedServer failing(io_, Saying("HTTP/1.1 503 No\r\n\r\n"));
  EXPECT_EQ(Probe(io_, PatientCheck(CheckType::kHttps, failing.port())).reason, "HTTP 503");
  const ScriptedServer server(
      io_, Saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + Gzip("all is well")));
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kHttpsStrMatch, server.port()));
  EXPECT_TRUE(result.success) << result.reason;
  const ScriptedServer without(io_, Saying("HTTP/1.1 200 OK\r\n\r\nnothing"));
  EXPECT_EQ(
      Probe(io_, PatientCheck(CheckType::kHttpsStrMatch, without.port())).reason,
      "HTTP 200, but string not found in the 7 bytes of body received, then connection closed");
}

TEST_F(TlsProbe, ServerNameIsSentOnlyWhenAskedForAndWhenItIsAName) {
  struct Row {
    bool enable_sni;
    std::string host;
    std::string server_name;
  };
  const std::vector<Row> rows = {{true, "app.example.com", "app.example.com"},
                                 {true, "app.example.com.", "app.example.com"},
                                 {false, "app.example.com", "(none)"},
                                 {true, "", "(none)"},
                                 {true, "192.0.2.1", "(none)"}};
  // Else it would be asked once more without a name: certificate_probe_test.
  UseExpiredCertificate(context_, "app.example.com");
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  for (const Row& row : rows) {
    HealthCheck check = PatientCheck(CheckType::kHttps, server.port());
    check.enable_sni = row.enable_sni;
    check.host = row.host;
    seen_ = Seen();
    EXPECT_TRUE(Probe(io_, check).success);
    EXPECT_EQ(seen_.server_name, row.server_name) << row.host;
  }
}

TEST_F(TlsProbe, SpeaksTheOldVersionsThatTheReferenceAllows) {
  SSL_CTX_set_security_level(context_.native_handle(), 0);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_VERSION);
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kHttps, server.port()));
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_EQ(seen_.version, "TLSv1");
}

TEST_F(TlsProbe, EndsTheTlsStreamAsTlsWantsIt) {
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_TRUE(Probe(io_, PatientCheck(CheckType::kHttps, server.port())).success);
  ASSERT_TRUE(RunUntil(io_, [this] { return seen_.ended; }));
  EXPECT_FALSE(seen_.end) << seen_.end.message();  // our close_notify came
}

TEST_F(TlsProbe, AHandshakeThatIsNeverAnsweredFailsWithinTheConnectTimeout) {
  std::optional<boost::system::error_code> end;
  const ScriptedServer server(
      io_, [&end](tcp::socket& s) -> asio::awaitable<void> { end = co_await ReadToEnd(s); });
  HealthCheck check = HastyCheck(CheckType::kHttps, server.port());
  check.response_timeout = absl::Seconds(10);
  const ProbeResult result = Probe(io_, check);
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason, absl::StrCat("TLS handshake 127.0.0.1:", server.port(),
                                        ": not complete within 150ms of connecting"));
  EXPECT_TRUE(RunUntil(io_, [&end] { return end.has_value(); }));
}

TEST_F(TlsProbe, AnEndpointThatSpeaksNoTlsFails) {
  const ScriptedServer plain(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    co_await Say(s, "HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await ReadToEnd(s);
  });
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kHttps, plain.port()));
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(absl::StrContains(result.reason, "TLS handshake 127.0.0.1")) << result.reason;
  EXPECT_TRUE(absl::StrContains(result.reason, "wrong version number")) << result.reason;

  const ScriptedServer closing(
      io_, [](tcp::socket& s) -> asio::awaitable<void> { co_await ReadRequest(s); });
  HealthCheck check = PatientCheck(CheckType::kHttps, closing.port());
  check.connect_timeout = absl::Milliseconds(150);
  EXPECT_FALSE(Probe(io_, check).success);

  const ScriptedServer at_once(io_, [](tcp::socket& s) -> asio::awaitable<void> {
    s.shutdown(tcp::socket::shutdown_send);
    co_await ReadToEnd(s);
  });
  EXPECT_EQ(Probe(io_, PatientCheck(CheckType::kHttps, at_once.port())).reason,
            absl::StrCat("TLS handshake 127.0.0.1:", at_once.port(), ": connection closed"));
}

TEST_F(TlsProbe, AnAlertOfTheEndpointIsTheReason) {
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_2_VERSION);
  // No cipher in common with anybody: the certificate is RSA.
  SSL_CTX_set_cipher_list(context_.native_handle(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  const ScriptedServer server(io_, Saying("HTTP/1.1 200 OK\r\n\r\n"));
  const ProbeResult result = Probe(io_, PatientCheck(CheckType::kHttps, server.port()));
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(absl::StrContains(result.reason, "handshake failure")) << result.reason;
}

TEST_F(TlsProbe, AStreamThatEndsWithoutCloseNotifyIsAnOrdinaryEnd) {
  const ScriptedServer server(io_, [this](tcp::socket& socket) -> asio::awaitable<void> {
    ssl::stream<tcp::socket&> stream(socket, context_);
    co_await stream.async_handshake(ssl::stream_base::server, kResult);
    const std::string text = "HTTP/1.1 200 OK\r\n\r\nnothing";
    co_await asio::async_write(stream, asio::buffer(text), kResult);
    socket.shutdown(tcp::socket::shutdown_send);
    co_await ReadToEnd(socket);
  });
  EXPECT_EQ(
      Probe(io_, PatientCheck(CheckType::kHttpsStrMatch, server.port())).reason,
      "HTTP 200, but string not found in the 7 bytes of body received, then connection closed");
}

}  // namespace
}  // namespace understudy::control
