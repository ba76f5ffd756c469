// Certificates for tests, made on the spot: a CA, and leaves that are right or wrong in one thing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/net/tls/context.h"

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
    std::string name;               // of the files, and CN
    std::string alternative_names;  // as OpenSSL writes them: "DNS:a.example,IP:127.0.0.1"
    long lasts_seconds = 86'400;
    bool self_signed = false;
    long starts_seconds = -7'200;  // from now
    std::string issuer = "ca";     // an authority
    int rsa_bits = 0;              // 0: an ECDSA key
    bool sha1 = false;
    std::string usage = {};  // extendedKeyUsage: "clientAuth"
  };

  Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    add_authority(
        {.name = "ca", .alternative_names = {}, .lasts_seconds = 315'360'000, .self_signed = true});
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return (folder_ / file).string(); }
  std::string ca_file() const { return path("ca.pem"); }

  gateway::net::tls::Certificate add(const Leaf& leaf) {
    const KeyPtr key = make_key(leaf.rsa_bits);
    write_certificate(leaf.name, *make(leaf, false, key));
    std::FILE* file = std::fopen(path(leaf.name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    static_cast<void>(std::fclose(file));
    return {.chain_file = path(leaf.name + ".pem"), .key_file = path(leaf.name + ".key")};
  }

  // Another one: the root unless it has an issuer. Its certificate is in the file of its name.
  void add_authority(const Leaf& leaf) {
    Authority made{.key = make_key(0), .certificate = nullptr};
    made.certificate = make(leaf, true, made.key);
    write_certificate(leaf.name, *made.certificate);
    authorities_[leaf.name] = std::move(made);
  }

  // Puts those certificates one after the other into a file; returns its path.
  std::string chain(const std::string& file, std::initializer_list<const char*> names) {
    std::ofstream out(path(file), std::ios::binary);
    for (const char* name : names) out << read(std::string(name) + ".pem");
    return path(file);
  }
  std::string read(const std::string& file) const {
    std::ifstream in(path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string write(const std::string& file, const std::string& text) {
    std::ofstream(path(file), std::ios::binary) << text;
    return path(file);
  }

 private:
  struct Authority {
    KeyPtr key;
    X509Ptr certificate;
  };

  static KeyPtr make_key(int rsa_bits) {
    if (rsa_bits > 0)
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(rsa_bits)));
    return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  }

  X509Ptr make(const Leaf& leaf, bool authority, const KeyPtr& key) {
    const Authority* const issuer = leaf.self_signed ? nullptr : &authorities_.at(leaf.issuer);
    X509Ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), leaf.starts_seconds);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), leaf.lasts_seconds);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(leaf.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(
        made.get(), issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : subject);
    if (authority) add_extension(*made, NID_basic_constraints, "critical,CA:TRUE");
    if (!leaf.alternative_names.empty())
      add_extension(*made, NID_subject_alt_name, leaf.alternative_names);
    if (!leaf.usage.empty()) add_extension(*made, NID_ext_key_usage, leaf.usage);
    X509_sign(made.get(), issuer != nullptr ? issuer->key.get() : key.get(),
              leaf.sha1 ? EVP_sha1() : EVP_sha256());
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
  std::map<std::string, Authority> authorities_;
};

}  // namespace tests
