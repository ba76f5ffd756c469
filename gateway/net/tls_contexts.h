// The TLS contexts of one configuration while it is built: what is equal is read and made once, so
// that ten thousand domains cost hardly more than one.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "gateway/net/tls_context.h"
#include "gateway/net/tls_identity.h"
#include "gateway/net/tls_origin.h"
#include "proto/base/result.h"

namespace gateway::net {

// Files are looked at when something first needs them, and not again: a certificate that is renewed
// meanwhile comes with the next configuration, for all who share it. The contexts live as long as
// anybody holds one.
class TlsContexts {
 public:
  using Made = proto::Result<SslContextPtr, TlsMistake>;

  TlsContexts() = default;
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;
  ~TlsContexts() = default;

  // As make_server_context() and make_origin_context() have it; one that is shared is the same.
  [[nodiscard]] Made server(const Certificate& certificate);
  [[nodiscard]] Made origin(const OriginTlsOptions& options);

  // What peers make of the identity in one of these contexts, with the system's authorities.
  [[nodiscard]] const IdentityFacts& identity_of(const SslContextPtr& context);

 private:
  using Files = std::pair<std::string, std::string>;  // chain, key

  using Authorities = proto::Result<AuthoritiesPtr, std::string>;

  const Authorities& authorities(const std::string& file);

  std::map<std::string, Authorities> authorities_;  // by file
  std::map<Files, Made> servers_;
  std::map<OriginTlsOptions, Made> origins_;
  std::map<const SSL_CTX*, IdentityFacts> identities_;
};

}  // namespace gateway::net
