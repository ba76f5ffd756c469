#include "gateway/config/addresses.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "proto/base/text.h"

namespace gateway::config {

namespace {

bool parses_as(int family, std::string_view text, void* out) {
  // inet_pton stops at a NUL byte; nothing longer than this is an address.
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return false;
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), out) == 1;
}

bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::optional<std::string> label_problem(std::string_view label) {
  if (label.empty()) return "has an empty part between two dots, or a dot at an end";
  if (label.size() > 63) return "has a part of more than 63 characters";
  if (std::all_of(label.begin(), label.end(), is_label_char)) return std::nullopt;
  if (label.find('*') != std::string_view::npos) {
    return "may have a * only as its whole first part, as in *.example.com";
  }
  if (label.find('/') != std::string_view::npos) {
    return "must be a name alone, without a scheme or a path";
  }
  if (label.find(':') != std::string_view::npos) return "must be a name alone, without a port";
  bool ascii = std::all_of(label.begin(), label.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii ? "may consist of letters, digits, '-', '_' and dots"
               : "must be written in its ASCII form (xn--...)";
}

}  // namespace

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return parses_as(AF_INET, text, &address);
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return parses_as(AF_INET6, text, &address);
}

bool is_ip(std::string_view text) { return is_ipv4(text) || is_ipv6(text); }

std::string canonical_ip(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  in6_addr address{};
  // An IPv4 literal has one spelling: inet_pton refuses leading zeros and shortened forms.
  if (!parses_as(AF_INET6, text, &address)) return std::string(text);
  return inet_ntop(AF_INET6, &address, buffer.data(), buffer.size());
}

std::optional<HostPort> split_host_port(std::string_view text) {
  if (is_ipv6(text)) return HostPort{proto::to_lower(text), std::nullopt};
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (host.empty() || (!rest.empty() && rest.front() != ':')) return std::nullopt;
  if (rest.empty()) return HostPort{proto::to_lower(host), std::nullopt};
  return HostPort{proto::to_lower(host), std::string(rest.substr(1))};
}

std::string join_host_port(std::string_view host, std::optional<uint16_t> port) {
  std::string out(host);
  if (!port) return out;
  if (is_ipv6(host)) out = '[' + out + ']';
  return out + ':' + std::to_string(*port);
}

std::optional<std::string> host_name_problem(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > 253) return "has more than 253 characters";
  while (true) {
    size_t dot = text.find('.');
    if (auto problem = label_problem(text.substr(0, dot))) return problem;
    if (dot == std::string_view::npos) return std::nullopt;
    text.remove_prefix(dot + 1);
  }
}

std::optional<std::string> domain_name_problem(std::string_view text) {
  bool bracketed = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  if (bracketed && is_ipv6(text.substr(1, text.size() - 2))) return std::nullopt;
  if (is_ipv6(text)) return "must have brackets around an IPv6 address, as in \"[::1]\"";
  if (text == "*") return "must name a domain after the *, as in *.example.com";
  if (text.starts_with("*.")) text.remove_prefix(2);
  return host_name_problem(text);
}

bool name_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return proto::equals_ignoring_case(pattern, host);
  std::string_view end = pattern.substr(1);
  if (host.size() <= end.size()) return false;
  return proto::equals_ignoring_case(end, host.substr(host.size() - end.size()));
}

}  // namespace gateway::config
