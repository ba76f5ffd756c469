#include "gateway/config/names.h"

#include <algorithm>

#include "gateway/config/findings.h"

namespace gateway::config {

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::optional<std::string> plain_name_problem(std::string_view name) {
  if (is_plain_name(name)) return std::nullopt;
  return in_quotes(name) + " is not a name; allowed is 1 to 64 letters, digits, '.', '_', '-'";
}

bool is_query_name(std::string_view name) {
  constexpr size_t kLongest = 128;
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, is_visible) &&
         name.find_first_of("&=#%+?") == std::string_view::npos;
}

}  // namespace gateway::config
