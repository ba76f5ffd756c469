#include "gateway/config/http_check.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using tests::contains;
using tests::problems_of;
using tests::with_domain;

namespace {

constexpr const char* kServer = "origin: { servers: [{ address: 10.0.0.5 }] }\n";
constexpr const char* kWithTls = "tls: { certificate: file:/c, key: file:/k }\n";

}  // namespace

TEST_CASE("http check: a domain with neither switch on is a warning") {
  const auto found = problems_of(with_domain(kServer));
  REQUIRE(found.size() == 1);
  CHECK(found[0] ==
        "t.yaml:3:5: domains: W_NOTHING_ENABLED: domain chat.example.com: neither http.enabled nor "
        "websocket.enabled is true, so every request is refused");
  for (const std::string keys : {"http: { enabled: true }\n", "websocket: { enabled: true }\n"})
    CHECK(problems_of(with_domain(kServer + keys)).empty());
}

TEST_CASE("http check: what answers by itself needs no switch") {
  CHECK(problems_of(with_domain("origin: { builtin: echo }")).empty());
  CHECK(problems_of(with_domain(std::string(kServer) + kWithTls + "http: { redirect_https: {} }"))
            .empty());
}

TEST_CASE("http check: an enabled domain needs an origin, and may be of kind cdn") {
  const auto found = problems_of(with_domain("http: { enabled: true }"));
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "http.enabled needs an origin"));
  CHECK(problems_of(with_domain(std::string(kServer) + "http: { enabled: true }\nkind: cdn"))
            .empty());
}

TEST_CASE("Q4 http check: redirect_https without a certificate is an error") {
  const std::string keys = std::string(kServer) + "http: { enabled: true, redirect_https: {} }\n";
  const auto found = problems_of(with_domain(keys));
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0],
                 "t.yaml:5:28: http.redirect_https: domain chat.example.com: "
                 "redirect_https leads to https, and there is no certificate for it"));
  CHECK(problems_of(with_domain(keys + kWithTls)).empty());
  // A proxy in front may have the certificate.
  CHECK(problems_of("trusted_proxies: [10.0.0.0/8]\n" + with_domain(keys)).empty());
}
