// The opening handshake, both ends of it: what a client may ask (RFC 6455 §4.2.1) and what an
// origin may answer (§4.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"
#include "proto/http1/head.h"
#include "proto/ws/extensions.h"

namespace proto::ws {

// base64(SHA-1(key + GUID)), §4.2.2.
[[nodiscard]] std::string accept_for(std::string_view key);

// A fresh key: 16 random octets in base64.
[[nodiscard]] std::string random_key();

inline constexpr size_t kMaxSubprotocols = 64;  // offered in one handshake

struct UpgradeRequest {
  std::string key;
  std::vector<std::string> subprotocols;  // in the client's order
  std::vector<Extension> extensions;      // all that were offered
};

// True when the head tries to open a WebSocket: its Upgrade names it, alone or among others, or it
// carries any Sec-WebSocket-* field.
[[nodiscard]] bool asks_for_upgrade(const http1::RequestHead& head);

// Judges a request that asks for an upgrade by H1 to H15 of the edge's rules: GET, HTTP/1.1,
// `Upgrade: websocket` alone, `Connection` names upgrade, one key of 16 octets, version 13 (else
// 426), no body (Content-Length > 0 or any Transfer-Encoding: 400), no Expect but 100-continue
// (417), subprotocols unique tokens, extensions well-formed.
Result<UpgradeRequest, http1::Rejection> judge_request(const http1::RequestHead& head);

struct UpgradeAnswer {
  std::optional<std::string> subprotocol;
  std::string extensions;  // field value to pass on; empty: none
  bool permessage_deflate = false;
};

struct Expected {
  std::string accept;  // accept_for(the key sent to the origin)
  const std::vector<std::string>& subprotocols;
  const std::vector<Extension>& offers;  // as forwarded
};

// Judges a head with status 101. Error: why it is not a valid switch, in words for log and body
// ("Sec-WebSocket-Accept does not match the key"). Exactly one Upgrade: websocket, Connection
// naming upgrade, one matching Accept, at most one subprotocol and it was offered, extensions by
// judge_answer, no Transfer-Encoding, no Content-Length > 0.
Result<UpgradeAnswer, std::string> judge_answer(const http1::ResponseHead& head,
                                                const Expected& expected);

}  // namespace proto::ws
