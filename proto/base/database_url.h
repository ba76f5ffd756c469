// The address of a PostgreSQL database in both of libpq's forms, as it may be shown:
// "postgresql://user:password@host/database" and "host=… password=… dbname=…". Whether it is one is
// for libpq alone to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proto {

// Why it cannot be an address at all; nothing when it may be. Repeats none of it.
std::optional<std::string> database_url_problem(std::string_view url);

// What is in front of the host of a URI, "user:password" as it is written; empty: nothing, or it is
// no URI.
std::string_view user_info(std::string_view url);

// Both would rather take too much for a password than too little.
bool has_password(std::string_view url);
// The address with *** for each password, and for what may be one: a user without a password may be
// both of them with the colon forgotten.
std::string without_password(std::string_view url);

}  // namespace proto
