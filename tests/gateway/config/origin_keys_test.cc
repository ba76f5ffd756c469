#include <cstdlib>

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using tests::contains;

namespace {

// A password that comes from elsewhere, so that nothing warns of it.
struct Variable {
  Variable() { setenv("WEIR_TEST_PASSWORD", "hunter2", 1); }
  ~Variable() { unsetenv("WEIR_TEST_PASSWORD"); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
};

constexpr const char* kUser = "username: weir, password: \"${WEIR_TEST_PASSWORD}\"";

Origin origin_with(const std::string& keys) { return tests::origin_of("builtin: echo, " + keys); }

}  // namespace

TEST_CASE("way: redirects, PROXY header and source addresses are read") {
  Origin origin = origin_with(
      "max_redirects: 3, redirect_hosts: [A.test, \"*.b.test\", \"[::1]\"], proxy_protocol: v2, "
      "source: [192.0.2.1, \"2001:db8:0::1\"]");
  CHECK(origin.max_redirects == 3);
  CHECK(origin.redirect_hosts == std::vector<std::string>{"a.test", "*.b.test", "[::1]"});
  CHECK(origin.proxy_protocol == Origin::ProxyProtocol::v2);
  CHECK(origin.source == std::vector<std::string>{"192.0.2.1", "2001:db8::1"});
  CHECK(origin_with("max_redirects: 20, redirect_hosts: [], source: [], proxy_protocol: off") ==
        tests::origin_of("builtin: echo"));
}

TEST_CASE("way: the networks that DNS may not lead to are read") {
  const Origin origin = origin_with("deny_addresses: [10.0.0.0/8, \"::1\"]");
  REQUIRE(origin.deny_addresses.size() == 2);
  CHECK(to_string(origin.deny_addresses[0]) == "10.0.0.0/8");
  CHECK(to_string(origin.deny_addresses[1]) == "::1/128");
  CHECK(origin_with("deny_addresses: []").deny_addresses.empty());
  CHECK(tests::origin_of("builtin: echo").deny_addresses == default_deny_addresses());
}

TEST_CASE("way: credentials for the origin are read") {
  Variable variable;
  Origin origin =
      origin_with("auth: { " + std::string(kUser) + ", realm: \"The realm\", schemes: [digest] }");
  REQUIRE(origin.auth.has_value());
  const Credentials& credentials = origin.auth->credentials;
  CHECK(credentials.username == "weir");
  CHECK(credentials.password == "hunter2");
  CHECK(credentials.password_source == "${WEIR_TEST_PASSWORD}");
  CHECK(credentials.realm == "The realm");
  CHECK(credentials.digest);
  CHECK_FALSE(credentials.basic);
  CHECK_FALSE(origin.auth->allow_basic_plaintext);
  CHECK_FALSE(origin_with("auth: off").auth.has_value());
  auto both = origin_with("auth: { " + std::string(kUser) + ", schemes: [basic, digest] }").auth;
  CHECK((both->credentials.digest && both->credentials.basic));
}

TEST_CASE("way: a forward proxy is read") {
  Variable variable;
  Origin origin =
      origin_with("forward_proxy: { url: \"http://Proxy.test:3128/\", " + std::string(kUser) +
                  ", no_proxy: [10.0.0.0/8, \"::1\", \"[::2]\", a.test, \"*.B.test\"] }");
  REQUIRE(origin.forward_proxy.has_value());
  const ForwardProxy& proxy = *origin.forward_proxy;
  CHECK(proxy.host == "proxy.test");
  CHECK(proxy.port == 3128);
  REQUIRE(proxy.credentials.has_value());
  CHECK(proxy.credentials->password == "hunter2");
  CHECK(proxy.no_proxy_names == std::vector<std::string>{"a.test", "*.b.test"});
  CHECK(proxy.no_proxy_networks.size() == 3);
  for (const char* host : {"10.9.9.9", "::1", "::2", "a.test", "x.b.test"}) {
    CHECK(proxy.is_direct(host));
  }
  Origin plain = origin_with("forward_proxy: { url: \"http://[::1]\" }");
  REQUIRE(plain.forward_proxy.has_value());
  CHECK(plain.forward_proxy->host == "::1");
  CHECK(plain.forward_proxy->port == 80);
  CHECK_FALSE(plain.forward_proxy->credentials.has_value());
}

TEST_CASE("way: a domain inherits credentials key by key") {
  Variable variable;
  Reading reading = read_text(
      std::string(tests::kListener) + "defaults: { origin: { builtin: echo, auth: { " + kUser +
          " }, forward_proxy: { url: \"http://p.test:1\" } } }\n"
          "domains:\n"
          "  - { domain: a.test, origin: { auth: { username: other }, "
          "forward_proxy: { no_proxy: [b.test] } } }\n"
          "  - { domain: b.test, origin: { auth: off, forward_proxy: off } }\n",
      "t.yaml");
  CHECK(reading.problems.empty());
  const Origin& a = reading.document.domains[0].origin;
  CHECK(a.auth->credentials.username == "other");
  CHECK(a.auth->credentials.password == "hunter2");
  CHECK(a.forward_proxy->port == 1);
  CHECK(a.forward_proxy->is_direct("b.test"));
  const Origin& b = reading.document.domains[1].origin;
  CHECK_FALSE(b.auth.has_value());
  CHECK_FALSE(b.forward_proxy.has_value());
}

TEST_CASE("way: wrong values are answered with the way out") {
  Variable variable;
  tests::expect_in_origin({
      {"max_redirects: 21", "allowed is 0 to 20"},
      {"redirect_hosts: [\"https://a.test\"]",
       "redirect_hosts[0]: \"https://a.test\" must be a name"},
      {"redirect_hosts: [\"*\"]", "must name a domain after the *"},
      {"redirect_hosts: a.test", "must be a list"},
      {"proxy_protocol: v3", "allowed is off, v1 or v2"},
      {"source: [eth0]", "source[0]: \"eth0\" is not an IP address of this machine"},
      {"source: [0.0.0.0]", "is not an IP address of this machine"},
      {"source: [\"0:0::\"]", "is not an IP address of this machine"},
      {"source: [\"::1\", \"0::1\"]", "\"::1\" is listed twice"},
      {"deny_addresses: 10.0.0.0/8", "must be a list"},
      {"deny_addresses: [10.0.0.0/8, lb.test]",
       "deny_addresses[1]: \"lb.test\" is neither an IP address nor a network"},
      {"deny_addresses: [169.254.169.254/16]", "did you mean \"169.254.0.0/16\"?"},
      {"auth: weir", "must be off, or a map"},
      {"auth: { username: weir }", "auth.password: is missing: username and password need"},
      {"auth: { password: \"${WEIR_TEST_PASSWORD}\" }", "auth.username: is missing"},
      {"auth: { username: weir, password: \"${WEIR_TEST_UNSET}\" }",
       "the environment variable \"WEIR_TEST_UNSET\" is not set"},
      {"auth: { username: weir, password: \"file:/nowhere/at/all\" }", "the file "},
      {"auth: { username: weir, password: x }", "W_SECRET_IN_FILE"},
      {"auth: { username: weir, password: \"${WEIR_TEST_PASSWORD}\", schemes: [] }",
       "has 0 entries"},
      {"auth: { username: weir, password: \"${WEIR_TEST_PASSWORD}\", schemes: [ntlm] }",
       "schemes[0]: \"ntlm\" is not known here; allowed is digest or basic"},
      {"auth: { username: weir, password: \"${WEIR_TEST_PASSWORD}\", schemes: [basic, basic] }",
       "schemes[1]: \"basic\" is listed twice"},
      {"auth: { username: \"a:b\", password: \"${WEIR_TEST_PASSWORD}\", schemes: [basic] }",
       "a user name with a colon cannot be sent in Basic"},
      {"forward_proxy: {}", "forward_proxy.url: is missing"},
      {"forward_proxy: \"http://p.test:1\"", "must be off, or a map"},
      {"forward_proxy: { url: \"https://p.test:1\" }",
       "proxies are spoken to over http:// alone: write http://host:port"},
      {"forward_proxy: { url: \"p.test:1\" }", "is not the address of a proxy"},
      {"forward_proxy: { url: \"http://p.test:1/path\" }", "without a path"},
      {"forward_proxy: { url: \"http://p.test:0\" }", "is not the address of a proxy"},
      {"forward_proxy: { url: \"http://\" }", "is not the address of a proxy"},
      {"forward_proxy: { url: \"http://a:hunter2@p.test\" }", "must not hold credentials"},
      {"forward_proxy: { url: \"http://p.test\", realm: x, username: weir }",
       "forward_proxy.password: is missing"},
      {"forward_proxy: { url: \"http://p.test\", no_proxy: [.b.test] }",
       "did you mean \"*.b.test\"?"},
      {"forward_proxy: { url: \"http://p.test\", no_proxy: [\"a:80\"] }", "without a port"},
      {"forward_proxy: { url: \"http://p.test\", no_proxy: [10.0.0.1/8] }",
       "did you mean \"10.0.0.0/8\"?"},
  });
}

TEST_CASE("way: an empty auth lacks both user name and password") {
  auto yaml = tests::with_domain("origin: { builtin: echo, auth: {} }");
  CHECK(tests::problems_of(yaml).size() == 2);
  CHECK_FALSE(tests::problem_with(yaml, "auth.username: is missing").empty());
  CHECK_FALSE(tests::problem_with(yaml, "auth.password: is missing").empty());
}

TEST_CASE("way: no message repeats a password") {
  for (const char* keys : {"auth: { username: weir, password: hunter2 }",
                           "auth: { username: weir, password: \"hunter2\\u0001\" }",
                           "auth: { username: weir, password: [hunter2] }",
                           "auth: { username: \"\", password: hunter2 }",
                           "forward_proxy: { url: \"http://weir:hunter2@p.test\" }",
                           "forward_proxy: { url: \"weir:hunter2@p.test\" }"}) {
    CAPTURE(keys);
    auto found = tests::problems_of(
        tests::with_domain("origin: { builtin: echo, " + std::string(keys) + " }"));
    CHECK_FALSE(found.empty());
    for (const std::string& problem : found) CHECK_FALSE(contains(problem, "hunter2"));
  }
}
