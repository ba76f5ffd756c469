#include "gateway/net/tls/origin.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "gateway/net/address.h"
#include "gateway/net/tls/identity.h"
#include "gateway/net/tls/peer_certificates.h"

namespace gateway::net::tls {

namespace {

// What a context needs beside what OpenSSL keeps of it; it dies with the context.
struct Settings {
  bool verify = true;
  std::vector<KeyPin> pins;
  OriginSessions* sessions = nullptr;  // may be null
  uint64_t id = 0;
  PeerCertificates certificates;
};

template <class T>
void free_attached(void*, void* attached, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(attached);
}

void free_settings(void*, void* attached, CRYPTO_EX_DATA*, int, long, void*) {
  const std::unique_ptr<Settings> settings(static_cast<Settings*>(attached));
  if (settings != nullptr && settings->sessions != nullptr)
    settings->sessions->forget(settings->id);
}

int settings_index() {
  static const int kIndex =
      CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nullptr, nullptr, nullptr, free_settings);
  return kIndex;
}

int key_index() {
  static const int kIndex = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nullptr, nullptr,
                                                    nullptr, free_attached<OriginSessions::Key>);
  return kIndex;
}

const Settings* settings_of(const SSL_CTX* context) {
  return static_cast<const Settings*>(SSL_CTX_get_ex_data(context, settings_index()));
}

bool is_pinned(X509* certificate, const std::vector<KeyPin>& pins) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return false;
  KeyPin pin{};
  const int hashed =
      EVP_Digest(der, static_cast<size_t>(size), pin.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return hashed == 1 && std::ranges::find(pins, pin) != pins.end();
}

bool any_is_pinned(X509_STORE_CTX* store, const Settings& settings) {
  if (!settings.verify) return is_pinned(X509_STORE_CTX_get0_cert(store), settings.pins);
  // What the origin has sent may hold any certificate: only those count that the chain is made of.
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (is_pinned(sk_X509_value(chain, i), settings.pins)) return true;
  }
  return false;
}

// In place of OpenSSL's own: before our last message, and so before our certificate, goes to
// whoever has no key that we know.
int verify_origin(X509_STORE_CTX* store, void* attached) {
  auto& settings = *static_cast<Settings*>(attached);
  settings.certificates.replace_known(store);
  if (settings.verify && X509_verify_cert(store) != 1) return 0;
  const bool pinned = settings.pins.empty() || any_is_pinned(store, settings);
  X509_STORE_CTX_set_error(store, pinned ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  if (pinned) settings.certificates.keep(store);
  return pinned ? 1 : 0;
}

// OpenSSL has something for us to resume later: after the handshake, so what is verified is.
int on_session(SSL* ssl, SSL_SESSION* session) {
  const Settings* settings = settings_of(SSL_get_SSL_CTX(ssl));
  const auto* key = static_cast<const OriginSessions::Key*>(SSL_get_ex_data(ssl, key_index()));
  if (settings == nullptr || settings->sessions == nullptr || key == nullptr) return 0;
  if (settings->verify && SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  settings->sessions->put(*key, *session);
  return 0;  // only the copy is kept
}

void attach(SSL_CTX* context, const OriginOptions& options) {
  auto settings = std::make_unique<Settings>();
  settings->verify = options.verify;
  settings->pins = options.pins;
  settings->sessions = options.sessions;
  if (options.sessions != nullptr) settings->id = options.sessions->new_context();
  SSL_CTX_set_cert_verify_callback(context, verify_origin, settings.get());
  SSL_CTX_set_ex_data(context, settings_index(), settings.release());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (options.sessions == nullptr) return;
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
}

// An address is no server name (RFC 6066 §3), but it can stand in the certificate.
void expect_peer(SSL* ssl, const std::string& name) {
  if (Address::parse(name, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    return;
  }
  // What the macro SSL_set_tlsext_host_name says, without its old-style cast.
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(name.c_str()));
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, name.c_str());
}

void resume(SSL* ssl, const Settings& settings, std::string peer) {
  auto key = std::make_unique<OriginSessions::Key>(
      OriginSessions::Key{.context = settings.id, .peer = std::move(peer)});
  const SslSessionPtr session = settings.sessions->take(*key);
  if (session != nullptr) SSL_set_session(ssl, session.get());
  if (SSL_set_ex_data(ssl, key_index(), key.get()) == 1) static_cast<void>(key.release());
}

std::string words_for_certificate(long verified) {
  switch (verified) {
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return "none of the pinned keys is in its chain";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "signed by an authority that is not trusted, or sent without its whole chain";
    default:
      return X509_verify_cert_error_string(verified);
  }
}

// What a peer's alert or OpenSSL's own judgement means to an operator; empty: its words will do.
std::string_view meaning_of(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return "the origin has no TLS version in common with us";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "the origin refuses the handshake: no cipher in common (origin.tls.legacy_ciphers "
             "offers the "
             "old ones), or no client certificate";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the origin demands a client certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "the origin refuses our client certificate";
    case SSL_R_BAD_EXTENSION:
      return "the origin has chosen what we did not offer, such as an application protocol";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return "the origin does not know the server name";
    default:
      return {};
  }
}

}  // namespace

