#include "gateway/config/origin_check.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

TEST_CASE("origin check: keys that contradict each other, or act on nothing") {
  tests::expect_in_origin({
      {"warm: 1, proxy_protocol: v1",
       "origin.warm: domain chat.example.com: warm and "
       "proxy_protocol exclude each other"},
      {"hash_on: \"cookie:sid\"", "W_HASH_ON: domain chat.example.com: hash_on acts only"},
      {"hash_on: \"cookie:sid\", balance: performance", "W_HASH_ON"},
      {"max_redirects: 0, redirect_hosts: [a.test]", "W_NO_REDIRECTS"},
      {"health: { timeout: 3s }",
       "W_HEALTH_TIMEOUT: domain chat.example.com: health.timeout 3s > "
       "health.interval 2500ms"},
      {"health: { interval: 1s }", "W_HEALTH_TIMEOUT"},
  });
}

TEST_CASE("origin check: what goes together is not warned of") {
  for (const char* keys : {"warm: 0, proxy_protocol: v1", "hash_on: \"cookie:sid\", balance: hash",
                           "hash_on: client_ip", "max_redirects: 0", "health: { timeout: 2500ms }",
                           "warm: 1, forward_proxy: { url: \"http://p.test:1\" }"}) {
    CAPTURE(keys);
    CHECK(tests::problems_of(
              tests::with_domain("origin: { builtin: echo, " + std::string(keys) + " }"))
              .empty());
  }
}

TEST_CASE("origin check: a server that is listed twice is a warning") {
  auto problems = [](const char* a, const char* b) {
    return tests::problems_of(tests::with_domain("origin: { servers: [{ address: \"" +
                                                 std::string(a) + "\" }, { address: \"" + b +
                                                 "\" }] }\nhttp: { enabled: true }"));
  };
  REQUIRE(problems("A.test:81", "a.test:81").size() == 1);
  CHECK(tests::contains(problems("::1", "0::1").at(0), "W_SERVER_TWICE"));
  CHECK(tests::contains(problems("a.test.:81", "a.test:81").at(0), "W_SERVER_TWICE"));
  CHECK(problems("a.test:81", "a.test").empty());
  CHECK(problems("a.test", "b.test").empty());
}

TEST_CASE("origin check: a server that no source address can reach is a warning") {
  auto problems = [](const std::string& keys) {
    return tests::problems_of(
        tests::with_domain("origin: { servers: [" + keys + " }\nhttp: { enabled: true }"));
  };
  const auto warned = problems(R"({ address: "2001:db8::1" }], source: [192.0.2.10])");
  REQUIRE(warned.size() == 1);
  CHECK(tests::contains(warned[0],
                        "W_SOURCE_FAMILY: domain chat.example.com: no address of source "
                        "is an IPv6 address, so \"2001:db8::1\" is reached from"));
  CHECK(problems(R"({ address: 10.0.0.5 }], source: ["2001:db8::10"])").size() == 1);
  CHECK(problems(R"({ address: 10.0.0.5 }, { address: "::1" }], source: [192.0.2.10])").size() ==
        1);
  // Where a proxy is between, it is what has to be reached.
  CHECK(problems(R"({ address: 10.0.0.5 }], source: [192.0.2.10],)"
                 R"( forward_proxy: { url: "http://[::1]:3128" })")
            .size() == 1);
  for (const char* fine :
       {R"({ address: "2001:db8::1" }])", R"({ address: 10.0.0.5 }], source: [192.0.2.10])",
        R"({ address: "2001:db8::1" }], source: [192.0.2.10, "2001:db8::10"])",
        R"({ address: a.test }], source: [192.0.2.10])",
        R"({ address: "2001:db8::1" }], source: [192.0.2.10],)"
        R"( forward_proxy: { url: "http://10.0.0.1:3128" })"}) {
    CAPTURE(fine);
    CHECK(problems(fine).empty());
  }
}

TEST_CASE("origin check: an origin that nobody verifies is a warning, unless its key is pinned") {
  auto problem = [](const std::string& keys) {
    return tests::problem_with(tests::with_domain("origin: { builtin: echo, " + keys + " }"),
                               "W_NOT_VERIFIED");
  };
  CHECK(tests::contains(problem("tls: { verify: false }"), "anybody on the way"));
  CHECK(tests::contains(problem("protocol: http, tls: { verify: false }"), "anybody on the way"));
  CHECK(problem("protocol: http, max_redirects: 0, tls: { verify: false }").empty());
  CHECK(problem("tls: { verify: true }").empty());
  CHECK(problem("tls: { verify: false, pins: "
                "[\"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"] }")
            .empty());
}

TEST_CASE("origin check: Basic in clear text is a warning, and so is Basic that is never sent") {
  auto problem = [](const std::string& keys) {
    return tests::problem_with(
        tests::with_domain("origin: { builtin: echo, auth: { username: a, password: b, " + keys),
        "W_BASIC_PLAINTEXT");
  };
  CHECK(tests::contains(problem("allow_basic_plaintext: true } }"), "everybody on the way"));
  CHECK(
      tests::contains(problem("schemes: [basic] }, protocol: http }"), "is never sent over http"));
  CHECK(problem("allow_basic_plaintext: true }, protocol: https }").empty());
  CHECK(problem("allow_basic_plaintext: true, schemes: [digest] } }").empty());
  CHECK(problem("schemes: [basic] }, protocol: https }").empty());
  CHECK(problem("schemes: [basic, digest] }, protocol: http }").empty());
}
