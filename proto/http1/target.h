// Where a request wants to go: the Host field and the request target (RFC 9110 §7.2, RFC 9112
// §3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/result.h"
#include "proto/http1/head.h"

namespace proto::http1 {

// A host: lower case, no trailing dot; an IPv6 literal keeps its brackets. At most 253 bytes of
// [a-z0-9-._] in labels of 1 to 63, or an IP literal.
struct Authority {
  std::string host;
  std::optional<uint16_t> port;  // 1 to 65535
};

// Strict grammar: no userinfo, path, comma, space, empty host or percent-encoding, and no colon
// without a port.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// True for what may stand in a TLS server name: letters, digits, '-', '.', '_' (hardening T8), 1 to
// 253 bytes, no empty label.
[[nodiscard]] bool is_host_name(std::string_view text);

struct Target {
  Authority authority;     // from Host; an absolute-form target must name the same (else 400)
  std::string_view path;   // origin-form path, raw, begins with '/'; views the head
  std::string_view query;  // without '?'; views the head
  std::string_view path_and_query;
};

// Exactly one Host field; origin-form or absolute-form only (`*` and authority-form: 400).
Result<Target, Rejection> request_target(const RequestHead& head);

}  // namespace proto::http1
