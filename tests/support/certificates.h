// Certificates for tests, made on the spot: a CA, and leaves that are right or wrong in one thing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/net/tls_context.h"

namespace tests {

struct OpensslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;
using X509Ptr = std::unique_ptr<X509, OpensslFree>;

class Certificates {
 public:
  struct Leaf {
    std::string name;               // of the files
    std::string alternative_names;  // as OpenSSL writes them: "DNS:a.example,IP:127.0.0.1"
    long lasts_seconds = 86'400;
    bool self_signed = false;
    long starts_seconds = -7'200;  // from now
  };

  Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    ca_ = make("ca", {}, 86'400, nullptr, ca_key_);
    write_certificate("ca", *ca_);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return (folder_ / file).string(); }
  std::string ca_file() const { return path("ca.pem"); }

  gateway::net::Certificate add(const Leaf& leaf) {
    KeyPtr key = make_key();
    const X509Ptr made = make(leaf.name, leaf.alternative_names, leaf.lasts_seconds,
                              leaf.self_signed ? nullptr : ca_.get(), key, leaf.starts_seconds);
    write_certificate(leaf.name, *made);
    std::FILE* file = std::fopen(path(leaf.name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    static_cast<void>(std::fclose(file));
    return {.chain_file = path(leaf.name + ".pem"), .key_file = path(leaf.name + ".key")};
  }

 private:
  static KeyPtr make_key() { return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

  // Signed by the CA's key, or by its own when there is no issuer.
  X509Ptr make(const std::string& common_name, const std::string& alternative_names, long lasts,
               X509* issuer, const KeyPtr& key, long starts = -7'200) {
    X509Ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), starts);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), lasts);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), issuer != nullptr ? X509_get_subject_name(issuer) : subject);
    if (alternative_names.empty()) add_extension(*made, NID_basic_constraints, "critical,CA:TRUE");
    if (!alternative_names.empty()) add_extension(*made, NID_subject_alt_name, alternative_names);
    X509_sign(made.get(), issuer != nullptr ? ca_key_.get() : key.get(), EVP_sha256());
    return made;
  }

  static void add_extension(X509& to, int type, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, OpensslFree> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, type, value.c_str()));
    X509_add_ext(&to, extension.get(), -1);
  }

  void write_certificate(const std::string& name, X509& certificate) {
    std::FILE* file = std::fopen(path(name + ".pem").c_str(), "w");
    PEM_write_X509(file, &certificate);
    static_cast<void>(std::fclose(file));
  }

  std::filesystem::path folder_;
  long serial_ = 0;
  KeyPtr ca_key_ = make_key();
  X509Ptr ca_;
};

}  // namespace tests
