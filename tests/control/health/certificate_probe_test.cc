// Certificates of a real TLS server: not looked at unless the check says so, and then all of them.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "control/health/probe.h"
#include "tests/control/health/issued_certificate.h"
#include "tests/control/health/scripted_server.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr long kDay = 86400;

class CertificateProbe : public testing::Test {
 protected:
  CertificateProbe()
      : root_({.common_name = "Root", .authority = true}),
        context_(ssl::context::tls_server),
        server_(io_, Serving()) {
    root_.TrustIn(probes_.verified_certificate());
  }

  ScriptedServer::Script Serving() {
    return [this](tcp::socket& socket) -> asio::awaitable<void> {
      ssl::stream<tcp::socket&> stream(socket, context_);
      auto [ec] = co_await stream.async_handshake(ssl::stream_base::server, kResult);
      const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
      server_names_.emplace_back(name == nullptr ? "(none)" : name);
      if (ec) co_return;
      std::string buffer(8192, '\0');
      co_await stream.async_read_some(asio::buffer(buffer), kResult);
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\n";
      co_await asio::async_write(stream, asio::buffer(answer), kResult);
      co_await stream.async_shutdown(kResult);
    };
  }
  HealthCheck Check(bool verify) const {
    HealthCheck check = PatientCheck(CheckType::kHttps, server_.port());
    check.host = "app.example.com";
    check.enable_sni = true;
    check.http.verify_certificate = verify;
    return check;
  }
  ProbeResult ProbeOf(const HealthCheck& check) {
    server_names_.clear();
    return Probe(io_, check, probes_);
  }
  // Issued by the root that the probes trust.
  void Show(CertificateWishes wishes) {
    if (wishes.alternative_names.empty()) wishes.alternative_names = "DNS:app.example.com";
    IssuedCertificate(wishes, &root_).UseIn(context_);
  }
  std::string Refused(const std::string& why) const {
    return absl::StrCat("TLS handshake 127.0.0.1:", server_.port(), ": certificate refused: ", why);
  }

  asio::io_context io_;
  IssuedCertificate root_;
  ssl::context context_;
  ScriptedServer server_;
  ProbeContext probes_;
  std::vector<std::string> server_names_;
};

TEST_F(CertificateProbe, AGoodCertificatePasses) {
  Show({});
  for (const bool verify : {false, true}) {
    const ProbeResult result = ProbeOf(Check(verify));
    EXPECT_TRUE(result.success) << result.reason;
    EXPECT_EQ(result.reason, "HTTP 200");
    EXPECT_EQ(result.warning, "");
    EXPECT_EQ(server_names_, std::vector<std::string>{"app.example.com"});
  }
}

TEST_F(CertificateProbe, ABadCertificateFailsOnlyWhenItIsVerified) {
  const IssuedCertificate stranger({.common_name = "Stranger", .authority = true});
  const IssuedCertificate old_root(
      {.common_name = "Root of old", .ends_in_s = -60, .authority = true});
  old_root.TrustIn(probes_.verified_certificate());
  const CertificateWishes good{.alternative_names = "DNS:app.example.com"};
  const CertificateWishes expired{
      .alternative_names = "DNS:app.example.com", .begins_in_s = -7200, .ends_in_s = -60};
  const CertificateWishes early{.alternative_names = "DNS:app.example.com", .begins_in_s = 600};
  const CertificateWishes other{.alternative_names = "DNS:other.example.com"};
  struct Row {
    IssuedCertificate certificate;
    std::string why;
  };
  std::vector<Row> rows;
  rows.push_back({IssuedCertificate(expired, &root_), "certificate has expired"});
  rows.push_back({IssuedCertificate(early, &root_), "certificate is not yet valid"});
  rows.push_back({IssuedCertificate(other, &root_), "hostname mismatch"});
  rows.push_back({IssuedCertificate(good), "self-signed certificate"});
  rows.push_back({IssuedCertificate(good, &stranger), "unable to get local issuer certificate"});
  rows.push_back({IssuedCertificate(good, &old_root), "certificate has expired"});
  for (const Row& row : rows) {
    row.certificate.UseIn(context_);
    const ProbeResult taken = ProbeOf(Check(false));
    EXPECT_TRUE(taken.success) << row.why << ": " << taken.reason;
    const ProbeResult verified = ProbeOf(Check(true));
    EXPECT_FALSE(verified.success) << row.why;
    EXPECT_TRUE(verified.conclusive);
    EXPECT_EQ(verified.reason, Refused(row.why));
    EXPECT_EQ(verified.stage, ProbeStage::kHandshake);
    EXPECT_NE(taken.certificate_ends, absl::InfiniteFuture());
    EXPECT_EQ(verified.certificate_ends, taken.certificate_ends) << row.why;
  }
}

