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

struct Authority {
  std::string host;              // as parse_host() spells it
  std::optional<uint16_t> port;  // 1 to 65535

  bool operator==(const Authority&) const = default;
};

// Strict grammar: no userinfo, path, comma, space, empty host or percent-encoding, and no colon
// without a port.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

struct Target {
  Authority authority;     // from Host; an absolute-form target must name the same (else 400)
  std::string_view path;   // origin-form path, raw, begins with '/', or "*"; views the head
  std::string_view query;  // without '?'; views the head
  std::string_view path_and_query;

  // The server as a whole is meant (RFC 9110 §7.1), no path of it.
  [[nodiscard]] bool is_asterisk() const { return path == "*"; }
};

// Exactly one Host field; origin-form or absolute-form, or the asterisk that the gate lets pass for
// OPTIONS (authority-form: 400).
Result<Target, Rejection> request_target(const RequestHead& head);

}  // namespace proto::http1
