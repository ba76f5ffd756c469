#include "gateway/cli/doctor/certificate.h"

#include <array>
#include <ctime>
#include <memory>

#include <openssl/x509v3.h>

#include "gateway/net/address.h"
#include "gateway/net/tls/files.h"

namespace gateway::cli::doctor {

namespace {

constexpr int64_t kDay = 24 * 3600;

struct NamesFree {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host;
}

bool is_address(const std::string& host) { return net::Address::parse(host, 0).has_value(); }

int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string common_name_of(X509* certificate) {
  std::array<char, 256> text{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

std::vector<std::string> names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, NamesFree> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS) continue;
    const auto* const text = ASN1_STRING_get0_data(one->d.dNSName);
    const auto size = static_cast<size_t>(ASN1_STRING_length(one->d.dNSName));
    names.emplace_back(reinterpret_cast<const char*>(text), size);
  }
  return names;
}

bool is_made_for(X509* certificate, const std::string& host) {
  const std::string bare = without_brackets(host);
  if (is_address(host)) return X509_check_ip_asc(certificate, bare.c_str(), 0) == 1;
  return X509_check_host(certificate, bare.data(), bare.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

std::string fault_of_chain(long verified) {
  switch (verified) {
    case X509_V_OK:
    // Dates are judged by themselves.
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "signed by an authority that is not trusted, or sent without its whole chain";
    default:
      return X509_verify_cert_error_string(verified);
  }
}

}  // namespace

Onlooker::Onlooker() : context_(SSL_CTX_new(TLS_client_method())) {
  net::tls::set_common_tls(context_.get());
  SSL_CTX_set_alpn_protos(context_.get(),
                          reinterpret_cast<const unsigned char*>(net::tls::kAlpnHttp11.data()),
                          net::tls::kAlpnHttp11.size());
  // Verified all the same, and only what comes of it is not acted on.
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_default_verify_paths(context_.get());
}

net::tls::SslPtr Onlooker::new_connection(const std::string& host) const {
  net::tls::SslPtr ssl(SSL_new(context_.get()));
  std::string name = without_brackets(host);
  // What the macro SSL_set_tlsext_host_name says, without its old-style cast.
  if (!is_address(host))
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  return ssl;
}

Shown shown_by(SSL* ssl, const std::string& host) {
  Shown shown;
  const net::tls::CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return shown;
  shown.names = names_of(certificate.get());
  shown.common_name = common_name_of(certificate.get());
  if (shown.common_name.empty() && !shown.names.empty()) shown.common_name = shown.names.front();
  shown.not_before = seconds_of(X509_get0_notBefore(certificate.get()));
  shown.not_after = seconds_of(X509_get0_notAfter(certificate.get()));
  shown.is_for_host = is_made_for(certificate.get(), host);
  shown.chain_fault = fault_of_chain(SSL_get_verify_result(ssl));
  return shown;
}

std::string objection(const Shown& shown, int64_t now) {
  if (now > shown.not_after) return "the certificate has expired";
  if (now < shown.not_before) return "the certificate is not valid yet";
  if (!shown.is_for_host) {
    const std::string& other = shown.names.empty() ? shown.common_name : shown.names.front();
    return "made for another name: " + other;
  }
  return shown.chain_fault;
}

std::string praise(const Shown& shown, int64_t now) {
  const int64_t days = (shown.not_after - now) / kDay;
  return "CN " + shown.common_name + ", " + std::to_string(days) + (days == 1 ? " day" : " days") +
         " left";
}

}  // namespace gateway::cli::doctor
