// What a proxy changes in a head on its way (RFC 9110 §7.6): hop-by-hop fields, X-Forwarded-*, Via.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http1/head.h"

namespace proto::http1 {

// What a client may not say of itself, since append_hop or nobody says it: for `also_drop`.
inline constexpr std::array<std::string_view, 12> kForwardedFields = {
    "X-Forwarded-For",    "X-Forwarded-Proto",  "X-Forwarded-Host",   "X-Forwarded-Port",
    "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Ssl",
    "X-Forwarded-By",     "Forwarded",          "X-Client-Scheme",    "X-Real-IP",
};

// The fields to pass on: without the hop-by-hop ones (Connection, Upgrade, Keep-Alive, Proxy-*, TE,
// Trailer, Transfer-Encoding, HTTP2-Settings), without those that Connection names (Host,
// Content-Length, Forwarded, X-Forwarded-*, X-Client-Scheme, Via, Cookie, Set-Cookie,
// Authorization, Origin and Sec-WebSocket-* excepted: a client cannot have security fields removed,
// hardening H3), and without the names in `also_drop`.
[[nodiscard]] std::vector<Field> end_to_end_fields(const Fields& fields,
                                                   const std::vector<std::string_view>& also_drop);

struct Hop {
  std::string_view client_address;  // IP literal without brackets
  std::string_view scheme;          // "http" or "https": what the client spoke to us
  std::string_view host;            // the client's Host; empty: the one in `received`
  std::string_view via;             // our pseudonym in Via: a token
};

// Appends X-Forwarded-For, -Proto, -Host, X-Client-Scheme and Via lines. The client's own
// X-Forwarded-*, Forwarded and X-Client-Scheme must have been dropped: nothing trusted stands
// before us. The Via lines of others are among the fields passed on; ours comes after them as a
// line of its own, which extends the list (RFC 9110 §5.3).
void append_hop(std::string& head, const Fields& received, const Hop& hop);

// True when a Via field of the request already names `via`: it has come round in a circle (508).
[[nodiscard]] bool is_loop(const Fields& received, std::string_view via);

}  // namespace proto::http1
