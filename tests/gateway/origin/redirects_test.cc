#include "gateway/origin/redirects.h"

#include <string>

#include <doctest/doctest.h>

using namespace gateway::origin;

namespace {

const Url kBase{
    .tls = false, .host = "chat.example.com", .port = 8080, .path_and_query = "/a/b/c?x=1"};

std::string text_of(const Url& url) {
  return std::string(url.tls ? "https://" : "http://") + authority_of(url) + url.path_and_query;
}

}  // namespace

TEST_CASE("redirects: a Location is resolved as RFC 3986 says") {
  struct Case {
    const char* location;
    const char* url;
  };
  constexpr Case kCases[] = {
      {"/other", "http://chat.example.com:8080/other"},
      {"other", "http://chat.example.com:8080/a/b/other"},
      {"../up?y=2", "http://chat.example.com:8080/a/up?y=2"},
      {"../../../../up", "http://chat.example.com:8080/up"},
      {"./", "http://chat.example.com:8080/a/b/"},
      {"..", "http://chat.example.com:8080/a/"},
      {"?z=3", "http://chat.example.com:8080/a/b/c?z=3"},
      {"", "http://chat.example.com:8080/a/b/c?x=1"},
      {"#part", "http://chat.example.com:8080/a/b/c?x=1"},
      {"/x#part", "http://chat.example.com:8080/x"},
      {"//other.example.com/x", "http://other.example.com/x"},
      {"http://other.example.com", "http://other.example.com/"},
      {"http://other.example.com?q", "http://other.example.com/?q"},
      {"HTTP://Other.Example.Com:81/x", "http://other.example.com:81/x"},
      {"https://other.example.com/x", "https://other.example.com/x"},
      {"ws://other.example.com/x", "http://other.example.com/x"},
      {"wss://other.example.com:8443/x", "https://other.example.com:8443/x"},
      {"http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
      {"http://other.example.com/a/../b/./c", "http://other.example.com/b/c"},
      {"/a:b", "http://chat.example.com:8080/a:b"},
  };
  for (const Case& one : kCases) {
    INFO(one.location);
    const auto url = resolve_location(kBase, one.location);
    REQUIRE(url.has_value());
    CHECK(text_of(*url) == one.url);
  }
}

TEST_CASE("redirects: a Location that leads nowhere says why") {
  for (const std::string& location :
       {std::string("ftp://other.example.com/x"), std::string("javascript:alert(1)"),
        std::string("http:/x"), std::string("http://"), std::string("http:///x"),
        std::string("http://user@other.example.com/"), std::string("http://a b/"),
        std::string("/a b"), std::string("/a\x7F"), std::string("/\xC3\xA4"),
        std::string("http://other.example.com:0/"), std::string("http://other.example.com:99999/"),
        "/" + std::string(5000, 'x')}) {
    INFO(location.substr(0, 60));
    const auto url = resolve_location(kBase, location);
    CHECK_FALSE(url.has_value());
    if (!url) CHECK_FALSE(url.error().empty());
  }
}

TEST_CASE("redirects: which answers are some") {
  proto::http1::Fields none;
  proto::http1::Fields some;
  some.add("Location", "/x");
  for (const int status : {301, 302, 303, 307, 308}) CHECK(is_redirect(status, none));
  for (const int status : {200, 304, 305, 306, 401, 503}) CHECK_FALSE(is_redirect(status, some));
  CHECK(is_redirect(300, some));
  CHECK_FALSE(is_redirect(300, none));
}

TEST_CASE("redirects: own hosts, listed ones, anybody else") {
  gateway::config::Domain domain;
  domain.names = {"chat.example.com", "*.chat.example.com"};
  domain.origin.servers = {{.host = "10.9.9.9", .port = {}, .place = {}}};
  domain.origin.redirect_hosts = {"login.example.net", "*.cdn.example.net"};
  const auto judged = [&](const char* host) {
    return judge_host(domain.names, domain.origin, "origin.internal",
                      Url{.tls = false, .host = host, .port = {}});
  };
  CHECK(judged("origin.internal") == Redirected::own);
  CHECK(judged("chat.example.com") == Redirected::own);
  CHECK(judged("eu.chat.example.com") == Redirected::own);
  CHECK(judged("login.example.net") == Redirected::listed);
  CHECK(judged("a.cdn.example.net") == Redirected::listed);
  CHECK(judged("cdn.example.net") == Redirected::foreign);
  CHECK(judged("evilchat.example.com") == Redirected::foreign);
  CHECK(judged("169.254.169.254") == Redirected::foreign);
  CHECK(judged("localhost") == Redirected::foreign);
  // A wildcard stands for names: an address is meant only where it is listed itself.
  domain.origin.redirect_hosts = {"*.169.254", "10.0.0.1"};
  CHECK(judged("169.254.169.254") == Redirected::foreign);
  CHECK(judged("10.0.0.1") == Redirected::listed);
}

TEST_CASE("FX21 redirects: an own host is own at the ports of its servers alone") {
  gateway::config::Domain domain;
  domain.names = {"chat.example.com"};
  domain.origin.http_ports = {8080, 8081};
  domain.origin.https_ports = {8443};
  domain.origin.servers = {{.host = "10.0.0.5", .port = {}, .place = {}},
                           {.host = "10.0.0.6", .port = 9000, .place = {}}};
  const auto judged = [&](std::optional<uint16_t> port, bool tls = false) {
    const Url url{.tls = tls, .host = "chat.example.com", .port = port};
    return judge_host(domain.names, domain.origin, "chat.example.com", url);
  };
  CHECK(judged(8080) == Redirected::own);
  CHECK(judged(8081) == Redirected::own);
  CHECK(judged(9000) == Redirected::own);
  CHECK(judged(9000, true) == Redirected::own);
  CHECK(judged(8443, true) == Redirected::own);
  // What the scheme stands for is what clients see, wherever the server listens.
  CHECK(judged({}) == Redirected::own);
  CHECK(judged(80) == Redirected::own);
  CHECK(judged({}, true) == Redirected::own);
  CHECK(judged(443) == Redirected::foreign);
  CHECK(judged(8443) == Redirected::foreign);
  CHECK(judged(8080, true) == Redirected::foreign);
  CHECK(judged(9001) == Redirected::foreign);
  CHECK(judged(22) == Redirected::foreign);

  domain.origin.servers.erase(domain.origin.servers.begin());
  CHECK(judged(9000) == Redirected::own);
  CHECK(judged({}) == Redirected::foreign);
  CHECK(judged(8080) == Redirected::foreign);
  // What the operator has listed beside it is followed as any listed host is.
  domain.origin.redirect_hosts = {"chat.example.com"};
  CHECK(judged(22) == Redirected::listed);
}

TEST_CASE("FX21 redirects: the port of a server for a URL of its domain") {
  gateway::config::Origin origin;
  origin.http_ports = {8080, 80};
  const auto port = [&](std::optional<uint16_t> own, std::optional<uint16_t> asked) {
    return port_at(origin, own, Url{.tls = false, .host = "a", .port = asked});
  };
  CHECK(port({}, {}) == 8080);
  CHECK(port({}, 80) == 80);
  CHECK(port({}, 8080) == 8080);
  CHECK(port({}, 81) == std::nullopt);
  CHECK(port(9000, 9000) == 9000);
  CHECK(port(9000, {}) == std::nullopt);
  CHECK(port(80, {}) == 80);
}

TEST_CASE("redirects: the origin's own servers count as listed, at their own ports") {
  gateway::config::Domain domain;
  domain.names = {"chat.example.com"};
  domain.origin.http_ports = {8080, 8081};
  domain.origin.https_ports = {8443};
  domain.origin.servers = {{.host = "10.0.0.5", .port = {}, .place = {}},
                           {.host = "Pool.example.net", .port = 9000, .place = {}},
                           {.host = "::1", .port = {}, .place = {}}};
  const auto judged = [&](const char* host, uint16_t port, bool tls = false) {
    return judge_host(domain.names, domain.origin, "chat.example.com",
                      Url{.tls = tls, .host = host, .port = port});
  };
  CHECK(judged("10.0.0.5", 8080) == Redirected::listed);
  CHECK(judged("10.0.0.5", 8081) == Redirected::listed);
  CHECK(judged("10.0.0.5", 8443, true) == Redirected::listed);
  CHECK(judged("10.0.0.5", 8443) == Redirected::foreign);
  CHECK(judged("10.0.0.5", 22) == Redirected::foreign);
  CHECK(judged("10.0.0.6", 8080) == Redirected::foreign);
  CHECK(judged("pool.example.net", 9000) == Redirected::listed);
  CHECK(judged("pool.example.net", 8080) == Redirected::foreign);
  CHECK(judged("[::1]", 8080) == Redirected::listed);
}

TEST_CASE("FY2 redirects: hosts are compared in their one spelling") {
  gateway::config::Domain domain;
  domain.names = {"chat.example.com", "[2001:db8::1]"};
  domain.origin.redirect_hosts = {"[2001:db8::2]"};
  domain.origin.servers = {{.host = "origin.example.", .port = 81, .place = {}},
                           {.host = "2001:db8::3", .port = 81, .place = {}}};
  const auto judged = [&](const std::string& location) {
    const auto url = resolve_location(kBase, location);
    REQUIRE(url.has_value());
    return judge_host(domain.names, domain.origin, "chat.example.com", *url);
  };
  CHECK(judged("http://CHAT.example.com.:81/x") == Redirected::own);
  CHECK(judged("http://[2001:DB8:0::1]:81/x") == Redirected::own);
  CHECK(judged("http://[2001:db8:0:0:0:0:0:2]/x") == Redirected::listed);
  CHECK(judged("http://origin.example:81/x") == Redirected::listed);
  CHECK(judged("http://origin.example.:81/x") == Redirected::listed);
  CHECK(judged("http://[2001:db8:0::3]:81/x") == Redirected::listed);
  CHECK(judged("http://[2001:db8:0::4]:81/x") == Redirected::foreign);
}

TEST_CASE("redirects: a trail has a length, no circles and no way back to clear text") {
  const Url http{.tls = false, .host = "a", .port = {}, .path_and_query = "/0"};
  Url https = http;
  https.tls = true;
  CHECK_FALSE(RedirectChain(1).step(http, https));
  CHECK(RedirectChain(1).step(https, http));
  CHECK(RedirectChain(5).step(http, http));

  RedirectChain trail(20);
  Url at = http;
  for (int i = 1; i <= 20; ++i) {
    Url next = at;
    next.path_and_query = "/" + std::to_string(i);
    CHECK_FALSE(trail.step(at, next));
    at = next;
  }
  Url beyond = at;
  beyond.path_and_query = "/21";
  CHECK(trail.step(at, beyond));
  CHECK(trail.step(at, http));
}
