// Hosts, ports and domain names as the configuration writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "proto/base/result.h"

namespace gateway::config {

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets
bool is_ip(std::string_view text);
// The one spelling of an IP literal, so that two can be compared; any other text stays as it is.
std::string canonical_ip(std::string_view text);

struct HostPort {
  // A name in lower case, with the dot of the root where one is written: it is then looked up as it
  // is, without a search list. Or an IP literal in its one spelling, without brackets.
  std::string host;
  std::optional<uint16_t> port;
};
// "host", "host:port", "[::1]:port" or a bare "::1". Error: a sentence on what is wrong with it,
// and what was probably meant.
[[nodiscard]] proto::Result<HostPort, std::string> parse_host_port(std::string_view text,
                                                                   uint16_t least_port = 1);
// The other direction: "10.0.0.5:80", "[::1]:80". Without a port IPv6 has brackets only where its
// end could be taken for one.
std::string join_host_port(std::string_view host, std::optional<uint16_t> port);

// Why `text` cannot be a host name or an IPv4 address (1 to 253 bytes; labels of letters, digits,
// '-' and '_', the last one no number), and what was probably meant; nothing when it can.
std::optional<std::string> host_name_problem(std::string_view text);
// The same for a name a domain answers to: also "*.example.com", or an IP literal, IPv6 in
// brackets.
std::optional<std::string> domain_name_problem(std::string_view text);

// True when `host` is `pattern`, or ends as "*.example.com" does, with one label in front or more.
// Both as proto::canonical_host() spells them, case apart.
bool name_matches(std::string_view pattern, std::string_view host);

}  // namespace gateway::config
