#include "proto/auth/digest.h"

#include <doctest/doctest.h>

namespace auth = proto::auth;

namespace {

struct User {
  std::string username, password, cnonce;
};

auth::Challenge challenge_of(std::string_view value) {
  auto challenges = auth::parse_challenges(value);
  REQUIRE_MESSAGE(challenges.has_value(), value);
  REQUIRE(challenges->size() == 1);
  return std::move(challenges->front());
}

auth::DigestAnswers answers_to(std::string_view value, const User& user) {
  auto digest = auth::read_digest(challenge_of(value));
  REQUIRE_MESSAGE(digest.has_value(), value);
  auth::Credentials credentials;
  credentials.username = user.username;
  credentials.password = user.password;
  auto encoded = auth::encode(credentials, digest->charset);
  REQUIRE(encoded.has_value());
  return {std::move(*digest), *encoded, user.cnonce};
}

std::string fault_of(std::string_view value) {
  const auto digest = auth::read_digest(challenge_of(value));
  return digest ? "none" : digest.error();
}

bool mentions(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

constexpr std::string_view kChallenge7616 =
    R"(Digest realm="http-auth@example.org", qop="auth, auth-int", )"
    R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", )"
    R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=)";

const User kMufasa{"Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"};

constexpr std::string_view kTomcatChallenge =
    R"(Digest realm="Weir Test", qop="auth", )"
    R"(nonce="1351427243671:c1d6360150712149bae931a3ed7cb498", )"
    R"(opaque="DB85C1A73933A7EB586D10E4BF2924EF", algorithm=)";

}  // namespace

TEST_CASE("digest: RFC 7616 §3.9.1, MD5 and SHA-256") {
  auto md5 = answers_to(std::string(kChallenge7616) + "MD5", kMufasa);
  CHECK(md5.next("GET", "/dir/index.html") ==
        R"(Digest username="Mufasa", realm="http-auth@example.org", )"
        R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", )"
        R"(algorithm=MD5, response="8ca523f5e9506fed4657c9700eebdbec", )"
        R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001, )"
        R"(cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")");
  auto sha256 = answers_to(std::string(kChallenge7616) + "SHA-256", kMufasa);
  const std::string answer = sha256.next("GET", "/dir/index.html");
  CHECK(mentions(answer,
                 "algorithm=SHA-256, response="
                 "\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

// §3.9.2 as its erratum 4897 corrects it: the RFC printed truncated SHA-512, not SHA-512/256.
TEST_CASE("digest: RFC 7616 §3.9.2, SHA-512-256 with userhash and UTF-8") {
  constexpr std::string_view kChallenge =
      R"(Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, )"
      R"(nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", )"
      R"(opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8)";
  const User jason{"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?",
                   "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"};
  const std::string response =
      "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\"";
  auto hashed = answers_to(std::string(kChallenge) + ", userhash=true", jason);
  const std::string answer = hashed.next("GET", "/doe.json");
  CHECK(mentions(answer, response));
  CHECK(mentions(answer,
                 "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", "
                 "userhash=true"));
  auto plain = answers_to(kChallenge, jason);
  const std::string extended = plain.next("GET", "/doe.json");
  CHECK(mentions(extended, response));
  CHECK(mentions(extended, "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="));
}

TEST_CASE("digest: RFC 2617 §3.5, and RFC 2069 §2.4 as its errata have it") {
  constexpr std::string_view kChallenge =
      R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", )"
      R"(opaque="5ccc069c403ebaf9f0171e9517f40e41")";
  auto rfc2617 = answers_to(std::string(kChallenge) + R"(, qop="auth,auth-int")",
                            {"Mufasa", "Circle Of Life", "0a4f113b"});
  const std::string answer = rfc2617.next("GET", "/dir/index.html");
  CHECK(mentions(answer, "response=\"6629fae49393a05397450978507c4ef1\""));
  CHECK_FALSE(mentions(answer, "algorithm"));
  auto rfc2069 = answers_to(kChallenge, {"Mufasa", "CircleOfLife", "unused"});
  CHECK(rfc2069.next("GET", "/dir/index.html") ==
        R"(Digest username="Mufasa", realm="testrealm@host.com", )"
        R"(nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", )"
        R"(response="1949323746fe6a43ef61f9606e7febea", )"
        R"(opaque="5ccc069c403ebaf9f0171e9517f40e41")");
}

// Computed by org.apache.tomcat.websocket.DigestAuthenticator of Debian's Tomcat 10.1.60, for the
// form of challenge that Tomcat's server sends.
TEST_CASE("digest: as Tomcat's WebSocket client computes it") {
  struct Row {
    std::string_view algorithm, cnonce, response;
  };
  const Row rows[] = {
      {"MD5", "-4039242243172444292", "83230878b80fb5f0ad2bf86a84a45c38"},
      {"SHA-256", "4452473493187913939",
       "7e1c9a8abc69d5a2e76bd558cfe60b569773a4131d1a426ccc1066cab12d4739"},
      {"MD5-sess", "-6982814151106061752", "1f9c134dda8877b4fa9488ef651854c4"},
      {"SHA-256-sess", "-572805717727984050",
       "78e45d58931544f3edde68e76f0782c8d66e548131518cc0cee8e8beab52a27e"},
  };
  for (const Row& row : rows) {
    auto answers = answers_to(std::string(kTomcatChallenge) + std::string(row.algorithm),
                              {"user", "p\xc3\xa4ss w\"ord", std::string(row.cnonce)});
    const std::string answer = answers.next("GET", "/ws/echo?room=1");
    CHECK(mentions(answer, "response=\"" + std::string(row.response) + '"'));
    CHECK(mentions(answer, "algorithm=" + std::string(row.algorithm) + ", "));
  }
}

