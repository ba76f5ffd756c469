#include "tests/bench/tls.h"

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr size_t kMaxSessions = 4096;

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // One suite, so that no proxy's own order decides how much work a record is.
  SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Without read-ahead every record costs two reads, one for its head and one for its body.
  SSL_CTX_set_read_ahead(context, 1);
}

}  // namespace

void TlsFree::operator()(SSL* tls) const {
  // OpenSSL spoils the session of a connection that ended without close_notify. The bench ends
  // many connections bare and wants their tickets to stay good.
  SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls);
}

TlsContext make_server_context(const std::string& certificate, const std::string& key) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  set_common_options(context.get());
  const bool loaded =
      SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context.get()) == 1;
  return loaded ? std::move(context) : nullptr;
}

Tls make_server_tls(SSL_CTX* context) {
  Tls tls(SSL_new(context));
  SSL_set_accept_state(tls.get());
  return tls;
}

ClientTls::ClientTls(const std::string& ca, std::string name, bool resume)
    : context_(SSL_CTX_new(TLS_client_method())), name_(std::move(name)) {
  set_common_options(context_.get());
  if (SSL_CTX_load_verify_file(context_.get(), ca.c_str()) != 1) {
    throw std::runtime_error("cannot read the CA file " + ca);
  }
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  if (!resume) return;
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), on_session);
}

Tls ClientTls::new_connection() {
  Tls tls(SSL_new(context_.get()));
  // What SSL_set_tlsext_host_name stands for, without the old cast inside that macro.
  SSL_ctrl(tls.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name_.data());
  SSL_set1_host(tls.get(), name_.c_str());
  SSL_set_connect_state(tls.get());
  if (!sessions_.empty()) {
    SSL_set_session(tls.get(), sessions_.front().get());
    sessions_.pop_front();
  }
  return tls;
}

int ClientTls::on_session(SSL* tls, SSL_SESSION* session) {
  auto* self = static_cast<ClientTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
  if (self->sessions_.size() >= kMaxSessions) return 0;
  self->sessions_.emplace_back(session);
  return 1;
}

}  // namespace bench
