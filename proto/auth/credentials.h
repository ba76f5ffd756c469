// A user name and password as configured, and as the octets a server expects them in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proto/base/result.h"

namespace proto::auth {

struct Credentials {
  std::string username;  // UTF-8
  std::string password;  // UTF-8
  std::string realm;     // answer no other realm; empty: any
  bool digest = true;    // the schemes that may be answered
  bool basic = true;
};

inline constexpr size_t kMaxCredential = 1024;  // octets of a user name and of a password

// Why no server could ever be sent these; nothing: they are good. For the check of a configuration.
[[nodiscard]] std::optional<std::string> fault_in(const Credentials& credentials);

// What a challenge says about its charset: only UTF-8 can be said, and what holds without a word
// is ISO-8859-1 by custom, as in Tomcat's client. (Tomcat's server reckons Digest in
// UTF-8 without saying so: only ASCII passwords get through there.)
enum class Charset : uint8_t { iso_8859_1, utf_8 };

struct EncodedCredentials {
  std::string username;
  std::string password;
  Charset charset = Charset::iso_8859_1;
};

// Error: the charset has no such characters.
Result<EncodedCredentials, std::string> encode(const Credentials& credentials, Charset charset);

// The value of Authorization or Proxy-Authorization in the Basic scheme (RFC 7617 §2). Error: the
// user name has a colon.
Result<std::string, std::string> basic_answer(const EncodedCredentials& credentials);

}  // namespace proto::auth
