// Names that stand in logs, metrics and usage records, so they are kept to what none of these has
// to escape.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway::config {

inline constexpr std::string_view kPlainName = "^[A-Za-z0-9._-]{1,64}$";

bool is_plain_name(std::string_view name);
// The mistake in it, with the name in quotes; nothing: it is one.
std::optional<std::string> plain_name_problem(std::string_view name);

// Of a parameter of a query. It stands in requests as it is, so what would have to be escaped there
// cannot match.
bool is_query_name(std::string_view name);

}  // namespace gateway::config
