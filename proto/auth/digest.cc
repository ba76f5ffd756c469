#include "proto/auth/digest.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <utility>

#include "proto/base/bytes.h"
#include "proto/base/encoding.h"
#include "proto/base/text.h"

namespace proto::auth {
namespace {

constexpr std::string_view kSessionSuffix = "-sess";

Unexpected<std::string> fail(std::string_view why) {
  return {"a Digest challenge " + std::string(why)};
}

std::optional<Hash> hash_named(std::string_view name) {
  for (const Hash hash : {Hash::md5, Hash::sha256, Hash::sha512_256}) {
    if (equals_ignoring_case(name, to_text(hash))) return hash;
  }
  return std::nullopt;
}

// Empty: the algorithm is good.
std::string_view read_algorithm(const Challenge& from, DigestChallenge& into) {
  const auto parameter = from.parameter("algorithm");
  into.names_algorithm = parameter.has_value();
  std::string_view name = parameter.value_or(to_text(Hash::md5));
  const size_t base = name.size() - std::min(name.size(), kSessionSuffix.size());
  into.session_key = equals_ignoring_case(name.substr(base), kSessionSuffix);
  if (into.session_key) name = name.substr(0, base);
  const auto hash = hash_named(name);
  if (!hash) return "is for an algorithm that is not supported";
  if (!is_available(*hash)) return "is for an algorithm that OpenSSL refuses here, as FIPS does";
  into.hash = *hash;
  return {};
}

// Empty: there is a quality of protection that can be given.
std::string_view read_qop(const Challenge& from, DigestChallenge& into) {
  const auto offered = split_list(from.parameter("qop").value_or(""));
  into.qop = std::any_of(offered.begin(), offered.end(), [](std::string_view option) {
    return equals_ignoring_case(option, "auth");
  });
  if (!into.qop && !offered.empty()) return "offers no qop but such as is not supported";
  // Its key is made of a cnonce, and one may only be sent together with a qop.
  if (!into.qop && into.session_key) return "is for a session algorithm without qop";
  return {};
}

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// RFC 8187 §3.2.1: what is no attr-char is percent-encoded.
std::string extended_value(std::string_view utf8) {
  std::string value = "UTF-8''";
  for (char c : utf8) {
    if (is_token_char(c) && c != '*' && c != '\'' && c != '%') {
      value.push_back(c);
      continue;
    }
    const std::string hex = to_hex(bytes_of({&c, 1}));
    value.push_back('%');
    std::transform(hex.begin(), hex.end(), std::back_inserter(value), [](char digit) {
      return digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
    });
  }
  return value;
}

std::string eight_digits(uint32_t number) {
  std::array<uint8_t, 4> octets{};
  for (size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<uint8_t>(number >> (24 - 8 * i) & 0xff);
  }
  return to_hex(octets);
}

}  // namespace

Result<DigestChallenge, std::string> read_digest(const Challenge& challenge) {
  const auto realm = challenge.parameter("realm");
  const auto nonce = challenge.parameter("nonce");
  const auto opaque = challenge.parameter("opaque");
  if (!realm || !nonce) return fail("lacks its realm or its nonce");
  for (std::string_view value : {*realm, *nonce, opaque.value_or("")}) {
    if (value.size() > kMaxDigestValue) return fail("has too long a realm, nonce or opaque");
  }
  DigestChallenge digest;
  digest.realm = *realm;
  digest.nonce = *nonce;
  if (opaque) digest.opaque = *opaque;
  digest.space = ProtectionSpace(challenge.parameter("domain").value_or(""));
  digest.stale = challenge.flag("stale");
  digest.userhash = challenge.flag("userhash");
  if (equals_ignoring_case(challenge.parameter("charset").value_or(""), "UTF-8")) {
    digest.charset = Charset::utf_8;
  }
  std::string_view fault = read_algorithm(challenge, digest);
  if (fault.empty()) fault = read_qop(challenge, digest);
  if (!fault.empty()) return fail(fault);
  return digest;
}

DigestAnswers::DigestAnswers(DigestChallenge challenge, const EncodedCredentials& credentials,
                             std::string cnonce)
    : challenge_(std::move(challenge)),
      cnonce_(std::move(cnonce)),
      user_(user_parameters(credentials)) {
  const Hash hash = challenge_.hash;
  key_ = hash_joined(hash, {credentials.username, challenge_.realm, credentials.password});
  if (challenge_.session_key) key_ = hash_joined(hash, {key_, challenge_.nonce, cnonce_});
}

std::string DigestAnswers::user_parameters(const EncodedCredentials& credentials) const {
  const std::string& name = credentials.username;
  if (challenge_.userhash) {
    // §3.4.4. The digest is made of the plain name all the same.
    return "username=\"" + hash_joined(challenge_.hash, {name, challenge_.realm}) +
           "\", userhash=true";
  }
  if (credentials.charset == Charset::utf_8 && !is_ascii(name)) {
    return "username*=" + extended_value(name);
  }
  return "username=" + quoted(name);
}

void DigestAnswers::go_on_with(std::string nonce) {
  challenge_.nonce = std::move(nonce);
  count_ = 0;
}

// Of these parameters the older servers take some only in quotes and others only without; §3.4
// settles which.
std::string DigestAnswers::next(std::string_view method, std::string_view uri) {
  assert(!used_up());
  const Hash hash = challenge_.hash;
  const std::string count = eight_digits(++count_);
  const std::string request = hash_joined(hash, {method, uri});
  const std::string response =
      challenge_.qop ? hash_joined(hash, {key_, challenge_.nonce, count, cnonce_, "auth", request})
                     : hash_joined(hash, {key_, challenge_.nonce, request});
  std::string answer = "Digest " + user_ + ", realm=" + quoted(challenge_.realm) +
                       ", nonce=" + quoted(challenge_.nonce) + ", uri=" + quoted(uri);
  if (challenge_.names_algorithm) {
    answer += ", algorithm=";
    answer += to_text(hash);
    if (challenge_.session_key) answer += kSessionSuffix;
  }
  answer += ", response=\"" + response + '"';
  if (challenge_.opaque) answer += ", opaque=" + quoted(*challenge_.opaque);
  if (challenge_.qop) answer += ", qop=auth, nc=" + count + ", cnonce=" + quoted(cnonce_);
  return answer;
}

}  // namespace proto::auth
