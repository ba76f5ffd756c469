// The opening handshake (RFC 6455 §4), both sides.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bench {

// A fresh Sec-WebSocket-Key.
[[nodiscard]] std::string make_key();
[[nodiscard]] std::string accept_for(std::string_view key);

[[nodiscard]] std::string make_request(std::string_view host, std::string_view path,
                                       std::string_view key);
[[nodiscard]] std::string make_response(std::string_view key);

struct UpgradeRequest {
  std::string path;
  std::string key;
};

// `head` runs to the empty line and includes it. nullopt: not a right upgrade request.
[[nodiscard]] std::optional<UpgradeRequest> read_request(std::string_view head);
// Whether `head` is a 101 that accepts `key`.
[[nodiscard]] bool accepts(std::string_view head, std::string_view key);

}  // namespace bench
