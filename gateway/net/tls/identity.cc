#include "gateway/net/tls/identity.h"

#include <algorithm>
#include <ctime>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace gateway::net::tls {

namespace {

// What SSL_CTX_set_security_level(2) demands of keys and signatures: RSA of 2048 bits, SHA-256.
constexpr int kLeastBits = 112;

struct StoreContextFree {
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};

bool has_signed_itself(X509* certificate) {
  return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
}

// Empty: strong enough.
std::string weakness_of(X509* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) return " has a key of a kind that is not known";
  if (EVP_PKEY_get_security_bits(key) < kLeastBits) {
    return " has a key of " + std::to_string(EVP_PKEY_get_bits(key)) +
           " bits, which is too weak for TLS: have it issued anew for a key of RSA with 2048 bits "
           "(openssl genrsa 2048) or ECDSA";
  }
  int digest = NID_undef;
  int bits = 0;
  const bool known = X509_get_signature_info(certificate, &digest, nullptr, &bits, nullptr) == 1;
  if (!known || bits >= kLeastBits || has_signed_itself(certificate)) return {};
  return " is signed with " + std::string(OBJ_nid2sn(digest)) +
         ", which TLS no longer takes: have it issued anew with SHA-256";
}

std::string weakness_of(const std::vector<CertificatePtr>& chain) {
  for (const CertificatePtr& one : chain) {
    const std::string weakness = weakness_of(one.get());
    if (!weakness.empty()) return subject_of(one.get()) + weakness;
  }
  return {};
}

bool fits(X509* certificate, EVP_PKEY* key) {
  const bool same = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return same;
}

Mistake mismatch(const std::vector<CertificatePtr>& chain, EVP_PKEY* key, const std::string& whose,
                 const Certificate& files) {
  const std::string first = subject_of(chain.front().get());
  for (size_t i = 1; i < chain.size(); ++i) {
    if (!fits(chain[i].get(), key)) continue;
    return {Mistake::In::certificate,
            whose + "certificate " + files.chain_file + ": first comes " + first +
                ", expected is the one that the key belongs to, " + subject_of(chain[i].get()) +
                ", which is number " + std::to_string(i + 1) +
                ": write it first, and behind each certificate that of its issuer"};
  }
  return {Mistake::In::key, whose + "key " + files.key_file + " does not belong to certificate " +
                                files.chain_file + ", whose first is " + first +
                                ": these two must say the same: openssl x509 -noout -pubkey -in " +
                                files.chain_file + " and openssl pkey -pubout -in " +
                                files.key_file};
}

// Empty: they are in use.
std::string use(SSL_CTX* context, const std::vector<CertificatePtr>& chain, EVP_PKEY* key) {
  STACK_OF(X509)* rest = sk_X509_new_null();
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(rest, chain[i].get());
  const bool done = SSL_CTX_use_cert_and_key(context, chain.front().get(), key, rest, 1) == 1;
  sk_X509_free(rest);
  return done ? std::string() : take_tls_errors();
}

int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

IdentityFacts::Link link_of(const X509* certificate) {
  return {.subject = subject_of(certificate),
          .not_before = seconds_of(X509_get0_notBefore(certificate)),
          .not_after = seconds_of(X509_get0_notAfter(certificate))};
}

bool is_issued_by_one_of(X509* certificate, X509_STORE* authorities) {
  const std::unique_ptr<X509_STORE_CTX, StoreContextFree> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), authorities, certificate, nullptr);
  X509* found = nullptr;
  const bool known = X509_STORE_CTX_get1_issuer(&found, context.get(), certificate) == 1;
  const CertificatePtr issuer(found);
  ERR_clear_error();
  return known;
}

bool has_issued(X509* issuer, X509* certificate) {
  const bool named = X509_check_issued(issuer, certificate) == X509_V_OK;
  const bool signed_it = named && X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return signed_it;
}

std::vector<X509*> behind(SSL_CTX* context) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  std::vector<X509*> rest;
  for (int i = 0; i < sk_X509_num(chain); ++i) rest.push_back(sk_X509_value(chain, i));
  return rest;
}

std::string issuer_of(const X509* certificate) {
  const CertificatePtr bare(X509_new());
  X509_set_subject_name(bare.get(), X509_get_issuer_name(certificate));
  return subject_of(bare.get());
}

std::string missing(X509* certificate, const std::vector<X509*>& rest) {
  const std::string issuer = issuer_of(certificate);
  std::string text = "the certificate of " + issuer + ", which has issued " +
                     subject_of(certificate) + ", is missing in the file";
  for (X509* const other : rest) {
    if (X509_NAME_cmp(X509_get_subject_name(other), X509_get_issuer_name(certificate)) == 0)
      return "the certificate of " + issuer +
             " in the file is another one of that name: it has not signed " +
             subject_of(certificate);
  }
  if (!rest.empty())
    text += " (" + subject_of(rest.front()) + ", which is there, has not issued it)";
  return text;
}

}  // namespace

std::optional<Mistake> load_identity(SSL_CTX* context, const std::string& whose,
                                     const Certificate& files) {
  using In = Mistake::In;
  const std::string certificate = whose + "certificate " + files.chain_file;
  const auto chain = read_certificates(files.chain_file);
  if (!chain) return Mistake{In::certificate, certificate + ' ' + chain.error()};
  const auto key = read_private_key(files.key_file);
  if (!key) return Mistake{In::key, whose + "key " + files.key_file + ' ' + key.error()};
  if (!fits(chain->front().get(), key->get())) return mismatch(*chain, key->get(), whose, files);
  const std::string weakness = weakness_of(*chain);
  if (!weakness.empty()) return Mistake{In::certificate, certificate + ": " + weakness};
  const std::string problem = use(context, *chain, key->get());
  if (problem.empty()) return std::nullopt;
  return Mistake{In::certificate, certificate + " cannot be used: " + problem};
}

IdentityFacts look_at_identity(SSL_CTX* context, X509_STORE* authorities) {
  IdentityFacts facts;
  X509* current = SSL_CTX_get0_certificate(context);
  if (current == nullptr) return facts;
  facts.has_names = X509_get_ext_by_NID(current, NID_subject_alt_name, -1) >= 0;
  facts.is_for_servers = X509_check_purpose(current, X509_PURPOSE_SSL_SERVER, 0) == 1;
  facts.is_for_clients = X509_check_purpose(current, X509_PURPOSE_SSL_CLIENT, 0) == 1;
  std::vector<X509*> rest = behind(context);
  facts.alone = rest.empty();
  facts.links.push_back(link_of(current));
  while (!has_signed_itself(current) && !is_issued_by_one_of(current, authorities)) {
    const auto issuer =
        std::ranges::find_if(rest, [&](X509* other) { return has_issued(other, current); });
    if (issuer == rest.end()) {
      facts.gap = missing(current, rest);
      break;
    }
    current = *issuer;
    rest.erase(issuer);
    facts.links.push_back(link_of(current));
  }
  return facts;
}

}  // namespace gateway::net::tls
