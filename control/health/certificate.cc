#include "control/health/certificate.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace understudy::control {
namespace {

// An end that cannot be read is one that has come.
absl::Time EndOf(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return absl::UnixEpoch();
  return absl::FromTM(end, absl::UTCTimeZone());
}

std::string EndText(std::string_view which, absl::Time end, absl::Time now) {
  const std::string at = absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", end, absl::UTCTimeZone());
  const auto rounded = [](absl::Duration time) {
    return absl::FormatDuration(
        absl::Trunc(time, time > absl::Hours(1) ? absl::Hours(1) : absl::Seconds(1)));
  };
  const std::string name(which);
  if (end <= now) return absl::StrCat(name, " ended ", at, " (", rounded(now - end), " ago)");
  return absl::StrCat(name, " ends ", at, " (in ", rounded(end - now), ")");
}

}  // namespace

bool RequireCertificateFor(SSL* ssl, const std::string& name) {
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  // Zones of addresses ("%eth0") are of this host, and in no certificate.
  const std::string plain = name.substr(0, name.find('%'));
  if (X509_VERIFY_PARAM_set1_ip_asc(param, plain.c_str()) == 1) return true;
  return SSL_set1_host(ssl, plain.c_str()) == 1;
}

std::string WhyRefused(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

bool IsFor(const SSL* ssl, const std::string& host) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  return certificate != nullptr &&
         X509_check_host(certificate, host.data(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

CertificateEnd FirstEndOf(const SSL* ssl) {
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  const int count = chain == nullptr ? 0 : sk_X509_num(chain);
  CertificateEnd first;
  for (int place = 0; place < count; ++place) {
    const absl::Time end = EndOf(sk_X509_value(chain, place));
    if (end < first.at) first = {.at = end, .place = place};
  }
  return first;
}

std::string EndWarning(const CertificateEnd& end, absl::Duration ahead, absl::Time now) {
  if (end.at > now + ahead) return "";
  const std::string name =
      end.place == 0 ? "certificate" : absl::StrCat("certificate ", end.place + 1, " of the chain");
  return EndText(name, end.at, now);
}

}  // namespace understudy::control
