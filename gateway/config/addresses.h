// Hosts, ports and domain names as the configuration writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/document.h"

namespace gateway::config {

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets
bool is_ip(std::string_view text);
// The one spelling of an IP literal, so that two can be compared; any other text stays as it is.
std::string canonical_ip(std::string_view text);

struct HostPort {
  std::string host;                 // lower case; an IPv6 literal without its brackets
  std::optional<std::string> port;  // as written, not yet checked
};
// "host", "host:port", "[::1]:port" or a bare "::1"; nothing for anything else.
std::optional<HostPort> split_host_port(std::string_view text);
// The other direction: "10.0.0.5:80", "[::1]:80".
std::string join_host_port(std::string_view host, std::optional<uint16_t> port);

// Why `text` cannot be a host name (1 to 253 bytes; labels of letters, digits, '-' and '_');
// nothing when it can.
std::optional<std::string> host_name_problem(std::string_view text);
// The same for a name a domain answers to: also "*.example.com", or an IP literal, IPv6 in
// brackets.
std::optional<std::string> domain_name_problem(std::string_view text);

// True when `host` is `pattern`, or ends as "*.example.com" does, with one label in front or more.
// `pattern` is in lower case.
bool name_matches(std::string_view pattern, std::string_view host);

}  // namespace gateway::config
