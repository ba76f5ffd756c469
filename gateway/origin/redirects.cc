#include "gateway/origin/redirects.h"

#include <algorithm>
#include <array>

#include "gateway/net/address.h"
#include "proto/base/host.h"
#include "proto/base/text.h"
#include "proto/http1/target.h"

namespace gateway::origin {

using proto::Unexpected;

namespace {

constexpr size_t kMaxLocation = 4096;

// What may stand in a path or query; everything else would have to be escaped.
bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
  });
}

struct Scheme {
  std::string_view name;
  bool tls;
};
constexpr std::array<Scheme, 4> kSchemes{
    {{"http", false}, {"https", true}, {"ws", false}, {"wss", true}}};

// Nothing: no scheme stands in front (RFC 3986 §3.1), so the reference is a relative one.
std::optional<std::string_view> scheme_of(std::string_view reference) {
  const size_t colon = reference.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view scheme = reference.substr(0, colon);
  const bool valid = std::ranges::all_of(scheme, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
  return valid ? std::optional(scheme) : std::nullopt;
}

// RFC 3986 §5.2.4, segment by segment; never climbs above the root.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t next = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, next);  // "/name"
    path.remove_prefix(next);
    const bool last = path.empty();
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      if (last) out += '/';
      continue;
    }
    out += segment;
  }
  return out.empty() ? "/" : out;
}

std::string_view path_of(std::string_view path_and_query) {
  return path_and_query.substr(0, path_and_query.find('?'));
}

// The path and query of a reference without scheme and authority, merged with the base (§5.2.3).
std::string merge(std::string_view base, std::string_view reference) {
  if (reference.empty()) return std::string(base);
  if (reference.front() == '?') return std::string(path_of(base)) + std::string(reference);
  const size_t mark = std::min(reference.find('?'), reference.size());
  const std::string_view path = reference.substr(0, mark);
  const std::string query(reference.substr(mark));
  if (path.front() == '/') return without_dots(path) + query;
  const std::string_view folder = path_of(base).substr(0, path_of(base).rfind('/') + 1);
  return without_dots(std::string(folder) + std::string(path)) + query;
}

proto::Result<Url, std::string> with_authority(bool tls, std::string_view rest) {
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = proto::http1::parse_authority(rest.substr(0, end));
  if (!authority) return Unexpected{std::string("its host is not valid")};
  Url url{.tls = tls, .host = authority->host, .port = authority->port};
  url.path_and_query = merge("/", rest.substr(end));
  return url;
}

bool matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return proto::equals_ignoring_case(pattern, host);
  // A wildcard stands for names alone: an address has to be listed as it is.
  if (net::Address::parse(host, 0)) return false;
  const std::string_view suffix = pattern.substr(1);
  return host.size() > suffix.size() &&
         proto::equals_ignoring_case(suffix, host.substr(host.size() - suffix.size()));
}

bool names(const std::vector<std::string>& patterns, std::string_view host) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return matches(pattern, host); });
}

// At a port of the configuration: what else runs on that machine is not the origin.
bool is_server(const config::Origin& origin, const Url& url) {
  const auto& usual = url.tls ? origin.https_ports : origin.http_ports;
  const uint16_t port = url.effective_port();
  return std::ranges::any_of(origin.servers, [&](const config::Server& server) {
    const bool same_port =
        server.port ? *server.port == port : std::ranges::find(usual, port) != usual.end();
    return same_port && proto::canonical_host(server.host) == url.host;
  });
}

}  // namespace

std::string authority_of(const Url& url) {
  if (!url.port || *url.port == (url.tls ? 443 : 80)) return url.host;
  return url.host + ":" + std::to_string(*url.port);
}

proto::Result<Url, std::string> resolve_location(const Url& base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (location.size() > kMaxLocation) return Unexpected{std::string("it is too long")};
  if (!is_clean(location)) return Unexpected{std::string("it holds characters that no URL has")};
  if (const auto scheme = scheme_of(location)) {
    const auto* const known = std::ranges::find_if(kSchemes, [&](const Scheme& one) {
      return proto::equals_ignoring_case(one.name, *scheme);
    });
    if (known == kSchemes.end())
      return Unexpected{"its scheme is \"" + std::string(*scheme) + "\""};
    const std::string_view rest = location.substr(scheme->size() + 1);
    if (!rest.starts_with("//")) return Unexpected{std::string("it names no host")};
    return with_authority(known->tls, rest.substr(2));
  }
  if (location.starts_with("//")) return with_authority(base.tls, location.substr(2));
  Url url = base;
  url.path_and_query = merge(base.path_and_query, location);
  return url;
}

bool is_redirect(int status, const proto::http1::Fields& fields) {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return true;
    case 300:
      return fields.count("Location") > 0;
    default:
      return false;
  }
}

std::optional<uint16_t> port_at(const config::Origin& origin, std::optional<uint16_t> own,
                                const Url& url) {
  const uint16_t port = url.effective_port();
  if (own) return *own == port ? own : std::nullopt;
  const auto& usual = url.tls ? origin.https_ports : origin.http_ports;
  if (url.port && std::ranges::find(usual, port) != usual.end()) return port;
  // The scheme's own port is the one that clients see, wherever the servers listen.
  return port == (url.tls ? 443 : 80) ? std::optional(usual.front()) : std::nullopt;
}

Redirected judge_host(const std::vector<std::string>& own, const config::Origin& origin,
                      std::string_view home, const Url& url) {
  const bool ours = proto::equals_ignoring_case(home, url.host) || names(own, url.host);
  if (ours && std::ranges::any_of(origin.servers, [&](const config::Server& server) {
        return port_at(origin, server.port, url).has_value();
      }))
    return Redirected::own;
  const bool listed = names(origin.redirect_hosts, url.host) || is_server(origin, url);
  return listed ? Redirected::listed : Redirected::foreign;
}

std::optional<std::string> RedirectChain::step(const Url& from, const Url& to) {
  if (been_.empty()) been_.push_back(from);
  if (from.tls && !to.tls) return "the origin redirects from https to http";
  if (std::ranges::find(been_, to) != been_.end()) return "the origin redirects in circles";
  if (been_.size() > most_)
    return "the origin redirects more than " + std::to_string(most_) + " times";
  been_.push_back(to);
  return std::nullopt;
}

}  // namespace gateway::origin
