#include "proto/base/host.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>

#include "proto/base/text.h"

namespace proto {

namespace {

constexpr size_t kMaxHostName = 253;
constexpr size_t kMaxLabel = 63;

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel &&
         std::all_of(text.begin(), text.end(), is_host_char);
}

bool is_bracketed(std::string_view text) {
  return text.size() >= 2 && text.front() == '[' && text.back() == ']';
}

// Four decimal numbers without leading zeros, as inet_pton has it.
bool is_ipv4(std::string_view text) {
  std::array<char, INET_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), buffer.begin());
  in_addr address{};
  return inet_pton(AF_INET, buffer.data(), &address) == 1;
}

}  // namespace

std::optional<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (!is_bracketed(text)) return std::nullopt;
    const auto address = canonical_ipv6(text.substr(1, text.size() - 2));
    if (!address) return std::nullopt;
    return '[' + *address + ']';
  }
  text = without_root(text);
  if (!is_host_name(text)) return std::nullopt;
  return to_lower(text);
}

std::string canonical_host(std::string_view text) {
  // Most texts are names, and of these only IPv6 literals have a colon.
  if (text.find(':') != std::string_view::npos) {
    const bool bracketed = is_bracketed(text);
    if (const auto address = canonical_ipv6(bracketed ? text.substr(1, text.size() - 2) : text))
      return '[' + *address + ']';
  }
  return to_lower(without_root(text));
}

// A zone (`%eth0`) means nothing to anyone but its sender, and inet_pton takes none.
std::optional<std::string> canonical_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  // inet_pton stops at a NUL byte.
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  in6_addr address{};
  if (inet_pton(AF_INET6, buffer.data(), &address) != 1) return std::nullopt;
  return inet_ntop(AF_INET6, &address, buffer.data(), buffer.size());
}

std::optional<std::string> canonical_ip(std::string_view text) {
  constexpr std::string_view kMapped = "::ffff:";
  if (is_ipv4(text)) return std::string(text);
  std::optional<std::string> address = canonical_ipv6(text);
  if (address && address->starts_with(kMapped) && is_ipv4(address->substr(kMapped.size())))
    address->erase(0, kMapped.size());
  return address;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxHostName) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string_view without_root(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

}  // namespace proto
