// How the origins of a domain are spoken to over TLS: whom we believe, who we say we are, and what
// we say of a handshake that failed.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/tls/context.h"
#include "gateway/net/tls/files.h"
#include "gateway/net/tls/sessions.h"
#include "proto/base/result.h"

namespace gateway::net::tls {

// The SHA-256 of a certificate's SubjectPublicKeyInfo.
using KeyPin = std::array<uint8_t, 32>;

struct OriginOptions {
  bool verify = true;        // the chain, and that the certificate is for the name
  std::string ca_file = {};  // empty: the system's
  // One of these must be in the chain that was verified; without `verify` it must be the origin's
  // own. None: any key will do.
  std::vector<KeyPin> pins = {};
  std::string client_chain_file = {};  // PEM; empty: we have no certificate
  std::string client_key_file = {};    // PEM
  Version min_version = Version::tls1_2;
  bool legacy_ciphers = false;         // those of TLS 1.2 without forward secrecy or AEAD, too
  OriginSessions* sessions = nullptr;  // outlives the context; null: every handshake is a full one

  friend auto operator<=>(const OriginOptions& a, const OriginOptions& b) = default;
};

// `authorities` are those of `ca_file`, shared with whoever else has them; null: they are read.
[[nodiscard]] proto::Result<SslContextPtr, Mistake> make_origin_context(
    const OriginOptions& options, X509_STORE* authorities = nullptr);

// Whether a peer is shown our certificate when it asks for one.
enum class Identity : uint8_t { shown, withheld };

// A client connection: SNI unless `name` is an IP literal, and verification of that name or
// address. `server` is where it goes ("10.0.0.5:443"): the sessions of one server are not offered
// to another, which would not know them. Empty: it neither resumes a session nor leaves one.
[[nodiscard]] SslPtr new_origin_connection(SSL_CTX* context, const std::string& name,
                                           std::string_view server = {},
                                           Identity identity = Identity::shown);

// What is wrong with what the origin has agreed to in its handshake; empty: nothing.
[[nodiscard]] std::string objection_to_origin(const SSL* ssl);

// Why the last call on that connection to an origin failed, in words for the operator. Empties
// OpenSSL's error queue.
[[nodiscard]] std::string take_origin_reason(const SSL* ssl);

}  // namespace gateway::net::tls
