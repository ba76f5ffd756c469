// Where a session goes to at its origin: Back-to-Origin Protocol (Follow, HTTP, HTTPS,
// follow_port).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

struct Target {
  bool tls = false;
  uint16_t port = 80;
};

// `client_tls`: what the client spoke to us. Never falls back from https to http.
Target choose_target(const config::Origin& origin, const route::Server& server, bool client_tls);

// The Host field for the origin: the client's own, the server's (with a port that is not the
// scheme's), or a fixed name.
std::string host_header(const config::Origin& origin, const route::Server& server,
                        const Target& target, std::string_view client_host);

// The host of a Host field, without port, brackets and the dot of the root: none of these stands in
// a certificate.
std::string bare_host(std::string_view host_header);

// The name for SNI and verification: `origin.sni`, or the host of the Host field that is sent.
std::string tls_name(const config::Origin& origin, std::string_view host_header);

}  // namespace gateway::origin
