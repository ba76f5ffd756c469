#include "gateway/config/addresses.h"

#include <algorithm>
#include <arpa/inet.h>
#include <utility>

#include "gateway/config/findings.h"
#include "gateway/config/lookalike.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

bool parses_as(int family, std::string_view text, void* out) {
  // inet_pton stops at a NUL byte; nothing longer than this is an address.
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return false;
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), out) == 1;
}

proto::Unexpected<std::string> says(std::string_view text, std::string_view problem) {
  return {in_quotes(text) + ' ' + std::string(problem)};
}

proto::Result<uint16_t, std::string> parse_port(std::string_view text, uint16_t least) {
  const auto port = proto::parse_decimal(text);
  if (!port || *port < least || *port > 65535) {
    return proto::Unexpected{"port " + in_quotes(text) + " is out of range; allowed is " +
                             std::to_string(least) + " to 65535"};
  }
  if (text.size() > 1 && text.starts_with('0')) {
    return proto::Unexpected{"port " + in_quotes(text) + " has a zero in front: did you mean " +
                             std::to_string(*port) + "?"};
  }
  return static_cast<uint16_t>(*port);
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

// With the dot of the root, too, which an address cannot have.
std::optional<std::string> server_name_problem(std::string_view host) {
  if (auto problem = host_name_problem(proto::without_root(host))) return problem;
  return number_problem(host);
}

std::string brackets_problem(std::string_view host, std::string_view rest) {
  if (auto problem = colon_problem(host)) return *problem;
  return "has brackets, which only IPv6 addresses have: did you mean " +
         in_quotes(std::string(host) + std::string(rest)) + '?';
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
  // An IPv4 literal has one spelling: inet_pton refuses leading zeros and shortened forms.
  return proto::canonical_ipv6(text).value_or(std::string(text));
}

proto::Result<HostPort, std::string> parse_host_port(std::string_view text, uint16_t least_port) {
  if (auto problem = colon_problem(text)) return says(text, *problem);
  if (is_ipv6(text)) return HostPort{canonical_ip(text), std::nullopt};
  const bool bracketed = text.starts_with('[');
  const size_t end = std::min(text.find(bracketed ? ']' : ':'), text.size());
  const std::string_view host = text.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0));
  const std::string_view rest = text.substr(bracketed ? std::min(end + 1, text.size()) : end);
  const bool open = bracketed && end == text.size();
  if (host.empty() || open || (!rest.empty() && rest.front() != ':')) {
    return says(text,
                "is not an address: write \"10.0.0.5:8080\", \"[::1]:8080\" or "
                "\"name.example.net:8080\"");
  }
  if (bracketed && !is_ipv6(host)) return says(text, brackets_problem(host, rest));
  if (!bracketed) {
    if (auto problem = server_name_problem(host)) return says(host, *problem);
  }
  HostPort parts{bracketed ? canonical_ip(host) : proto::to_lower(host), std::nullopt};
  if (rest.empty()) return parts;
  auto port = parse_port(rest.substr(1), least_port);
  if (!port) return proto::Unexpected{std::move(port.error())};
  parts.port = *port;
  return parts;
}

std::string join_host_port(std::string_view host, std::optional<uint16_t> port) {
  std::string out(host);
  if (is_ipv6(host) && (port || colon_problem(host))) out = '[' + out + ']';
  return port ? out + ':' + std::to_string(*port) : out;
}

std::optional<std::string> host_name_problem(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > 253) return "has more than 253 characters";
  std::string_view rest = text;
  while (true) {
    size_t dot = rest.find('.');
    if (auto problem = label_problem(rest.substr(0, dot))) return problem;
    if (dot == std::string_view::npos) return number_problem(text);
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::string> domain_name_problem(std::string_view text) {
  bool bracketed = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  if (bracketed && is_ipv6(text.substr(1, text.size() - 2))) return std::nullopt;
  if (is_ipv6(text)) return "must have brackets around an IPv6 address, as in \"[::1]\"";
  if (text == "*") return "must name a domain after the *, as in *.example.com";
  if (!text.starts_with("*.")) return host_name_problem(text);
  text.remove_prefix(2);
  if (is_ipv4(text)) return "may have a * only in front of a name";
  return host_name_problem(text);
}

bool name_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return proto::equals_ignoring_case(pattern, host);
  std::string_view end = pattern.substr(1);
  if (host.size() <= end.size()) return false;
  return proto::equals_ignoring_case(end, host.substr(host.size() - end.size()));
}

}  // namespace gateway::config