TEST_F(CertificateProbe, TheNameIsThatOfTheHostOrTheAddress) {
  struct Row {
    std::string host;
    std::string names;
    bool good;
  };
  const std::vector<Row> rows = {{"app.example.com.", "DNS:app.example.com", true},
                                 {"app.example.com", "DNS:*.example.com", true},
                                 {"a.app.example.com", "DNS:*.example.com", false},
                                 {"app.example.com", "DNS:a*.example.com", false},
                                 {"app.example.com", "IP:127.0.0.1", false},
                                 {"", "IP:127.0.0.1", true},
                                 {"", "IP:127.0.0.2", false},
                                 {"", "DNS:app.example.com", false},
                                 {"127.0.0.1", "IP:127.0.0.1", true}};
  for (const Row& row : rows) {
    Show({.alternative_names = row.names});
    HealthCheck check = Check(true);
    check.host = row.host;
    EXPECT_EQ(ProbeOf(check).success, row.good) << row.host << " " << row.names;
  }
}

TEST_F(CertificateProbe, AnIntermediateThatIsSentLeadsToTheRoot) {
  const IssuedCertificate between({.common_name = "Between", .authority = true}, &root_);
  const IssuedCertificate leaf({.alternative_names = "DNS:app.example.com"}, &between);
  leaf.UseIn(context_, &between);
  EXPECT_TRUE(ProbeOf(Check(true)).success);
  leaf.UseIn(context_);
  EXPECT_EQ(ProbeOf(Check(true)).reason, Refused("unable to get local issuer certificate"));
}

TEST_F(CertificateProbe, OldTlsIsRefusedOnlyWhenItIsVerified) {
  Show({});
  SSL_CTX_set_security_level(context_.native_handle(), 0);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.native_handle(), TLS1_1_VERSION);
  EXPECT_TRUE(ProbeOf(Check(false)).success);
  EXPECT_FALSE(ProbeOf(Check(true)).success);
}

TEST_F(CertificateProbe, ACertificateThatEndsSoonIsAWarningAndNoFailure) {
  Show({.ends_in_s = 10 * kDay});
  for (const bool verify : {false, true}) {
    HealthCheck check = Check(verify);
    check.http.certificate_warning = absl::Hours(24 * 9);
    EXPECT_EQ(ProbeOf(check).warning, "");
    check.http.certificate_warning = absl::Hours(24 * 11);
    const ProbeResult result = ProbeOf(check);
    EXPECT_TRUE(result.success);
    EXPECT_EQ(result.reason, "HTTP 200");
    EXPECT_TRUE(absl::StartsWith(result.warning, "certificate ends 2")) << result.warning;
    EXPECT_TRUE(absl::EndsWith(result.warning, "Z (in 239h)")) << result.warning;
  }
}

TEST_F(CertificateProbe, WhenTheCertificateEndsIsToldWithoutBeingAskedAlsoBehindABadAnswer) {
  const absl::Time before = absl::Now();
  Show({.ends_in_s = 10 * kDay});
  HealthCheck check = Check(false);
  for (const uint16_t status : {uint16_t{200}, uint16_t{204}}) {
    check.http.statuses = {{status, status}};
    const ProbeResult result = ProbeOf(check);
    EXPECT_EQ(result.success, status == 200);
    EXPECT_EQ(result.stage, ProbeStage::kAnswer);
    EXPECT_GE(result.certificate_ends, before + absl::Hours(240) - absl::Seconds(1));
    EXPECT_LE(result.certificate_ends, absl::Now() + absl::Hours(240));
  }
}

