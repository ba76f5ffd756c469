// Texts that look like IP addresses and are none: resolvers and browsers read them in different
// ways, so none is taken for a name, and what was probably meant is told.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway::config {

// Why `text`, which has only characters that names have, is no name although it is no IPv4 address:
// it ends in a number, as no name does (RFC 3696 §2). Follows the quoted text in a message.
// Nothing: it is a name, or an IPv4 address.
[[nodiscard]] std::optional<std::string> number_problem(std::string_view text);

// The same for a text with colons, of an IPv6 address or with its port and without brackets.
[[nodiscard]] std::optional<std::string> colon_problem(std::string_view text);

// "; " and what is known of a text that should be an IP address and is none; empty: nothing.
[[nodiscard]] std::string what_was_meant(std::string_view text);

}  // namespace gateway::config
