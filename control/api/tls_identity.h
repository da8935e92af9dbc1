// TLS identity: the certificate and key by which the API shows over TCP that it is itself.
//
// Used by: remote server.
#ifndef UNDERSTUDY_CONTROL_API_TLS_IDENTITY_H_
#define UNDERSTUDY_CONTROL_API_TLS_IDENTITY_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace understudy::control {

struct TlsIdentity {
  std::shared_ptr<boost::asio::ssl::context> context;
  absl::Time expires;  // of the certificate itself, not of those above it
};

// `certificate`: a PEM file, the chain after it; `key`: a PEM file without passphrase that others
// must not read. TLS 1.2 and later (RFC 8996).
absl::StatusOr<TlsIdentity> LoadTlsIdentity(const std::string& certificate, const std::string& key);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_TLS_IDENTITY_H_
