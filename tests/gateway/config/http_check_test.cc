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

namespace {

// A route at `path` with `servers` servers and `keys`.
std::string chat(const std::string& path, int servers, const std::string& keys = "") {
  std::string list = "{ address: 10.0.0.5 }";
  for (int i = 1; i < servers; ++i) list += ", { address: 10.0.1." + std::to_string(i) + " }";
  return with_domain("http: { enabled: true }\norigin: { builtin: echo }\nroutes: [{ path: " +
                     path + ", origin: { servers: [" + list + "]" + keys + " } }]");
}

}  // namespace

TEST_CASE("K6 http check: chat with several servers and sticky off is a warning") {
  const auto found = problems_of(chat("/socket.io/", 2));
  REQUIRE(found.size() == 1);
  CHECK(found[0] ==
        "t.yaml:6:35: routes[0].origin.sticky: W_STICKY: route /socket.io/ of domain "
        "chat.example.com: there are several servers and sticky is off, so the requests of one "
        "session come to different servers, which know nothing of it; write sticky: cookie, "
        "client_ip or \"query:sid\"");
  for (const char* path : {"/engine.io", "/x/SockJS/", "/signalr/hub"}) {
    CAPTURE(path);
    CHECK(contains(problems_of(chat(path, 3)).at(0), "W_STICKY:"));
  }
  CHECK(problems_of(chat("/socket.io/", 1)).empty());
  CHECK(problems_of(chat("/socket.io/", 2, ", sticky: cookie")).empty());
  CHECK(problems_of(chat("/api", 2)).empty());
}

TEST_CASE("F10 http check: a time-out below that of a long poll is a warning") {
  const auto with = [](const char* time) {
    return problems_of(
        with_domain("http: { enabled: true }\norigin: { builtin: echo }\n"
                    "routes: [{ path: /socket.io/, http: { response_timeout: " +
                    std::string(time) + " } }]"));
  };
  REQUIRE(with("29s").size() == 1);
  CHECK(with("29s")[0] ==
        "t.yaml:6:43: routes[0].http.response_timeout: W_POLL_TIMEOUT: route /socket.io/ of domain "
        "chat.example.com: http.response_timeout 29s is below 30s, and a long poll is answered "
        "after 25s when there is nothing to say");
  CHECK(with("30s").empty());
}

TEST_CASE("K4 http check: ids that one node has learned are a warning in a fleet") {
  const std::string learned = with_domain("origin: { builtin: echo, sticky: \"query:sid\" }");
  CHECK(problems_of(learned).empty());
  const auto found = problems_of(learned + "usage: { postgres: { url: \"host=h\" } }\n");
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0],
                 "t.yaml:4:30: origin.sticky: W_STICKY_NODE: domain chat.example.com: "
                 "each node learns for itself which server an id belongs to"));
}
