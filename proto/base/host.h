// Hosts in one spelling each, so that two are the same exactly when their texts are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proto {

// The one spelling of a host. A name: lower case, without the dot of the root, at most 253 bytes of
// [a-z0-9-._] in labels of 1 to 63. An IPv4 literal: as it is. An IPv6 literal, which `text` has in
// brackets: as RFC 5952 writes it, in brackets. Nothing: no host, such as one with a zone.
[[nodiscard]] std::optional<std::string> parse_host(std::string_view text);

// The same for text that is judged elsewhere: a name with a "*." in front keeps it, and an IPv6
// literal needs no brackets but gets them. What is no host comes back in lower case.
[[nodiscard]] std::string canonical_host(std::string_view text);

// The one spelling of an IPv6 literal without brackets. Nothing: it is none.
[[nodiscard]] std::optional<std::string> canonical_ipv6(std::string_view text);

// The one spelling of an IP address: an IPv4 literal as it is, an IPv6 literal as canonical_ipv6
// has it, and an IPv4-mapped one as the IPv4 address in it. Nothing: it is none.
[[nodiscard]] std::optional<std::string> canonical_ip(std::string_view text);

// True for what may stand in a TLS server name: letters, digits, '-', '.', '_' (hardening T8), 1 to
// 253 bytes, no empty label.
[[nodiscard]] bool is_host_name(std::string_view text);

// A name without the dot of the root, which says that no search list applies and names the same.
[[nodiscard]] std::string_view without_root(std::string_view name);

}  // namespace proto
