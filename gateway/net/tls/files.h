// Certificates and keys as they stand in the operator's files: PEM, read without ever asking for a
// passphrase, and in words what stands there instead.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "proto/base/result.h"

namespace gateway::net::tls {

struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_STORE* authorities) const { X509_STORE_free(authorities); }
};
using CertificatePtr = std::unique_ptr<X509, CertificateFree>;
using PrivateKeyPtr = std::unique_ptr<EVP_PKEY, CertificateFree>;
using AuthoritiesPtr = std::unique_ptr<X509_STORE, CertificateFree>;
using SharedAuthorities = std::shared_ptr<X509_STORE>;

// More than any chain and key that is sent to clients, and more than any bundle of authorities.
inline constexpr size_t kMaxCertificateFile = size_t{1} * 1024 * 1024;
inline constexpr size_t kMaxAuthoritiesFile = size_t{16} * 1024 * 1024;

// In the order of the file; at least one. Error: what follows the file's name, with the command
// that mends it where there is one: "is DER, not PEM: openssl x509 -inform der -in … -out …".
[[nodiscard]] proto::Result<std::vector<CertificatePtr>, std::string> read_certificates(
    const std::string& file);
[[nodiscard]] proto::Result<PrivateKeyPtr, std::string> read_private_key(const std::string& file);
// Whom to believe: the certificates of that file, or with an empty name the system's. Reading those
// costs more than all the rest of a context, in time and memory. Error: with the file's name.
[[nodiscard]] proto::Result<AuthoritiesPtr, std::string> read_authorities(const std::string& file);

// What the system's are read from: a file and a folder, of which one or both may not be there.
[[nodiscard]] std::vector<std::string> system_authorities();

// Whose certificate it is, in quotes: its subject, or without one the first name it is made for.
[[nodiscard]] std::string subject_of(const X509* certificate);

// The reasons in OpenSSL's error queue, which is emptied: "no shared cipher".
[[nodiscard]] std::string take_tls_errors();

}  // namespace gateway::net::tls