TEST_CASE("digest: each answer counts up and differs") {
  auto answers = answers_to(std::string(kTomcatChallenge) + "MD5-sess", kMufasa);
  const std::string first = answers.next("GET", "/");
  std::string last;
  for (int i = 0; i < 15; ++i) last = answers.next("GET", "/");
  CHECK(mentions(first, "nc=00000001"));
  CHECK(mentions(last, "nc=00000010"));
  const auto response = [](const std::string& answer) {
    return answer.substr(answer.find("response="), 43);
  };
  CHECK(response(first) != response(last));
  CHECK_FALSE(answers.used_up());
}

// §3.5: the next nonce is counted from one again; §3.4.2: a session key outlives it.
TEST_CASE("digest: goes on with the nonce that the server wants next") {
  using proto::auth::hash_joined;
  for (const bool session : {false, true}) {
    CAPTURE(session);
    auto answers = answers_to(std::string(kTomcatChallenge) + (session ? "MD5-sess" : "MD5"),
                              {"user", "secret", "cnonce"});
    static_cast<void>(answers.next("GET", "/ws"));
    const std::string before = answers.challenge().nonce;
    answers.go_on_with("next");
    const std::string answer = answers.next("GET", "/ws");
    CHECK(mentions(answer, "nonce=\"next\""));
    CHECK(mentions(answer, "nc=00000001"));
    std::string key = hash_joined(auth::Hash::md5, {"user", "Weir Test", "secret"});
    if (session) key = hash_joined(auth::Hash::md5, {key, before, "cnonce"});
    const std::string request = hash_joined(auth::Hash::md5, {"GET", "/ws"});
    CHECK(mentions(answer, "response=\"" +
                               hash_joined(auth::Hash::md5,
                                           {key, "next", "00000001", "cnonce", "auth", request}) +
                               '"'));
  }
}

TEST_CASE("digest: quotes and backslashes are escaped in the answer and plain in the digest") {
  auto answers = answers_to(R"(Digest realm="a \"b\\", nonce="n")", {"x\"y\\", "p", ""});
  const std::string answer = answers.next("GET", "/");
  CHECK(mentions(answer, R"(username="x\"y\\", realm="a \"b\\", nonce="n", uri="/")"));
  const auto key = proto::auth::hash_joined(auth::Hash::md5, {"x\"y\\", "a \"b\\", "p"});
  const auto request = proto::auth::hash_joined(auth::Hash::md5, {"GET", "/"});
  CHECK(mentions(answer, proto::auth::hash_joined(auth::Hash::md5, {key, "n", request})));
}

TEST_CASE("digest: a name outside of ASCII goes as ISO-8859-1 without a charset") {
  auto answers = answers_to(R"(Digest realm="a", nonce="n")", {"J\xc3\xa4", "p", ""});
  CHECK(mentions(answers.next("GET", "/"), "username=\"J\xe4\","));
}

TEST_CASE("digest: spellings that servers have") {
  const auto read = [](std::string_view value) {
    auto digest = auth::read_digest(challenge_of(value));
    REQUIRE_MESSAGE(digest.has_value(), value);
    return std::move(*digest);
  };
  CHECK(read("Digest realm=a, nonce=b, algorithm=\"md5-SESS\", qop=AUTH").session_key);
  CHECK(read("Digest realm=a, nonce=b, algorithm=sha-256").hash == auth::Hash::sha256);
  CHECK_FALSE(read("Digest realm=a, nonce=b, qop=\"\"").qop);
  CHECK(read("Digest realm=a, nonce=b, qop=\"auth-int , auth\"").qop);
  CHECK(read("Digest realm=a, nonce=b, stale=\"True\"").stale);
  CHECK(read("Digest realm=a, nonce=b, charset=\"utf-8\"").charset == auth::Charset::utf_8);
  CHECK(read("Digest realm=\"\", nonce=\"\"").nonce.empty());
}

TEST_CASE("digest: challenges that cannot be answered say why") {
  const std::string algorithm = "a Digest challenge is for an algorithm that is not supported";
  CHECK(fault_of("Digest") == "a Digest challenge lacks its realm or its nonce");
  CHECK(fault_of("Digest nonce=b") == "a Digest challenge lacks its realm or its nonce");
  CHECK(fault_of("Digest realm=b") == "a Digest challenge lacks its realm or its nonce");
  CHECK(fault_of("Digest realm=a, nonce=b, algorithm=SHA-1") == algorithm);
  CHECK(fault_of("Digest realm=a, nonce=b, algorithm=\"-sess\"") == algorithm);
  CHECK(fault_of("Digest realm=a, nonce=b, algorithm=\"\"") == algorithm);
  CHECK(fault_of("Digest realm=a, nonce=b, qop=auth-int") ==
        "a Digest challenge offers no qop but such as is not supported");
  CHECK(fault_of("Digest realm=a, nonce=b, algorithm=MD5-sess") ==
        "a Digest challenge is for a session algorithm without qop");
  const std::string longest(auth::kMaxDigestValue, 'x');
  CHECK(fault_of("Digest realm=a, nonce=" + longest) == "none");
  CHECK(fault_of("Digest realm=a, nonce=b, opaque=x" + longest) ==
        "a Digest challenge has too long a realm, nonce or opaque");
}
