// The address of a PostgreSQL database in both of libpq's forms, as far as it can be judged without
// libpq: "postgresql://user:password@host/database" and "host=… password=… dbname=…".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway::config {

// Why it cannot be an address; nothing when it can. Repeats none of it.
std::optional<std::string> database_url_problem(std::string_view url);

// Both would rather take too much for a password than too little.
bool has_password(std::string_view url);
// The address with *** for each password.
std::string without_password(std::string_view url);

}  // namespace gateway::config