TEST_F(CertificateProbe, ACertificateThatEndedWarnsToo) {
  Show({.begins_in_s = -3 * kDay, .ends_in_s = -2 * kDay - 60});
  HealthCheck check = Check(false);
  EXPECT_EQ(ProbeOf(check).warning, "");  // nobody asked
  check.http.certificate_warning = absl::Hours(1);
  const ProbeResult result = ProbeOf(check);
  EXPECT_TRUE(result.success);
  EXPECT_TRUE(absl::EndsWith(result.warning, "Z (48h ago)")) << result.warning;
}

TEST_F(CertificateProbe, AnIntermediateThatEndsSoonerIsTheOneWarnedOf) {
  const IssuedCertificate between({.common_name = "Between", .ends_in_s = kDay, .authority = true},
                                  &root_);
  IssuedCertificate({.alternative_names = "DNS:app.example.com", .ends_in_s = 2 * kDay}, &between)
      .UseIn(context_, &between);
  HealthCheck check = Check(true);
  check.http.certificate_warning = absl::Hours(72);
  const ProbeResult result = ProbeOf(check);
  EXPECT_TRUE(result.success) << result.reason;
  EXPECT_TRUE(absl::StartsWith(result.warning, "certificate 2 of the chain ends "))
      << result.warning;
}

TEST_F(CertificateProbe, TheWarningStaysWhenTheAnswerIsBad) {
  Show({.ends_in_s = kDay});
  HealthCheck check = Check(false);
  check.http.certificate_warning = absl::Hours(72);
  check.http.statuses = {{204, 204}};
  const ProbeResult result = ProbeOf(check);
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.reason, "HTTP 200, expected 204");
  EXPECT_TRUE(absl::StartsWith(result.warning, "certificate ends ")) << result.warning;
}

TEST_F(CertificateProbe, ACertificateOfAnotherNameIsAskedForOnceMoreWithoutSni) {
  Show({.alternative_names = "DNS:other.example.com"});
  EXPECT_TRUE(ProbeOf(Check(false)).success);
  EXPECT_EQ(server_names_, (std::vector<std::string>{"app.example.com", "(none)"}));
  HealthCheck check = Check(false);
  check.enable_sni = false;
  EXPECT_TRUE(ProbeOf(check).success);
  EXPECT_EQ(server_names_, std::vector<std::string>{"(none)"});
  check = Check(true);  // verified: the first one is refused, and that is the result
  EXPECT_FALSE(ProbeOf(check).success);
  EXPECT_TRUE(RunUntil(io_, [this] { return !server_names_.empty(); }));
  EXPECT_EQ(server_names_, std::vector<std::string>{"app.example.com"});
}

TEST_F(CertificateProbe, TheSecondHandshakeHasWhatIsLeftOfTheConnectTimeout) {
  Show({.alternative_names = "DNS:other.example.com"});
  int connections = 0;
  const ScriptedServer server(io_, [&](tcp::socket& socket) -> asio::awaitable<void> {
    if (++connections > 1) {
      co_await ReadToEnd(socket);
      co_return;
    }
    ssl::stream<tcp::socket&> stream(socket, context_);
    co_await stream.async_handshake(ssl::stream_base::server, kResult);
    co_await ReadToEnd(socket);
  });
  HealthCheck check = Check(false);
  check.port = server.port();
  check.connect_timeout = absl::Milliseconds(400);
  const ProbeResult result = ProbeOf(check);
  EXPECT_FALSE(result.success);
  EXPECT_EQ(connections, 2);
  EXPECT_LT(result.took, absl::Milliseconds(700));
  EXPECT_TRUE(absl::StrContains(result.reason, "not complete within 400ms")) << result.reason;
}

}  // namespace
}  // namespace understudy::control