proto::Result<SslContextPtr, Mistake> make_origin_context(const OriginOptions& options,
                                                          X509_STORE* authorities) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  set_common_tls(context.get(), options.legacy_ciphers ? Ciphers::legacy : Ciphers::modern);
  if (options.min_version == Version::tls1_3)
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(kAlpnHttp11.data()),
                          kAlpnHttp11.size());
  // Pins are verified, too, and only a verification that counts can fail.
  const bool counts = options.verify || !options.pins.empty();
  SSL_CTX_set_verify(context.get(), counts ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  attach(context.get(), options);
  AuthoritiesPtr own;
  if (authorities == nullptr) {
    auto read = read_authorities(options.ca_file);
    if (!read) return proto::Unexpected{Mistake{Mistake::In::authorities, read.error()}};
    own = std::move(*read);
    authorities = own.get();
  }
  SSL_CTX_set1_cert_store(context.get(), authorities);
  if (options.client_chain_file.empty()) return context;
  auto mistake =
      load_identity(context.get(), "client ",
                    {.chain_file = options.client_chain_file, .key_file = options.client_key_file});
  if (mistake) return proto::Unexpected{std::move(*mistake)};
  return context;
}

SslPtr new_origin_connection(SSL_CTX* context, const std::string& name, std::string_view server,
                             Identity identity) {
  SslPtr ssl(SSL_new(context));
  expect_peer(ssl.get(), name);
  const bool withheld = identity == Identity::withheld;
  if (withheld) SSL_certs_clear(ssl.get());
  const Settings* settings = settings_of(context);
  if (settings == nullptr || settings->sessions == nullptr || server.empty()) return ssl;
  // Whoever resumes a session is whom it was made for: one in which our certificate was shown is
  // not for a connection that withholds it, though both are to the same server and domains with
  // equal settings share them.
  resume(ssl.get(), *settings,
         std::string(server) + ' ' + name + (withheld ? " unidentified" : ""));
  return ssl;
}

// Later releases of OpenSSL 3.0 refuse it themselves.
std::string objection_to_origin(const SSL* ssl) {
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  const std::string_view protocol(reinterpret_cast<const char*>(chosen), size);
  if (protocol.empty() || protocol == kAlpnHttp11.substr(1)) return {};
  return "the origin has chosen an application protocol that we did not offer";
}

std::string take_origin_reason(const SSL* ssl) {
  const std::string_view meaning = meaning_of(ERR_GET_REASON(ERR_peek_last_error()));
  std::string text = take_tls_errors();
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
    return "certificate: " + words_for_certificate(verified);
  if (meaning.empty()) return text;
  return std::string(meaning) + " (" + text + ")";
}

}  // namespace gateway::net::tls
