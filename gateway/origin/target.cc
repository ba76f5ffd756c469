#include "gateway/origin/target.h"

#include "proto/base/host.h"

namespace gateway::origin {

Target choose_target(const config::Origin& origin, const route::Server& server, bool client_tls) {
  using Protocol = config::Origin::Protocol;
  const uint16_t follow_port =
      server.port.value_or(client_tls ? origin.https_ports.front() : origin.http_ports.front());
  bool tls = client_tls;
  switch (origin.protocol) {
    case Protocol::follow:
      break;
    case Protocol::http:
      tls = false;
      break;
    case Protocol::https:
      tls = true;
      break;
    case Protocol::follow_port:
      return {.tls = follow_port == origin.https_ports.front(), .port = follow_port};
  }
  return {
      .tls = tls,
      .port = server.port.value_or(tls ? origin.https_ports.front() : origin.http_ports.front())};
}

std::string host_header(const config::Origin& origin, const route::Server& server,
                        const Target& target, std::string_view client_host) {
  switch (origin.host_header) {
    case config::Origin::Host::client:
      return std::string(client_host);
    case config::Origin::Host::fixed:
      return origin.fixed_host;
    case config::Origin::Host::origin:
      break;
  }
  const std::string host = proto::canonical_host(server.host);
  return target.port == (target.tls ? 443 : 80) ? host : host + ":" + std::to_string(target.port);
}

std::string bare_host(std::string_view host_header) {
  if (host_header.starts_with('['))
    return std::string(host_header.substr(1, host_header.find(']') - 1));
  return proto::canonical_host(host_header.substr(0, host_header.find(':')));
}

std::string tls_name(const config::Origin& origin, std::string_view host_header) {
  return origin.sni ? *origin.sni : bare_host(host_header);
}

}  // namespace gateway::origin
