#include "control/health/tls_context.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/verify_mode.hpp>

namespace understudy::control {

boost::asio::ssl::context MakeProbeTlsContext() {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  context.set_verify_mode(boost::asio::ssl::verify_none);
  SSL_CTX* native = context.native_handle();
  // Asio's lowest version is TLS 1.0, but at Debian's security level 2 OpenSSL would not use it.
  // The list is a constant that OpenSSL knows; should it refuse, its default stays.
  SSL_CTX_set_cipher_list(native, "ALL:!aNULL:!eNULL:@SECLEVEL=0");
  SSL_CTX_set_options(native, SSL_OP_LEGACY_SERVER_CONNECT);
  // Buffers of an idle connection are given back; thousands of probes may be under way.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

boost::asio::ssl::context MakeVerifyingTlsContext() {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  context.set_verify_mode(boost::asio::ssl::verify_peer);
  // Without roots every certificate is refused, and the reason of the check says so.
  boost::system::error_code ignored;
  context.set_default_verify_paths(ignored);
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_security_level(native, 2);
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace understudy::control
