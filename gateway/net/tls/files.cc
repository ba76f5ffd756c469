#include "gateway/net/tls/files.h"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <string_view>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/files/text_file.h"

namespace gateway::net::tls {

namespace {

using proto::Unexpected;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(PKCS12* store) const { PKCS12_free(store); }
  void operator()(PKCS7* bag) const { PKCS7_free(bag); }
  void operator()(X509_SIG* encrypted) const { X509_SIG_free(encrypted); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(STACK_OF(X509_INFO) * found) const {
    sk_X509_INFO_pop_free(found, X509_INFO_free);
  }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Held = std::unique_ptr<T, Free>;

Held<BIO> reader_of(std::string_view text) {
  return Held<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// In place of OpenSSL's own, which asks at the terminal and waits.
int no_passphrase(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

std::string who_we_are() {
  std::array<char, 1024> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? entry.pw_name : "uid " + std::to_string(geteuid());
}

proto::Result<std::string, std::string> read(const std::string& file, size_t most) {
  constexpr std::string_view kUnreadable = "cannot be read";
  auto text = files::read_text_file(file, most);
  if (!text) {
    const std::string why = text.error().substr(kUnreadable.size());
    return Unexpected{std::string(kUnreadable) + " by user " + who_we_are() + why};
  }
  if (text->size() > most)
    return Unexpected{"is larger than " + std::to_string(most / 1024 / 1024) + " MiB"};
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text->starts_with(kByteOrderMark)) text->erase(0, kByteOrderMark.size());
  return text;
}

// The word in the first line of PEM that there is; empty: none.
std::string first_label(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  const size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + kBegin.size());
  const size_t end = text.find("-----");
  return std::string(text.substr(0, std::min(end, text.find('\n'))));
}

template <class T>
bool is_der(std::string_view text, T* (*parse)(T**, const unsigned char**, long)) {
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  return Held<T>(parse(nullptr, &data, static_cast<long>(text.size()))) != nullptr;
}

enum class Wanted { certificate, key };

// What others than PEM are, and how they become PEM; empty: nothing that is known.
std::string of_another_format(std::string_view text, const std::string& file, Wanted wanted) {
  const bool key = wanted == Wanted::key;
  const std::string in = " -in " + file + " -out " + file + ".pem";
  if (is_der(text, d2i_PKCS12))
    return "is PKCS#12, not PEM: openssl pkcs12 " +
           std::string(key ? "-nocerts -nodes" : "-nokeys") + in;
  if (is_der(text, d2i_X509))
    return key ? "holds a certificate, and no key"
               : "is DER, not PEM: openssl x509 -inform der" + in;
  if (is_der(text, d2i_X509_SIG) || is_der(text, d2i_AutoPrivateKey))
    return key ? "is DER, not PEM: openssl pkey -inform der" + in
               : "holds a key, and no certificate";
  if (is_der(text, d2i_PKCS7))
    return "is PKCS#7, not PEM: openssl pkcs7 -inform der -print_certs" + in;
  if (text.starts_with("\xFE\xED\xFE\xED"))
    return "is a Java keystore: keytool -importkeystore -deststoretype pkcs12 -srckeystore " +
           file + " -destkeystore " + file + ".p12, then openssl pkcs12";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    return "is UTF-16 text: save it as UTF-8";
  return text.empty() ? "is empty" : "";
}

// Why the file has not what is wanted of it.
std::string objection(std::string_view text, const std::string& file, Wanted wanted) {
  const std::string label = first_label(text);
  const std::string in = " -in " + file + " -out " + file + ".pem";
  std::string problem = label.empty() ? of_another_format(text, file, wanted) : std::string();
  ERR_clear_error();
  if (!problem.empty()) return problem;
  const std::string what = wanted == Wanted::key ? "key" : "certificate";
  if (label == "PKCS7") return "is PKCS#7: openssl pkcs7 -print_certs" + in;
  if (label.ends_with("CERTIFICATE REQUEST"))
    return "holds a request for a certificate: write here the " + what +
           (what == "key" ? " that it was made with" : " that the authority has issued for it");
  if (label == "OPENSSH PRIVATE KEY")
    return "holds a key of OpenSSH's: ssh-keygen -p -m PEM -f " + file;
  if (label == "PUBLIC KEY") return "holds a public key: the private one is needed";
  if (label.ends_with("PRIVATE KEY")) return "holds a key, and no certificate";
  if (label.ends_with("CERTIFICATE")) return "holds a certificate, and no key";
  return "holds no " + what + " in PEM (-----BEGIN " +
         (wanted == Wanted::key ? "PRIVATE KEY" : "CERTIFICATE") + "-----)";
}

// The error of a parse that has come to its end.
bool is_at_end() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

std::string damaged(const char* what, size_t number) {
  return "holds a damaged " + std::string(what) +
         (number > 0 ? ", number " + std::to_string(number) : "") + ": " + take_tls_errors();
}

bool add_all(X509_STORE& authorities, const STACK_OF(X509_INFO) * found) {
  int added = 0;
  for (int i = 0; i < sk_X509_INFO_num(found); ++i) {
    const X509_INFO* const info = sk_X509_INFO_value(found, i);
    if (info->x509 != nullptr) added += X509_STORE_add_cert(&authorities, info->x509);
    if (info->crl != nullptr) X509_STORE_add_crl(&authorities, info->crl);
  }
  return added > 0;
}

}  // namespace

proto::Result<std::vector<CertificatePtr>, std::string> read_certificates(const std::string& file) {
  const auto text = read(file, kMaxCertificateFile);
  if (!text) return Unexpected{text.error()};
  ERR_clear_error();
  std::vector<CertificatePtr> found;
  const Held<BIO> in = reader_of(*text);
  // The leaf may be a "TRUSTED CERTIFICATE".
  while (CertificatePtr one{PEM_read_bio_X509_AUX(in.get(), nullptr, no_passphrase, nullptr)})
    found.push_back(std::move(one));
  if (!is_at_end()) return Unexpected{damaged("certificate", found.size() + 1)};
  ERR_clear_error();
  if (found.empty()) return Unexpected{objection(*text, file, Wanted::certificate)};
  return found;
}

proto::Result<PrivateKeyPtr, std::string> read_private_key(const std::string& file) {
  const auto text = read(file, kMaxCertificateFile);
  if (!text) return Unexpected{text.error()};
  ERR_clear_error();
  bool is_encrypted = false;
  const Held<BIO> in = reader_of(*text);
  PrivateKeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, &is_encrypted));
  if (key != nullptr) return key;
  if (is_encrypted) {
    ERR_clear_error();
    return Unexpected{
        "cannot be used: the key is encrypted: decrypt it, for example with openssl pkey -in " +
        file + " -out " + file + ".plain"};
  }
  const std::string label = first_label(*text);
  if (label.ends_with("PRIVATE KEY") && label != "OPENSSH PRIVATE KEY")
    return Unexpected{damaged("key", 0)};
  return Unexpected{objection(*text, file, Wanted::key)};
}

