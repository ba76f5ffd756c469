#include "gateway/net/tls/context.h"

#include <algorithm>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/net/address.h"
#include "gateway/net/tls/identity.h"
#include "proto/base/encoding.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::net::tls {

namespace {

constexpr int kSecurityLevel = 2;

// RFC 7301 §3.2: a client that offers protocols, but not http/1.1, gets no_application_protocol.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(
      &chosen, out_size, reinterpret_cast<const unsigned char*>(kAlpnHttp11.data()),
      kAlpnHttp11.size(), in, in_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// RFC 5077's recommended construction, with keys of our own so that a reload does not lose
// sessions.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int encrypt) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (keys == nullptr) return -1;
  TicketKeys::Key key{};
  auto found = TicketKeys::Found::current;
  if (encrypt == 1) {
    key = keys->current();
    std::memcpy(name, key.name.data(), key.name.size());
    proto::random_bytes({iv, static_cast<size_t>(EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()))});
  } else {
    found = keys->find(name, key);
    if (found == TicketKeys::Found::none) return 0;
  }
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  const bool ready =
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, encrypt) == 1 &&
      EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  if (!ready) return -1;
  // 2 asks for a new ticket. A TLS 1.3 client uses each one once (RFC 8446 §C.4): without another
  // its next handshake would be a full one.
  const bool used_up = encrypt == 0 && SSL_version(ssl) == TLS1_3_VERSION;
  return found == TicketKeys::Found::old || used_up ? 2 : 1;
}

// The host_name of RFC 6066 §3 as it stands in the ClientHello; empty: none, nothing: malformed.
std::optional<std::string> server_name_of(SSL* ssl) {
  const unsigned char* data = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return "";
  const proto::Bytes in(data, size);
  constexpr size_t kPrefix = 5;  // list length (2), name type (1), name length (2)
  if (in.size() < kPrefix || in[2] != TLSEXT_NAMETYPE_host_name) return std::nullopt;
  const size_t list = static_cast<size_t>(in[0]) << 8 | in[1];
  const size_t length = static_cast<size_t>(in[3]) << 8 | in[4];
  if (list + 2 != in.size() || length + 3 != list || length == 0) return std::nullopt;
  // §3 wants no dot of the root there; a client that writes it means the same host.
  std::string name = proto::to_lower(proto::without_root(proto::text_of(in.subspan(kPrefix))));
  if (name.size() > 253) return std::nullopt;
  for (const char c : name) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!fine) return std::nullopt;
  }
  return name;
}

}  // namespace

TicketKeys::TicketKeys() { rotate(); }

void TicketKeys::rotate() {
  const std::lock_guard lock(mutex_);
  rotate_locked();
}

void TicketKeys::rotate_locked() {
  Key key{};
  proto::random_bytes(key.name);
  proto::random_bytes(key.cipher);
  proto::random_bytes(key.mac);
  keys_.insert(keys_.begin(), key);
  if (keys_.size() > kKept) keys_.resize(kKept);
  rotated_ = std::chrono::steady_clock::now();
}

TicketKeys::Key TicketKeys::current() {
  const std::lock_guard lock(mutex_);
  if (std::chrono::steady_clock::now() - rotated_ >= kLifetime) rotate_locked();
  return keys_.front();
}

TicketKeys::Found TicketKeys::find(const uint8_t* name, Key& key) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (std::memcmp(keys_[i].name.data(), name, keys_[i].name.size()) != 0) continue;
    key = keys_[i];
    return i == 0 ? Found::current : Found::old;
  }
  return Found::none;
}

void TicketKeys::adopt(SSL_CTX* context) {
  const std::lock_guard lock(adopt_mutex_);
  if (SSL_CTX_get_app_data(context) == nullptr) SSL_CTX_set_app_data(context, this);
}

void set_common_tls(SSL_CTX* context, Ciphers ciphers) {
  // 16 KiB of record buffers are given back while a connection is idle.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A client that puts ChaCha20 first has no AES in hardware: it gets its way.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // No SHA-1 in signatures, no key below 2048 bits of RSA, also where the system's own
  // configuration is laxer.
  SSL_CTX_set_security_level(context,
                             std::max(kSecurityLevel, SSL_CTX_get_security_level(context)));
  // AES-128 first: as far beyond reach as AES-256, for less work in each record.
  SSL_CTX_set_ciphersuites(
      context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  if (ciphers == Ciphers::modern) SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

proto::Result<SslContextPtr, Mistake> make_server_context(const Certificate& certificate) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  set_common_tls(context.get());
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  if (auto mistake = load_identity(context.get(), "", certificate))
    return proto::Unexpected{std::move(*mistake)};
  return context;
}

int64_t not_after(SSL_CTX* context) {
  const X509* leaf = SSL_CTX_get0_certificate(context);
  tm time{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &time) != 1) return 0;
  return timegm(&time);
}

bool is_made_for(SSL_CTX* context, const std::string& name) {
  X509* leaf = SSL_CTX_get0_certificate(context);
  if (leaf == nullptr) return false;
  if (const auto address = Address::parse(name, 0))
    return X509_check_ip_asc(leaf, address->host().c_str(), 0) == 1;
  // A wildcard is as good as any name below it.
  const std::string host = name.starts_with("*.") ? "any" + name.substr(1) : name;
  // What stands in CN alone no client looks at any more (RFC 9525 §2).
  return X509_check_host(leaf, host.data(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         nullptr) == 1;
}

ListenerContext::ListenerContext(TicketKeys& keys, Choose choose)
    : keys_(keys), choose_(std::move(choose)), context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  set_common_tls(context);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, this);
}

SslPtr ListenerContext::new_connection() const { return SslPtr(SSL_new(context_.get())); }

int ListenerContext::on_client_hello(SSL* ssl, int* alert, void* self) {
  const auto name = server_name_of(ssl);
  if (!name) {
    *alert = SSL_AD_DECODE_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  auto& listener = *static_cast<ListenerContext*>(self);
  const Choice choice = listener.choose_(*name);
  // The certificate comes from the domain's context; tickets keep coming from the listener's, so it
  // is the session id context that ties a session to the domain: one of another domain is then not
  // resumed.
  listener.keys_.adopt(choice.context);
  SSL_set_SSL_CTX(ssl, choice.context);
  SSL_set_min_proto_version(
      ssl, choice.min_version == Version::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  const auto digest = proto::sha1(proto::bytes_of(choice.domain));
  SSL_set_session_id_context(ssl, digest.data(), digest.size());
  return SSL_CLIENT_HELLO_SUCCESS;
}

}  // namespace gateway::net::tls
