#include "proto/http1/target.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "proto/base/host.h"
#include "proto/base/text.h"

namespace proto::http1 {

namespace {

// An absolute-form target (RFC 9112 §3.2.2), taken apart.
struct AbsoluteForm {
  Authority authority;
  uint16_t default_port = 80;
  std::string_view path_and_query;
};

Unexpected<Rejection> bad(std::string_view why) { return {Rejection{400, std::string(why)}}; }

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

Result<Target, Rejection> request_target(const RequestHead& head) {
  const size_t hosts = head.fields.count("Host");
  if (hosts == 0) return bad("no Host field");
  if (hosts > 1) return bad("more than one Host field");
  std::optional<Authority> host = parse_authority(*head.fields.first("Host"));
  if (!host) return bad("a malformed Host field");

  Target target{*std::move(host), {}, {}, {}};
  if (head.target.starts_with('/') || head.target == "*") {
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
