#include "control/api/tls_identity.h"

#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <ctime>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/api/secret_file.h"

namespace understudy::control {
namespace {

namespace ssl = boost::asio::ssl;

absl::Time ExpiryOf(ssl::context& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  std::tm end = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return absl::InfinitePast();
  }
  return absl::FromTM(end, absl::UTCTimeZone());
}

absl::Status Failure(const std::string& what, const boost::system::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", error.message()));
}

}  // namespace

absl::StatusOr<TlsIdentity> LoadTlsIdentity(const std::string& certificate,
                                            const std::string& key) {
  const absl::StatusOr<std::string> secret = ReadSecretFile(key);
  if (!secret.ok()) return secret.status();
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // A renegotiation would let one connection ask for handshake after handshake.
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  // Asked on a terminal otherwise.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  boost::system::error_code error;
  std::ignore = context->use_certificate_chain_file(certificate, error);
  if (error) return Failure(absl::StrCat("cannot use the certificate ", certificate), error);
  std::ignore = context->use_private_key(boost::asio::buffer(*secret), ssl::context::pem, error);
  if (error) return Failure(absl::StrCat("cannot use the key ", key), error);
  if (SSL_CTX_check_private_key(native) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key ", key, " is not that of the certificate ", certificate));
  }
  const absl::Time expires = ExpiryOf(*context);
  return TlsIdentity{.context = std::move(context), .expires = expires};
}

}  // namespace understudy::control
