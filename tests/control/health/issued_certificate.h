// Certificates as a test wants them: who signed them, for whom, and when they begin and end.
//
// Used by: certificate_probe_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_ISSUED_CERTIFICATE_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_ISSUED_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace understudy::control {

struct CertificateWishes {
  std::string common_name = "backend.example";
  std::string alternative_names;  // "DNS:a.example,IP:127.0.0.1"; empty: none
  long begins_in_s = -3600;
  long ends_in_s = 3600;
  bool authority = false;  // may sign others
};

class IssuedCertificate {
 public:
  // `issuer` null: signed by itself.
  explicit IssuedCertificate(const CertificateWishes& wishes,
                             const IssuedCertificate* issuer = nullptr);

  // As a server shows it; `chain`: sent behind it.
  void UseIn(boost::asio::ssl::context& server, const IssuedCertificate* chain = nullptr) const;
  // As a root that a client trusts.
  void TrustIn(boost::asio::ssl::context& client) const;

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_ISSUED_CERTIFICATE_H_
