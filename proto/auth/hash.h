// The digests that authentication is built on, by OpenSSL.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace proto::auth {

// In order of strength.
enum class Hash : uint8_t { md5, sha256, sha512_256 };

// The name that RFC 7616 §6.1 gives it: "MD5", "SHA-256", "SHA-512-256".
[[nodiscard]] std::string_view to_text(Hash hash);

// OpenSSL may refuse one, as a FIPS configuration refuses MD5. Settled at the first question.
[[nodiscard]] bool is_available(Hash hash);

// Lower-case hex of the hash of `parts` joined by colons. The hash must be available.
[[nodiscard]] std::string hash_joined(Hash hash, std::initializer_list<std::string_view> parts);

}  // namespace proto::auth
