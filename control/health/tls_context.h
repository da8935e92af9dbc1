// The TLS settings of all probes.
//
// Used by: probe_context, which has one of each for all probes.
#ifndef UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_
#define UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>

namespace understudy::control {

// As permissive as OpenSSL lets us be, for a health check asks whether the service answers, not
// whether it is well configured.
//  - Certificates are NOT validated: expired, self-signed or foreign ones pass (route53.md 2.3).
//  - TLS 1.0 and up, any cipher, weak keys, servers without secure renegotiation.
boost::asio::ssl::context MakeProbeTlsContext();

// For checks that verify the certificate: the chain up to the system's roots as they are now
// (SSL_CERT_FILE and SSL_CERT_DIR, if set, instead of Debian's ca-certificates), TLS 1.2 and up,
// keys and signatures of OpenSSL's security level 2. Which name it must be for is said for each
// connection.
boost::asio::ssl::context MakeVerifyingTlsContext();

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_
