#include "proto/auth/authorizer.h"

#include <initializer_list>

#include <doctest/doctest.h>

namespace auth = proto::auth;
namespace http1 = proto::http1;

namespace {

constexpr auth::Request kRequest{"GET", "/ws", true};
constexpr auth::Request kClearText{"GET", "/ws", false};

constexpr std::string_view kBasic = "Basic realm=\"r\"";
constexpr std::string_view kMd5 = "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"";
constexpr std::string_view kMd5Later = "Digest realm=\"r\", nonce=\"n2\", qop=\"auth\"";
constexpr std::string_view kMd5Stale = "Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true";
constexpr std::string_view kSha256 =
    "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

constexpr std::string_view kRefused = "the credentials were not accepted";

auth::Credentials user() {
  auth::Credentials credentials;
  credentials.username = "user";
  credentials.password = "secret";
  return credentials;
}

auth::Authorizer authorizer() { return {user(), auth::Asker::origin}; }

// "again", or why not.
std::string challenge(auth::Authorizer& authorizer, auth::Negotiation& attempt,
                      std::initializer_list<std::string_view> values,
                      const auth::Request& request = kRequest,
                      std::string_view name = "WWW-Authenticate") {
  http1::Fields fields;
  for (std::string_view value : values) fields.add(name, value);
  return authorizer.challenged(fields, request, attempt).value_or("again");
}

std::string authorize(auth::Authorizer& authorizer, auth::Negotiation& attempt,
                      const auth::Request& request = kRequest) {
  return authorizer.authorize(request, attempt).value_or("none");
}

// Any answer but a challenge.
void tell(auth::Authorizer& authorizer, const auth::Negotiation& attempt,
          std::initializer_list<std::string_view> values,
          std::string_view name = "Authentication-Info") {
  http1::Fields fields;
  for (std::string_view value : values) fields.add(name, value);
  authorizer.answered(fields, attempt);
}

// What a first request answers to these fields.
std::string answer(const auth::Credentials& credentials,
                   std::initializer_list<std::string_view> values,
                   const auth::Request& request = kRequest) {
  auth::Authorizer authorizer(credentials, auth::Asker::origin);
  auth::Negotiation attempt;
  CHECK(authorize(authorizer, attempt, request) == "none");
  const std::string verdict = challenge(authorizer, attempt, values, request);
  return verdict == "again" ? authorize(authorizer, attempt, request) : verdict;
}

std::string answer(std::initializer_list<std::string_view> values) {
  return answer(user(), values);
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("authorizer: answers the strongest challenge of all fields, wherever it stands") {
  CHECK(answer({kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(has(answer({kBasic, kMd5}), "Digest username=\"user\", realm=\"r\", nonce=\"n1\""));
  CHECK(has(answer({"Negotiate", kMd5, kSha256, kBasic}), "algorithm=SHA-256"));
  CHECK(has(answer({"Negotiate, Basic realm=\"r\", Digest realm=\"r\", nonce=\"n\""}), "Digest"));
  CHECK(has(answer({kSha256, "Digest realm=r, nonce=n, algorithm=SHA-512-256, qop=auth"}),
            "algorithm=SHA-512-256"));
  // Of equals the first.
  CHECK(has(answer({kMd5, kMd5Later}), "nonce=\"n1\""));
}

TEST_CASE("authorizer: passes over what it cannot read or answer") {
  CHECK(answer({"Basic realm=\"a", kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(answer({"Digest realm=r, nonce=n, algorithm=SHA-1", kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(answer({}) == "credentials were asked for without a challenge");
  CHECK(answer({"Basic realm=a, realm=b"}) == "a challenge has a parameter twice");
  CHECK(answer({"Negotiate, NTLM", "Negotiate"}) ==
        "the scheme negotiate is not supported or not allowed; "
        "the scheme ntlm is not supported or not allowed");
}

TEST_CASE("authorizer: only schemes that are allowed, and Basic only where it is safe") {
  auth::Credentials digest_only = user();
  digest_only.basic = false;
  CHECK(answer(digest_only, {kBasic}) == "the scheme basic is not supported or not allowed");
  auth::Credentials basic_only = user();
  basic_only.digest = false;
  CHECK(answer(basic_only, {kSha256, kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(answer(user(), {kBasic}, kClearText) == "Basic is not allowed over plain HTTP");
  CHECK(has(answer(user(), {kBasic, kMd5}, kClearText), "Digest"));
}

TEST_CASE("authorizer: what was learned over TLS is not sent in clear text") {
  auth::Authorizer basic = authorizer();
  auth::Negotiation first, second;
  CHECK(challenge(basic, first, {kBasic}) == "again");
  CHECK(authorize(basic, second, kClearText) == "none");
  CHECK(authorize(basic, second) == "Basic dXNlcjpzZWNyZXQ=");
}

TEST_CASE("authorizer: answers no other realm than the one configured") {
  auth::Credentials credentials = user();
  credentials.realm = " r ";
  CHECK(answer(credentials, {"Basic realm=\"r\""}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(answer(credentials, {"Basic realm=\" r\""}) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(answer(credentials, {"Basic realm=\"R\""}) == "the challenge is for another realm");
  CHECK(answer(credentials, {"Basic"}) == "the challenge is for another realm");
  CHECK(answer(credentials, {"Digest realm=s, nonce=n", kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
}

TEST_CASE("authorizer: takes a weaker challenge when the user cannot be written for a stronger") {
  auth::Credentials euro = user();
  euro.password = "\xe2\x82\xac";
  CHECK(answer(euro, {kMd5, "Basic realm=r, charset=\"UTF-8\""}) == "Basic dXNlcjrigqw=");
  CHECK(has(answer(euro, {kMd5}), "outside of ISO-8859-1"));
  auth::Credentials colon = user();
  colon.username = "a:b";
  CHECK(has(answer(colon, {kBasic, kMd5}), "Digest username=\"a:b\""));
  CHECK(answer(colon, {kBasic}) == "a user name with a colon cannot be sent in Basic");
}

TEST_CASE("authorizer: a second challenge means that the credentials are wrong") {
  for (std::string_view second : {kMd5, kMd5Later, kBasic}) {
    auth::Authorizer origin = authorizer();
    auth::Negotiation attempt;
    CHECK(challenge(origin, attempt, {kMd5}) == "again");
    CHECK(has(authorize(origin, attempt), "nc=00000001"));
    CHECK(challenge(origin, attempt, {second}) == kRefused);
    // Wrong credentials are not offered to the next request either.
    auth::Negotiation next;
    CHECK(authorize(origin, next) == "none");
  }
  CHECK(answer({kBasic}) == "Basic dXNlcjpzZWNyZXQ=");
}

TEST_CASE("authorizer: later requests are authorized without a challenge of their own") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first;
  CHECK(challenge(origin, first, {kMd5}) == "again");
  CHECK(has(authorize(origin, first), "nc=00000001"));
  for (const char* count : {"nc=00000002", "nc=00000003"}) {
    auth::Negotiation next;
    CHECK(has(authorize(origin, next), count));
  }
}

TEST_CASE("authorizer: a stale nonce is answered with the new one") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation attempt;
  CHECK(challenge(origin, attempt, {kMd5}) == "again");
  CHECK(has(authorize(origin, attempt), "nonce=\"n1\""));
  CHECK(challenge(origin, attempt, {kMd5Stale}) == "again");
  const std::string renewed = authorize(origin, attempt);
  CHECK(has(renewed, "nonce=\"n2\""));
  CHECK(has(renewed, "nc=00000001"));
  // "Stale" about a nonce that it hands out again is no reason to go on.
  CHECK(challenge(origin, attempt, {kMd5Stale}) == kRefused);
}

TEST_CASE("authorizer: a server that is stale for ever is given up") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation attempt;
  const auto stale = [&](const std::string& nonce) {
    static_cast<void>(authorize(origin, attempt));
    return challenge(origin, attempt, {"Digest realm=r, stale=true, nonce=" + nonce});
  };
  CHECK(stale("a") == "again");
  CHECK(stale("b") == "again");
  CHECK(stale("c") == "again");
  CHECK(stale("d") == "the credentials were asked for again and again");
}

TEST_CASE("authorizer: a nonce from memory may be forgotten by its server without a word") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second;
  CHECK(challenge(origin, first, {kMd5}) == "again");
  CHECK(has(authorize(origin, second), "nonce=\"n1\""));
  CHECK(challenge(origin, second, {kMd5Later}) == "again");
  CHECK(has(authorize(origin, second), "nonce=\"n2\""));
  CHECK(challenge(origin, second, {kMd5}) == kRefused);
}

TEST_CASE("authorizer: Basic from memory that is challenged again is wrong") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second, third;
  CHECK(challenge(origin, first, {kBasic}) == "again");
  CHECK(authorize(origin, second) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(challenge(origin, second, {kBasic}) == kRefused);
  CHECK(challenge(origin, first, {kBasic}) == "again");
  CHECK(authorize(origin, third) == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(challenge(origin, third, {kMd5}) == "again");
}

TEST_CASE("authorizer: requests side by side share the newest nonce") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second;
  CHECK(challenge(origin, first, {kMd5}) == "again");
  CHECK(challenge(origin, second, {kMd5Later}) == "again");
  CHECK(has(authorize(origin, first), "nonce=\"n2\", uri=\"/ws\""));
  CHECK(has(authorize(origin, second), "nc=00000002"));
  // The refusal of an older nonce says nothing about the newer.
  auth::Negotiation late = first;
  CHECK(challenge(origin, late, {kSha256}) == kRefused);
}

TEST_CASE("authorizer: the next nonce comes with any answer to credentials") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second, third;
  CHECK(challenge(origin, first, {kMd5}) == "again");
  CHECK(has(authorize(origin, first), "nonce=\"n1\""));
  tell(origin, first, {"rspauth=\"x\", qop=auth", "nextnonce=\"n2\""});
  const std::string next = authorize(origin, second);
  CHECK(has(next, "nonce=\"n2\""));
  CHECK(has(next, "nc=00000001"));
  // That nonce challenged again means what it always does.
  CHECK(challenge(origin, second, {kMd5Later}) == kRefused);
  CHECK(authorize(origin, third) == "none");
}

TEST_CASE("authorizer: a next nonce is taken only where it means the nonce in use") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second, silent;
  CHECK(challenge(origin, first, {kMd5}) == "again");
  CHECK(has(authorize(origin, first), "nc=00000001"));
  // The same one: its count has been seen and goes on.
  tell(origin, first, {"nextnonce=\"n1\""});
  CHECK(has(authorize(origin, second), "nonce=\"n1\", uri=\"/ws\", response="));
  CHECK(has(authorize(origin, second), "nc=00000003"));
  for (std::string_view useless : {"nextnonce=\"\"", "nextnonce", "Digest nextnonce=\"n9\""})
    tell(origin, second, {useless});
  tell(origin, second, {"nextnonce=" + std::string(auth::kMaxDigestValue + 1, 'x')});
  tell(origin, second, {"nextnonce=n9"}, "Proxy-Authentication-Info");
  // Nobody has answered anything in this one.
  tell(origin, silent, {"nextnonce=n9"});
  CHECK(has(authorize(origin, second), "nc=00000004"));
  // The answer to an older nonce is late.
  auth::Negotiation late = second;
  tell(origin, second, {"nextnonce=n2"});
  tell(origin, late, {"nextnonce=n3"});
  CHECK(has(authorize(origin, second), "nonce=\"n2\""));
}

TEST_CASE("authorizer: a next nonce means nothing to Basic, or without credentials") {
  auth::Authorizer origin = authorizer();
  auth::Negotiation attempt;
  tell(origin, attempt, {"nextnonce=n1"});
  CHECK(authorize(origin, attempt) == "none");
  CHECK(challenge(origin, attempt, {kBasic}) == "again");
  CHECK(authorize(origin, attempt) == "Basic dXNlcjpzZWNyZXQ=");
  tell(origin, attempt, {"nextnonce=n1"});
  CHECK(authorize(origin, attempt) == "Basic dXNlcjpzZWNyZXQ=");
}

TEST_CASE("authorizer: credentials go ahead within the challenge's domain alone") {
  constexpr std::string_view kChat =
      "Digest realm=r, nonce=n1, qop=auth, domain=\"/chat https://other.example/feed\"";
  constexpr auth::Request kRoom{"GET", "/chat/room", true, "https://origin.example"};
  constexpr auth::Request kOutside{"GET", "/feed", true, "https://origin.example"};
  constexpr auth::Request kElsewhere{"GET", "/feed", true, "https://other.example"};
  auth::Authorizer origin = authorizer();
  auth::Negotiation first, second, third, fourth;
  CHECK(challenge(origin, first, {kChat}, kRoom) == "again");
  CHECK(has(authorize(origin, first, kRoom), "nc=00000001"));
  CHECK(has(authorize(origin, second, kRoom), "nc=00000002"));
  CHECK(authorize(origin, third, kOutside) == "none");
  CHECK(has(authorize(origin, fourth, kElsewhere), "nc=00000003"));
  // Who asks for them gets them, whatever its list says.
  CHECK(challenge(origin, third, {kChat}, kOutside) == "again");
  CHECK(has(authorize(origin, third, kOutside), "uri=\"/feed\""));
}

TEST_CASE("authorizer: a proxy has no domain, and an information field of its own") {
  auth::Authorizer proxy(user(), auth::Asker::proxy);
  const auth::Request connect{"CONNECT", "origin.example:443", true};
  auth::Negotiation first, second, third;
  CHECK(challenge(proxy, first, {"Digest realm=r, nonce=n1, qop=auth, domain=\"/chat\""}, connect,
                  "Proxy-Authenticate") == "again");
  CHECK(has(authorize(proxy, first, connect), "nonce=\"n1\""));
  CHECK(has(authorize(proxy, second, connect), "nc=00000002"));
  tell(proxy, second, {"nextnonce=n9"});
  tell(proxy, second, {"nextnonce=n2"}, "Proxy-Authentication-Info");
  CHECK(has(authorize(proxy, third, connect), "nonce=\"n2\""));
}

TEST_CASE("authorizer: a proxy has fields of its own") {
  auth::Authorizer proxy(user(), auth::Asker::proxy);
  auth::Negotiation attempt;
  const auth::Request connect{"CONNECT", "origin.example:443", true};
  CHECK(challenge(proxy, attempt, {kBasic}, connect) ==
        "credentials were asked for without a challenge");
  CHECK(challenge(proxy, attempt, {kMd5}, connect, "proxy-authenticate") == "again");
  CHECK(has(authorize(proxy, attempt, connect), "uri=\"origin.example:443\""));
  // tinyproxy answers a wrong password with 401 and no challenge for proxies.
  CHECK(challenge(proxy, attempt, {kBasic}, connect) == kRefused);
  CHECK(auth::answer_field(auth::Asker::proxy) == "Proxy-Authorization");
  CHECK(auth::answer_field(auth::Asker::origin) == "Authorization");
}
