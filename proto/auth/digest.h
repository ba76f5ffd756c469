// The Digest scheme (RFC 7616, and RFC 2069 for servers without qop), client side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/auth/challenge.h"
#include "proto/auth/credentials.h"
#include "proto/auth/hash.h"
#include "proto/auth/protection_space.h"
#include "proto/base/result.h"

namespace proto::auth {

struct DigestChallenge {
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
  Hash hash = Hash::md5;
  bool session_key = false;      // a "-sess" algorithm
  bool names_algorithm = false;  // else MD5 is meant, and the answer does not name it either
  bool qop = false;              // "auth"; false: RFC 2069, without nonce count and cnonce
  bool stale = false;            // the nonce was old; the credentials were good
  bool userhash = false;
  Charset charset = Charset::iso_8859_1;
  ProtectionSpace space;
};

inline constexpr size_t kMaxDigestValue = 1024;  // octets of realm, nonce and opaque each

// Error: why this challenge cannot be answered.
Result<DigestChallenge, std::string> read_digest(const Challenge& challenge);

// Answers one challenge for as long as its nonce holds. The key of user, realm and password is
// computed once and the password is not kept. One cnonce serves all answers: "-sess" binds its key
// to the first (RFC 7616 §3.4.2), and the nonce count makes every answer different.
class DigestAnswers {
 public:
  // The credentials must be in the challenge's charset.
  DigestAnswers(DigestChallenge challenge, const EncodedCredentials& credentials,
                std::string cnonce);

  // The value of Authorization or Proxy-Authorization for the next request. `uri` is the request
  // target exactly as it is sent: servers compare.
  [[nodiscard]] std::string next(std::string_view method, std::string_view uri);
  // Eight hex digits count the answers to one nonce; when they are used up, `next` may not be
  // called.
  [[nodiscard]] bool used_up() const { return count_ == UINT32_MAX; }
  [[nodiscard]] const DigestChallenge& challenge() const { return challenge_; }
  // The server wants this nonce from now on (`nextnonce`, §3.5), and is counted with from one
  // again. The key stays: that of "-sess" is bound to the nonce of the challenge (§3.4.2).
  void go_on_with(std::string nonce);

 private:
  std::string user_parameters(const EncodedCredentials& credentials) const;

  DigestChallenge challenge_;
  std::string cnonce_;
  std::string user_;  // the parameters that name the user, as they are sent
  std::string key_;   // H(A1)
  uint32_t count_ = 0;
};

}  // namespace proto::auth
