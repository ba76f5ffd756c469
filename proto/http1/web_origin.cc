#include "proto/http1/web_origin.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

// RFC 3986 §3.1.
bool is_scheme(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
         });
}

}  // namespace

std::optional<WebOrigin> parse_web_origin(std::string_view text) {
  constexpr std::string_view kMark = "://";
  const size_t mark = text.find(kMark);
  if (mark == std::string_view::npos || !is_scheme(text.substr(0, mark))) return std::nullopt;
  std::optional<Authority> authority = parse_authority(text.substr(mark + kMark.size()));
  if (!authority) return std::nullopt;
  WebOrigin origin{to_lower(text.substr(0, mark)), *std::move(authority)};
  const uint16_t usual = origin.scheme == "https" ? 443 : 80;
  if (origin.is_http() && origin.authority.port == usual) origin.authority.port.reset();
  return origin;
}

std::string to_string(const WebOrigin& origin) {
  std::string text = origin.scheme + "://" + origin.authority.host;
  if (origin.authority.port) text += ':' + std::to_string(*origin.authority.port);
  return text;
}

}  // namespace proto::http1
