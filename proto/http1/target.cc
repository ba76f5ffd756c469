#include "proto/http1/target.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <utility>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

constexpr size_t kMaxHostName = 253;
constexpr size_t kMaxLabel = 63;

// An absolute-form target (RFC 9112 §3.2.2), taken apart.
struct AbsoluteForm {
  Authority authority;
  uint16_t default_port = 80;
  std::string_view path_and_query;
};

Unexpected<Rejection> bad(std::string_view why) { return {Rejection{400, std::string(why)}}; }

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel &&
         std::all_of(text.begin(), text.end(), is_host_char);
}

// `text` without its brackets. A zone (`%eth0`) means nothing to anyone but its sender, and
// inet_pton takes none.
bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  in6_addr address;
  return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  if (text.size() > 5 || text.starts_with('0')) return std::nullopt;
  const std::optional<uint64_t> port = parse_decimal(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// The length of the host at the front of an authority: up to the port's colon.
size_t host_length(std::string_view text) {
  if (!text.starts_with('[')) return std::min(text.find(':'), text.size());
  const size_t bracket = text.find(']');
  return bracket == std::string_view::npos ? text.size() : bracket + 1;
}

std::optional<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']') || !is_ipv6(text.substr(1, text.size() - 2))) return std::nullopt;
    return to_lower(text);
  }
  // The dot of the root names the same host; left in, it would go round every table of names.
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!is_host_name(text)) return std::nullopt;
  return to_lower(text);
}

bool takes_off(std::string_view& text, std::string_view prefix) {
  if (!equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<AbsoluteForm> parse_absolute_form(std::string_view text) {
  AbsoluteForm form;
  if (takes_off(text, "https://")) {
    form.default_port = 443;
  } else if (!takes_off(text, "http://")) {
    return std::nullopt;
  }
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  std::optional<Authority> authority = parse_authority(text.substr(0, end));
  if (!authority) return std::nullopt;
  form.authority = *std::move(authority);
  // §3.2.1: an empty path is sent on as "/".
  form.path_and_query = end == text.size() ? "/" : text.substr(end);
  // A query right after the authority would need a path that is not in the head.
  if (form.path_and_query.front() != '/') return std::nullopt;
  return form;
}

bool same_place(const Authority& a, const Authority& b, uint16_t default_port) {
  return a.host == b.host && a.port.value_or(default_port) == b.port.value_or(default_port);
}

void set_path(Target& target, std::string_view path_and_query) {
  const size_t mark = path_and_query.find('?');
  target.path_and_query = path_and_query;
  target.path = path_and_query.substr(0, mark);
  if (mark != std::string_view::npos) target.query = path_and_query.substr(mark + 1);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const size_t length = host_length(text);
  std::optional<std::string> host = parse_host(text.substr(0, length));
  if (!host) return std::nullopt;
  Authority authority{*std::move(host), std::nullopt};
  const std::string_view rest = text.substr(length);
  if (rest.empty()) return authority;
  if (!rest.starts_with(':')) return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
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

Result<Target, Rejection> request_target(const RequestHead& head) {
  const size_t hosts = head.fields.count("Host");
  if (hosts == 0) return bad("no Host field");
  if (hosts > 1) return bad("more than one Host field");
  std::optional<Authority> host = parse_authority(*head.fields.first("Host"));
  if (!host) return bad("a malformed Host field");

  Target target{*std::move(host), {}, {}, {}};
  if (head.target.starts_with('/')) {
    set_path(target, head.target);
    return target;
  }
  const std::optional<AbsoluteForm> form = parse_absolute_form(head.target);
  if (!form) return bad("a request target that is neither a path nor a http URI");
  if (!same_place(form->authority, target.authority, form->default_port)) {
    return bad("a request target that names another host than the Host field");
  }
  set_path(target, form->path_and_query);
  return target;
}

}  // namespace proto::http1
