// ProbeContext: what all probes of a process share: TLS settings, the resolver of names, and
// the places for programs.
//
// Used by: checker, which has one; probe. Outlives every probe that was given it.
#ifndef UNDERSTUDY_CONTROL_HEALTH_PROBE_CONTEXT_H_
#define UNDERSTUDY_CONTROL_HEALTH_PROBE_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <string>
#include <utility>

#include "control/health/programs.h"
#include "control/health/resolver.h"
#include "control/health/tls_context.h"

namespace understudy::control {

class ProbeContext {
 public:
  explicit ProbeContext(Resolver resolver = Resolver()) : resolver_(std::move(resolver)) {}

  // For checks that take any certificate, Route 53's default.
  boost::asio::ssl::context& any_certificate() { return any_certificate_; }
  // For checks that verify it. Made when the first of them asks, because reading the system's roots
  // takes some 20 ms.
  boost::asio::ssl::context& verified_certificate() {
    if (!verified_certificate_.has_value()) {
      verified_certificate_.emplace(MakeVerifyingTlsContext());
    }
    return *verified_certificate_;
  }
  const Resolver& resolver() const { return resolver_; }
  Programs& programs() { return programs_; }

 private:
  boost::asio::ssl::context any_certificate_ = MakeProbeTlsContext();
  std::optional<boost::asio::ssl::context> verified_certificate_;
  Resolver resolver_;
  Programs programs_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_PROBE_CONTEXT_H_
