// The origin of a page, as browsers write it into the Origin field (RFC 6454 §6.2), in one
// spelling, so that two are the same exactly when their texts are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/http1/target.h"

namespace proto::http1 {

struct WebOrigin {
  std::string scheme;   // lower case
  Authority authority;  // no port where it is the scheme's own: 80 of http, 443 of https

  // What web pages have; others are those of extensions and apps.
  bool is_http() const { return scheme == "http" || scheme == "https"; }
  bool operator==(const WebOrigin&) const = default;
};

// scheme "://" host [ ":" port ] and nothing else: neither userinfo nor a path, and not the "null"
// of pages that have no origin to tell.
[[nodiscard]] std::optional<WebOrigin> parse_web_origin(std::string_view text);

// "https://app.example.com", "http://[::1]:8080".
[[nodiscard]] std::string to_string(const WebOrigin& origin);

}  // namespace proto::http1
