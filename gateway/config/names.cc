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

}  // namespace gateway::config
