// The certificate an endpoint showed in its TLS handshake: whether it is for a name, why it was
// refused, and when it ends.
//
// Used by: http_probe.
//  1. No text of a certificate gets into what is returned: the endpoint chose it.
#ifndef UNDERSTUDY_CONTROL_HEALTH_CERTIFICATE_H_
#define UNDERSTUDY_CONTROL_HEALTH_CERTIFICATE_H_

#include <openssl/ssl.h>

#include <string>

#include "absl/time/time.h"

namespace understudy::control {

// Before the handshake: it fails unless the certificate is for `name`, a host name (RFC 6125 6) or
// an IP address, and leads to a root of the context. False when there is no memory for it.
bool RequireCertificateFor(SSL* ssl, const std::string& name);

// After a handshake that failed: "hostname mismatch", or empty when it was not the certificate.
std::string WhyRefused(const SSL* ssl);

// After the handshake. Whether the certificate is for `host`.
bool IsFor(const SSL* ssl, const std::string& host);

// Which of the certificates shown in a handshake ends first, and when.
struct CertificateEnd {
  absl::Time at = absl::InfiniteFuture();  // infinite: none was shown
  int place = 0;                           // in the chain; 0: the endpoint's own
};
// After a handshake, also after one that failed because of the certificate.
CertificateEnd FirstEndOf(const SSL* ssl);

// "certificate ends 2026-12-01T10:00:00Z (in 36h)" when it does so within `ahead` of `now`;
// "certificate ended ..." when it did already; else empty.
std::string EndWarning(const CertificateEnd& end, absl::Duration ahead, absl::Time now);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CERTIFICATE_H_
