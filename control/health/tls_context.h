// The TLS settings of all probes: as permissive as OpenSSL lets us be, for a health check asks
// whether the service answers, not whether it is well configured.
//
// Used by: checker, which has one for all its probes.
//  - Certificates are NOT validated: expired, self-signed or foreign ones pass (route53.md 2.3).
//  - TLS 1.0 and up, any cipher, weak keys, servers without secure renegotiation.
#ifndef UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_
#define UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>

namespace understudy::control {

boost::asio::ssl::context MakeProbeTlsContext();

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_TLS_CONTEXT_H_
