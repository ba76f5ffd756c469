#include "proto/auth/credentials.h"

#include <doctest/doctest.h>

namespace auth = proto::auth;

namespace {

auth::Credentials user(std::string username, std::string password) {
  auth::Credentials credentials;
  credentials.username = std::move(username);
  credentials.password = std::move(password);
  return credentials;
}

std::string basic(const auth::Credentials& credentials, auth::Charset charset) {
  const auto encoded = auth::encode(credentials, charset);
  if (!encoded) return encoded.error();
  const auto answer = auth::basic_answer(*encoded);
  return answer ? *answer : answer.error();
}

constexpr auto kLatin = auth::Charset::iso_8859_1;
constexpr auto kUtf8 = auth::Charset::utf_8;

}  // namespace

TEST_CASE("basic: RFC 7617's examples") {
  CHECK(basic(user("Aladdin", "open sesame"), kLatin) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  // §2.1, with the pound sign in UTF-8.
  CHECK(basic(user("test", "123\xc2\xa3"), kUtf8) == "Basic dGVzdDoxMjPCow==");
}

TEST_CASE("basic: is in ISO-8859-1 where the challenge does not say UTF-8") {
  // What Tomcat 10.1.60's org.apache.tomcat.websocket.BasicAuthenticator sends.
  CHECK(basic(user("user", "p\xc3\xa4ss"), kLatin) == "Basic dXNlcjpw5HNz");
  CHECK(basic(user("test", "123\xc2\xa3"), kLatin) == "Basic dGVzdDoxMjOj");
}

TEST_CASE("basic: what ISO-8859-1 does not have is refused, and broken UTF-8") {
  const std::string why =
      "the user name or password is outside of ISO-8859-1 and the challenge is not for UTF-8";
  for (const char* password : {"\xe2\x82\xac", "\xc4\x80", "\xc3", "\xc3x", "\xe4", "\x80"}) {
    CHECK(basic(user("user", password), kLatin) == why);
    CHECK(basic(user(password, "secret"), kLatin) == why);
  }
  CHECK(basic(user("user", "\xe2\x82\xac"), kUtf8) == "Basic dXNlcjrigqw=");
}

TEST_CASE("basic: a colon is for the password alone") {
  CHECK(basic(user("a:b", "c"), kLatin) == "a user name with a colon cannot be sent in Basic");
  CHECK(basic(user("a", "b:c"), kLatin) == "Basic YTpiOmM=");
  CHECK(basic(user("a", ""), kLatin) == "Basic YTo=");
}

TEST_CASE("credentials: what no server could be sent is told") {
  const auto fault = [](const auth::Credentials& credentials) {
    return auth::fault_in(credentials).value_or("none");
  };
  CHECK(fault(user("user", "")) == "none");
  CHECK(fault(user("user:b", "\xc3\xa4")) == "none");
  CHECK(fault(user("", "secret")) == "the user name is empty");
  CHECK(fault(user("a\nb", "secret")) == "the user name has a control character");
  CHECK(fault(user("a", "b\x7f")) == "the password has a control character");
  CHECK(fault(user("a", std::string("b\0c", 3))) == "the password has a control character");
  CHECK(fault(user("a", std::string(auth::kMaxCredential, 'x'))) == "none");
  CHECK(fault(user("a", std::string(auth::kMaxCredential + 1, 'x'))) ==
        "a user name or password is longer than 1024 octets");
  auth::Credentials none = user("a", "b");
  none.digest = none.basic = false;
  CHECK(fault(none) == "no scheme is allowed");
  auth::Credentials basic_only = user("a:b", "c");
  basic_only.digest = false;
  CHECK(fault(basic_only) == "a user name with a colon cannot be sent in Basic");
}
