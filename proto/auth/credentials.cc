#include "proto/auth/credentials.h"

#include <algorithm>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/base/encoding.h"

namespace proto::auth {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// UTF-8 writes U+0080 to U+00FF as C2 or C3 and one continuation octet, and nothing else so.
std::optional<std::string> to_iso_8859_1(std::string_view utf8) {
  std::string text;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      text.push_back(utf8[i]);
      continue;
    }
    if ((lead != 0xc2 && lead != 0xc3) || i + 1 == utf8.size()) return std::nullopt;
    const auto next = static_cast<unsigned char>(utf8[++i]);
    if ((next & 0xc0) != 0x80) return std::nullopt;
    text.push_back(static_cast<char>((lead & 0x03) << 6 | (next & 0x3f)));
  }
  return text;
}

}  // namespace

std::optional<std::string> fault_in(const Credentials& credentials) {
  const std::string_view username = credentials.username;
  if (username.empty()) return "the user name is empty";
  if (std::max(username.size(), credentials.password.size()) > kMaxCredential) {
    return "a user name or password is longer than 1024 octets";
  }
  // Control characters are ruled out by RFC 7617 §2 and could end the field line.
  if (has_control(username)) return "the user name has a control character";
  if (has_control(credentials.password)) return "the password has a control character";
  if (!credentials.digest && !credentials.basic) return "no scheme is allowed";
  if (!credentials.digest && username.find(':') != username.npos) {
    return "a user name with a colon cannot be sent in Basic";
  }
  return std::nullopt;
}

Result<EncodedCredentials, std::string> encode(const Credentials& credentials, Charset charset) {
  if (charset == Charset::utf_8) {
    return EncodedCredentials{credentials.username, credentials.password, charset};
  }
  auto username = to_iso_8859_1(credentials.username);
  auto password = to_iso_8859_1(credentials.password);
  if (!username || !password) {
    return Unexpected{std::string(
        "the user name or password is outside of ISO-8859-1 and the challenge is not for UTF-8")};
  }
  return EncodedCredentials{std::move(*username), std::move(*password), charset};
}

Result<std::string, std::string> basic_answer(const EncodedCredentials& credentials) {
  // The first colon ends the user name (RFC 7617 §2).
  if (credentials.username.find(':') != std::string::npos) {
    return Unexpected{std::string("a user name with a colon cannot be sent in Basic")};
  }
  return "Basic " + to_base64(bytes_of(credentials.username + ":" + credentials.password));
}

}  // namespace proto::auth
