#include "proto/auth/challenge.h"

#include <doctest/doctest.h>

namespace auth = proto::auth;

namespace {

// "scheme token68 name=<value>, ..." of each challenge, one after another with " | " between.
std::string read(std::string_view value) {
  const auto challenges = auth::parse_challenges(value);
  if (!challenges) return "fault: " + challenges.error();
  std::string text;
  for (const auth::Challenge& challenge : *challenges) {
    if (!text.empty()) text += " | ";
    text += challenge.scheme;
    if (!challenge.token68.empty()) text += ' ' + challenge.token68;
    for (const auto& [name, parameter] : challenge.parameters) {
      text += ' ' + name + "=<" + parameter + '>';
    }
  }
  return text;
}

std::string repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("challenges: are read as peers write them") {
  struct Row {
    std::string_view value, expected;
  };
  const Row rows[] = {
      {"", ""},
      {" , ,", ""},
      {"Basic", "basic"},
      {"Basic realm=\"a\"", "basic realm=<a>"},
      {"BASIC   Realm = a\t", "basic realm=<a>"},
      {R"(Basic realm="a \"b\" \\ c, d=e")", R"(basic realm=<a "b" \ c, d=e>)"},
      {"Basic realm=\"\"", "basic realm=<>"},
      {"Basic realm=\"a\tb\xe4\xc3\xa4\"", "basic realm=<a\tb\xe4\xc3\xa4>"},
      // RFC 9110 §11.6.1.
      {R"(Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple")",
       R"(newauth realm=<apps> type=<1> title=<Login to "apps"> | basic realm=<simple>)"},
      {"Negotiate, NTLM,Basic realm=x", "negotiate | ntlm | basic realm=<x>"},
      {"Negotiate YII/b+c._~-==, NTLM TlRM", "negotiate YII/b+c._~-== | ntlm TlRM"},
      {"Negotiate YII= , Basic realm=x", "negotiate YII= | basic realm=<x>"},
      {"Digest , realm=a,, nonce=b ,", "digest realm=<a> nonce=<b>"},
      {"Digest qop=auth,auth-int", "digest qop=<auth> | auth-int"},
  };
  for (const Row& row : rows) CHECK(read(row.value) == row.expected);
}

TEST_CASE("challenges: outside of the grammar they are refused with a reason") {
  struct Row {
    std::string_view value, why;
  };
  using std::string_view_literals::operator""sv;
  const Row rows[] = {
      {"realm=a", "has a parameter before its scheme"},
      {"Basic realm=a, realm=b", "has a parameter twice"},
      {"Basic realm=a, Realm=\"a\"", "has a parameter twice"},
      {"Basic realm=a b", "has something other than ',' after a value"},
      {"Basic realm=\"a\" Digest nonce=b", "has something other than ',' after a value"},
      {"Basic realm=\"a\"b", "has something other than ',' after a value"},
      {"Basic realm=\"a", "has a quoted value without an end"},
      {"Basic realm=\"a\\", "has a quoted value without an end"},
      {"Basic realm=\"a\\\"", "has a quoted value without an end"},
      {"Basic realm=\"a\0b\""sv, "has a control character in quotes"},
      {"Basic realm=\"a\\\x7f\"", "has a control character in quotes"},
      {"Basic\"a\"", "has a character in its scheme that is not allowed"},
      {"Basic \"a\"", "has an empty name or value"},
      {"Basic a=b, c=", "has an empty name or value"},
      {"Basic realm =", "has an empty name or value"},
      {"Basic realm x", "has a parameter without a value"},
      {"Basic r\xe4=a", "has a parameter without a value"},
      {"\"Basic\"", "has an empty name or value"},
      {"Negotiate abc==, realm=x", "has both a token68 and parameters"},
      {"Negotiate a=b=", "has something other than ',' after a value"},
      {"Negotiate a==b", "has an empty name or value"},
  };
  for (const Row& row : rows) {
    CHECK(read(row.value) == "fault: a challenge " + std::string(row.why));
  }
}

TEST_CASE("challenges: their length and number are limited") {
  const auto is_read = [](const std::string& value) {
    return auth::parse_challenges(value).has_value();
  };
  CHECK(is_read(repeated("a,", auth::kMaxChallenges)));
  CHECK_FALSE(is_read(repeated("a,", auth::kMaxChallenges + 1)));
  const auto parameters = [](size_t count) {
    std::string value = "a ";
    for (size_t i = 0; i < count; ++i) value += "p" + std::to_string(i) + "=1,";
    return value;
  };
  CHECK(is_read(parameters(auth::kMaxChallengeParameters)));
  CHECK_FALSE(is_read(parameters(auth::kMaxChallengeParameters + 1)));
  CHECK(is_read(repeated("a", auth::kMaxSchemeName)));
  CHECK_FALSE(is_read(repeated("a", auth::kMaxSchemeName + 1)));
  const std::string quoted = "a b=\"" + repeated("c", auth::kMaxChallengeField - 6) + '"';
  CHECK(is_read(quoted));
  CHECK_FALSE(is_read(quoted + ' '));
}

TEST_CASE("challenges: parameters alone are read as those of a challenge") {
  const auto parameters =
      auth::parse_parameters("NextNonce=\"a\\\"b\", qop=auth , rspauth=\"\",,nc=00000001");
  REQUIRE(parameters);
  REQUIRE(parameters->size() == 4);
  CHECK(parameters->at(0).name == "nextnonce");
  CHECK(parameters->at(0).value == "a\"b");
  CHECK(parameters->at(3).value == "00000001");
  CHECK(auth::parse_parameters("")->empty());
  for (std::string_view wrong : {"Digest nextnonce=a", "nextnonce", "nextnonce=a, qop", "a=b c=d",
                                 "a=b, A=c", "=b", "a=\"b", "a=b, Basic c=d"}) {
    CAPTURE(wrong);
    CHECK_FALSE(auth::parse_parameters(wrong).has_value());
  }
  CHECK_FALSE(auth::parse_parameters("a=" + repeated("b", auth::kMaxChallengeField)).has_value());
}

TEST_CASE("challenges: a flag is on when it says true, in any case") {
  const auto challenges = auth::parse_challenges("a stale=TRUE, userhash=\"true\", x=1");
  REQUIRE(challenges);
  CHECK(challenges->front().flag("stale"));
  CHECK(challenges->front().flag("userhash"));
  CHECK_FALSE(challenges->front().flag("x"));
  CHECK_FALSE(challenges->front().flag("y"));
}
