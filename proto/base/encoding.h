// Base64, hex, SHA-1, SHA-256 and its HMAC (OpenSSL's) of octets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"

namespace proto {

std::string to_base64(Bytes bytes);
// Strict: padded, canonical, nothing else in it.
std::optional<std::string> from_base64(std::string_view text);
// RFC 4648 §5, without padding.
std::string to_base64url(Bytes bytes);
std::string to_hex(Bytes bytes);
std::array<uint8_t, 20> sha1(Bytes bytes);
std::array<uint8_t, 32> sha256(Bytes bytes);
std::array<uint8_t, 32> hmac_sha256(Bytes key, Bytes bytes);
// Cryptographically strong; aborts when the system cannot give them.
void random_bytes(std::span<uint8_t> out);

}  // namespace proto
