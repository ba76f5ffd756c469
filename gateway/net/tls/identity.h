// Who we say we are in TLS: a certificate with its chain and key, loaded or refused in words, and
// what the chain is like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/tls/context.h"
#include "gateway/net/tls/files.h"

namespace gateway::net::tls {

// Loads it into the context, as a server's or a client's; `whose` stands before "certificate" and
// "key" in what is wrong. A key that TLS no longer takes, or a signature with SHA-1, is wrong, too.
[[nodiscard]] std::optional<Mistake> load_identity(SSL_CTX* context, const std::string& whose,
                                                   const Certificate& certificate);

// What a peer makes of an identity.
struct IdentityFacts {
  // Of the way to an authority, as far as it stands in the file: the certificate itself first.
  struct Link {
    std::string subject;
    int64_t not_before = 0;  // seconds since the epoch
    int64_t not_after = 0;
  };
  std::vector<Link> links;
  std::string gap;         // why whoever gets it may not find the way; empty: nothing is missing
  bool alone = false;      // nothing stands behind the certificate in its file
  bool has_names = false;  // in a subjectAltName
  bool is_for_servers = false;
  bool is_for_clients = false;
};

// Of the identity that is loaded there. The way is whole when it leads to one of `authorities`, or
// to one that has signed itself.
[[nodiscard]] IdentityFacts look_at_identity(SSL_CTX* context, X509_STORE* authorities);

}  // namespace gateway::net::tls
