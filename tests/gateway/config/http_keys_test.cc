#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace {

constexpr std::string_view kCertificate = "\ntls: { certificate: file:/c, key: file:/k }";

// `keys` of http:, in front of an origin that answers and with a certificate.
std::string http_with(const std::string& keys) {
  return tests::with_domain("http: { " + keys + " }\norigin: { builtin: echo }" +
                            std::string(kCertificate));
}

Http http_of(const std::string& keys) {
  Reading reading = read_text(http_with(keys), "t.yaml");
  for (const Problem& problem : reading.problems) FAIL_CHECK(to_string(problem));
  REQUIRE(reading.document.domains.size() == 1);
  return reading.document.domains[0].http;
}

struct Row {
  const char* keys;
  const char* says;
};

void expect(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.keys);
    const auto found = tests::problems_of(http_with(row.keys));
    REQUIRE(found.size() == 1);
    CAPTURE(found[0]);
    CHECK(contains(found[0], "t.yaml:4:"));
    CHECK(contains(found[0], row.says));
  }
}

}  // namespace

TEST_CASE("http: what is not written has its default") {
  const Http http = http_of("enabled: false");
  CHECK(http == Http{});
  CHECK_FALSE(http.max_body);
  CHECK(http.body_timeout == 30s);
  CHECK(http.body_rate == 128);
  CHECK(http.response_timeout == 75s);
  CHECK(http.event_timeout == 10min);
  CHECK(http.send_stall_timeout == 20s);
  CHECK_FALSE(http.max_duration);
  CHECK_FALSE(http.methods);
  CHECK(http.retry == HttpRetry{});
  CHECK(http.location == Http::Location::offload);
  CHECK_FALSE(http.hsts);
  CHECK_FALSE(http.redirect_https);
}

TEST_CASE("http: every key is read") {
  const Http http = http_of(
      "enabled: on, max_body: 1TiB, body_timeout: 1s, body_rate: 1MiB, response_timeout: 1h, "
      "event_timeout: 1d, send_stall_timeout: 100ms, max_duration: 1s, methods: [GET, PROPFIND], "
      "retry: [no_answer, 502, \"503\", 504], location: origin, secure_cookies: on, forwarded: on, "
      "hsts: { max_age: 365d, include_subdomains: true, preload: true }, "
      "redirect_https: { status: 301, port: 8443, except: [/a, /b/] }");
  CHECK(http.enabled);
  CHECK(http.max_body == 1ULL << 40);
  CHECK(http.body_timeout == 1s);
  CHECK(http.body_rate == 1'048'576);
  CHECK(http.response_timeout == 1h);
  CHECK(http.event_timeout == 24h);
  CHECK(http.send_stall_timeout == 100ms);
  CHECK(http.max_duration == 1s);
  CHECK(http.methods == std::vector<std::string>{"GET", "PROPFIND"});
  CHECK(http.retry == HttpRetry{false, false, true, true, true, true});
  CHECK(http.location == Http::Location::origin);
  CHECK(http.secure_cookies);
  CHECK(http.forwarded);
  CHECK(http.hsts == Hsts{365 * 24h, true, true});
  CHECK(http.redirect_https == RedirectHttps{301, 8443, {"/a", "/b/"}});
}

TEST_CASE("http: limits can be off, and maps can be empty") {
  const Http http = http_of(
      "max_body: 0, body_rate: off, event_timeout: off, send_stall_timeout: off, methods: any, "
      "retry: [], hsts: {}, redirect_https: {}");
  CHECK(http.max_body == 0);
  CHECK_FALSE(http.body_rate);
  CHECK_FALSE(http.event_timeout);
  CHECK_FALSE(http.send_stall_timeout);
  CHECK(http.retry == HttpRetry{false, false, false, false, false, false});
  CHECK(http.hsts == Hsts{});
  CHECK(http.redirect_https == RedirectHttps{});
  CHECK(http.redirect_https->status == 308);
  CHECK(http.redirect_https->except == std::vector<std::string>{"/.well-known/acme-challenge/"});
}

TEST_CASE("http: wrong values are answered with what is allowed") {
  expect({
      {"enabled: yes", "is neither true (on) nor false (off)"},
      {"max_body: 2TiB", "allowed is 0 to 1TiB, or off"},
      {"body_timeout: 999ms", "allowed is 1s to 1h"},
      {"body_timeout: off", "is not a time"},
      {"body_rate: 0", "allowed is 1 to 1MiB, or off"},
      {"response_timeout: 61m", "allowed is 1s to 1h"},
      {"event_timeout: 25h", "allowed is 1s to 1d, or off"},
      {"send_stall_timeout: 99ms", "allowed is 100ms to 1h, or off"},
      {"max_duration: 25h", "allowed is 1s to 1d, or off"},
      {"methods: GET", "must be any, or a list of methods such as [GET, HEAD, POST]"},
      {"methods: []", "has 0 entries; allowed is 1 to 32"},
      {"methods: [Get]", "\"Get\" is no method that is passed on: did you mean \"GET\"?"},
      {"methods: [PSOT]", "did you mean \"POST\"?"},
      {"methods: [FROBNICATE]", "allowed are those of HTTP and WebDAV"},
      {"methods: [TRACE]", "methods[0]: \"TRACE\" is never passed on"},
      {"methods: [CONNECT]", "opens no tunnel here"},
      {"methods: [GET, GET]", "methods[1]: \"GET\" is listed twice"},
      {"retry: connect", "must be a list"},
      {"retry: [500]", "allowed is connect, stale, no_answer, 502, 503 or 504"},
      {"retry: [stael]", "did you mean \"stale\"?"},
      {"retry: [502, 502]", "retry[1]: \"502\" is listed twice"},
      {"location: always", "allowed is off, offload or origin"},
      {"hsts: on", "must be off, or a map"},
      {"hsts: { max_age: 3651d }", "allowed is 0s to 3650d"},
      {"hsts: { max_age: 1500ms }", "must be whole seconds"},
      {"hsts: { preload: true, include_subdomains: true }", "true needs max_age of 365d or more"},
      {"hsts: { preload: true, max_age: 365d }", "and include_subdomains: true"},
      {"redirect_https: { status: 303 }", "allowed is 301, 302, 307 or 308"},
      {"redirect_https: { port: 0 }", "allowed is 1 to 65535"},
      {"redirect_https: { except: [a] }", "except[0]: \"a\" is no beginning of a path"},
      {"redirect_https: on", "must be off, or a map"},
      {"hosts: []", "unknown key \"hosts\""},
  });
}

TEST_CASE("http: defaults enable it for all domains, key by key") {
  const Reading reading =
      read_text(std::string(tests::kListener) +
                    "defaults: { http: { enabled: true, response_timeout: 120s } }\n"
                    "domains:\n"
                    "  - { domain: a.test, origin: { servers: [{ address: 10.0.0.5 }] } }\n"
                    "  - { domain: b.test, origin: { builtin: echo }, http: { enabled: false } }\n",
                "t.yaml");
  CHECK(reading.problems.empty());
  CHECK(reading.document.domains[0].http.enabled);
  CHECK(reading.document.domains[0].http.response_timeout == 120s);
  CHECK_FALSE(reading.document.domains[1].http.enabled);
  CHECK(reading.document.domains[1].http.response_timeout == 120s);
}
