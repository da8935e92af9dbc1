#include "tests/control/health/issued_certificate.h"

#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace understudy::control {
namespace {

void Require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

IssuedCertificate::IssuedCertificate(const CertificateWishes& wishes,
                                     const IssuedCertificate* issuer)
    : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
  X509* certificate = certificate_.get();
  Require(X509_set_version(certificate, X509_VERSION_3) == 1);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wishes.begins_in_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wishes.ends_in_s);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wishes.common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(
      certificate, issuer == nullptr ? name : X509_get_subject_name(issuer->certificate_.get()));
  X509_set_pubkey(certificate, key_.get());
  AddExtension(certificate, NID_basic_constraints,
               wishes.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wishes.alternative_names.empty()) {
    AddExtension(certificate, NID_subject_alt_name, wishes.alternative_names);
  }
  Require(X509_sign(certificate, issuer == nullptr ? key_.get() : issuer->key_.get(),
                    EVP_sha256()) > 0);
}

void IssuedCertificate::UseIn(boost::asio::ssl::context& server,
                              const IssuedCertificate* chain) const {
  SSL_CTX* native = server.native_handle();
  Require(SSL_CTX_use_certificate(native, certificate_.get()) == 1);
  Require(SSL_CTX_use_PrivateKey(native, key_.get()) == 1);
  SSL_CTX_clear_chain_certs(native);
  if (chain != nullptr) Require(SSL_CTX_add1_chain_cert(native, chain->certificate_.get()) == 1);
}

void IssuedCertificate::TrustIn(boost::asio::ssl::context& client) const {
  X509_STORE* store = SSL_CTX_get_cert_store(client.native_handle());
  Require(X509_STORE_add_cert(store, certificate_.get()) == 1);
}

}  // namespace understudy::control