proto::Result<AuthoritiesPtr, std::string> read_authorities(const std::string& file) {
  AuthoritiesPtr authorities(X509_STORE_new());
  if (file.empty()) {
    X509_STORE_set_default_paths(authorities.get());
    ERR_clear_error();
    return authorities;
  }
  const std::string which = "CA file " + file + ' ';
  const auto text = read(file, kMaxAuthoritiesFile);
  if (!text) return Unexpected{which + text.error()};
  ERR_clear_error();
  const Held<BIO> in = reader_of(*text);
  const Held<STACK_OF(X509_INFO)> found(
      PEM_X509_INFO_read_bio(in.get(), nullptr, no_passphrase, nullptr));
  if (found == nullptr) return Unexpected{which + damaged("certificate", 0)};
  if (add_all(*authorities, found.get())) return authorities;
  return Unexpected{which + "holds no usable PEM certificate: it " +
                    objection(*text, file, Wanted::certificate)};
}

std::vector<std::string> system_authorities() {
  const auto path = [](const char* variable, const char* usual) {
    const char* const set =
        std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return std::string(set != nullptr ? set : usual);
  };
  return {path(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
          path(X509_get_default_cert_dir_env(), X509_get_default_cert_dir())};
}

std::string subject_of(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const Held<BIO> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), subject, 0, XN_FLAG_RFC2253);
  const Held<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const bool nameless = X509_NAME_entry_count(subject) == 0;
  if (nameless && names != nullptr && sk_GENERAL_NAME_num(names.get()) > 0)
    GENERAL_NAME_print(out.get(), sk_GENERAL_NAME_value(names.get(), 0));
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return '"' + std::string(data, static_cast<size_t>(size)) + '"';
}

std::string take_tls_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason == nullptr || text.find(reason) != std::string::npos) continue;
    if (!text.empty()) text += ", ";
    text += reason;
  }
  return text.empty() ? "unknown TLS error" : text;
}

}  // namespace gateway::net::tls
