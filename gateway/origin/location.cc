#include "gateway/origin/location.h"

#include <algorithm>

#include "gateway/origin/target.h"
#include "proto/base/text.h"
#include "proto/http1/target.h"

namespace gateway::origin {

namespace {

// Without brackets and, of an address, in its one spelling.
std::string plain(std::string_view host) {
  const auto address = net::Address::parse(host, 0);
  return address ? address->host() : proto::to_lower(bare_host(host));
}

// Where "//authority" stands in a URL reference (RFC 3986 §4.1); nothing: it names no host.
std::optional<size_t> authority_in(std::string_view reference) {
  const size_t at = reference.find_first_of("/?#");
  if (at == std::string_view::npos || !reference.substr(at).starts_with("//")) return std::nullopt;
  return at == 0 || reference[at - 1] == ':' ? std::optional(at) : std::nullopt;
}

bool is_inside(std::string_view host, const LocationSeen& seen) {
  const std::string name = plain(host);
  if (name == plain(bare_host(seen.client_host))) return false;
  if (!seen.foreign && (name == plain(seen.asked.host) || name == seen.address.host())) return true;
  return std::ranges::any_of(seen.origin.servers, [&name](const config::Server& server) {
    return name == plain(server.host);
  });
}

}  // namespace

std::optional<std::string> location_for_client(std::string_view reference,
                                               const LocationSeen& seen) {
  const auto at = authority_in(reference);
  if (!at) return std::nullopt;
  const auto url = resolve_location(seen.asked, reference);
  if (!url || !is_inside(url->host, seen)) return std::nullopt;
  const std::string_view rest = reference.substr(*at + 2);
  const std::string_view behind = rest.substr(std::min(rest.find_first_of("/?#"), rest.size()));
  std::string text;
  std::string host(seen.client_host);
  if (*at > 0) {
    const bool ws = proto::equals_ignoring_case(reference.substr(0, 2), "ws");
    text = ws ? "ws" : "http";
    if (seen.client_tls || url->tls) text += 's';
    text += ':';
    // The port of the client's Host is that of the scheme which it speaks.
    if (url->tls && !seen.client_tls) {
      const auto authority = proto::http1::parse_authority(seen.client_host);
      if (authority) host = authority->host;
    }
  }
  return text + "//" + host + std::string(behind);
}

}  // namespace gateway::origin
