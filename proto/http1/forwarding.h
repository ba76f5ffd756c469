// What a proxy changes in a head on its way (RFC 9110 §7.6): hop-by-hop fields, X-Forwarded-*,
// Forwarded, Via.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/http1/head.h"

namespace proto::http1 {

// The fields to pass on: without the hop-by-hop ones (Connection, Upgrade, Keep-Alive, Proxy-*, TE,
// Trailer, Transfer-Encoding, HTTP2-Settings), without those that Connection names (Host,
// Content-Length, Forwarded, X-Forwarded-*, X-Real-IP, X-Client-Scheme, Client-Cert*, X-SSL-*, Via,
// Cookie, Set-Cookie, Authorization, Origin and Sec-WebSocket-* excepted: a client cannot have
// security fields removed, hardening H3), and without the names in `also_drop`. A name with `_` for
// `-` is dropped with the one that it reads as.
[[nodiscard]] std::vector<Field> end_to_end_fields(const Fields& fields,
                                                   const std::vector<std::string_view>& also_drop);

// Who has sent a request to us.
struct Sender {
  bool trusted = false;  // it may say who the client is, and what its certificate
  // The field that trusted ones say it in: from all others it does not go on.
  std::string_view address_header = {};
};

// The same of a request. What append_hop writes is dropped, and what a client may not say of itself
// (X-Forwarded-*, Forwarded, X-Real-IP, Client-Cert*, X-SSL-*) unless its sender is trusted; then
// Forwarded alone is, where that is not the field in which such senders say it.
[[nodiscard]] std::vector<Field> request_fields(const Fields& fields, const Sender& sender,
                                                const std::vector<std::string_view>& also_drop);

struct Hop {
  std::string_view client_address;  // IP literal without brackets
  // Whom trusted proxies have named, and the last of these: "client, proxy, peer". Empty: the
  // client has come to us by itself.
  std::string_view list = {};
  std::string_view scheme;  // "http" or "https": what the client spoke
  std::string_view host;    // the client's Host; empty: it is not told
  std::string_view via;     // our pseudonym in Via: a token
  // As RFC 7239 says it, too. Behind lines of that field which are passed on ours names the last
  // of `list` alone.
  bool forwarded = false;
  bool forwarded_before = false;
};

// Appends X-Forwarded-For, -Proto, -Host, -Port, X-Client-Scheme, Forwarded where that is asked
// for, and Via. The port is that of `host`, else the scheme's own. The Via lines of others are
// among the fields passed on; ours comes after them as a line of its own, which extends the list
// (RFC 9110 §5.3).
void append_hop(std::string& head, const Hop& hop);

// True when a Via field of the request already names `via`: it has come round in a circle (508).
[[nodiscard]] bool is_loop(const Fields& received, std::string_view via);

}  // namespace proto::http1
