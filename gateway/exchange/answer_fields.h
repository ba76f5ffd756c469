// What a client is told of the head of an origin's answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/config/http.h"
#include "gateway/config/origin.h"
#include "gateway/exchange/client_side.h"
#include "gateway/net/address.h"
#include "gateway/origin/redirects.h"
#include "proto/http1/body_framer.h"
#include "proto/http1/head.h"

namespace gateway::exchange {

// How it came to be: the request of the client, and how the origin was asked.
struct AnswerContext {
  const config::Http& http;
  const config::Origin& origin;
  std::string_view client_host;  // the Host field of the client's request
  uint16_t client_port = 0;      // of ours that it came to
  bool client_tls = false;
  const origin::Url& asked;  // of the origin
  const net::Address& address;
  bool credentials_are_ours = false;  // what is said to them is not for the client
};

// The end-to-end fields, in order and as they are spelt, each with its CR LF; what frames the
// answer is the carrier's. Changed: a Location, by http.location; a Set-Cookie, by
// http.secure_cookies; Strict-Transport-Security for a client on TLS, by http.hsts.
[[nodiscard]] std::string answer_fields(const proto::http1::ResponseHead& head,
                                        const AnswerContext& context);
// Of an interim answer.
[[nodiscard]] std::string interim_fields(const proto::http1::ResponseHead& head);

// How the client's body is to be framed, where that is the origin's framing. A length that no
// octets follow is told where it is that of the answer to GET.
[[nodiscard]] ClientSide::Body client_body(const proto::http1::BodyFraming& framing,
                                           const proto::http1::ResponseHead& head);

// Events that may be far between (WHATWG HTML §9.2).
[[nodiscard]] bool is_event_stream(const proto::http1::Fields& fields);

}  // namespace gateway::exchange
