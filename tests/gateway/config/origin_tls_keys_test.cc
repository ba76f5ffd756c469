#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;

namespace {

constexpr std::string_view kPin = "sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

OriginTls tls_of(const std::string& keys) {
  return tests::origin_of("builtin: echo, tls: { " + keys + " }").tls;
}

}  // namespace

TEST_CASE("origin tls: pins, client certificate and version are read") {
  OriginTls tls = tls_of("pins: [\"" + std::string(kPin) +
                         "\"], client_certificate: \"file:/c.pem\", client_key: \"file:/c.key\", "
                         "min_version: \"1.3\"");
  REQUIRE(tls.pins.size() == 1);
  for (size_t i = 0; i < tls.pins[0].size(); ++i) CHECK(tls.pins[0][i] == i);
  CHECK(tls.client_certificate == "/c.pem");
  CHECK(tls.client_key == "/c.key");
  CHECK(tls.min_version == TlsVersion::tls1_3);
  CHECK(tls_of("pins: []") == OriginTls{});
  CHECK(tls_of("client_certificate: off, client_key: off") == OriginTls{});
}

TEST_CASE("origin tls: an inherited client certificate can be off") {
  Reading reading =
      read_text(std::string(tests::kListener) +
                    "defaults: { origin: { builtin: echo, tls: { client_certificate: \"file:/c\", "
                    "client_key: \"file:/k\" } } }\n"
                    "domains:\n"
                    "  - { domain: a.test, origin: { tls: { client_certificate: off, client_key: "
                    "off } } }\n"
                    "  - { domain: b.test, origin: { tls: { verify: true } } }\n"
                    "  - { domain: c.test, origin: { tls: { client_key: off } } }\n",
                "t.yaml");
  REQUIRE(reading.problems.size() == 1);
  CHECK(reading.problems[0].path == "domains[2].origin.tls.client_key");
  CHECK(reading.document.domains[0].origin.tls.client_certificate.empty());
  CHECK(reading.document.domains[1].origin.tls.client_certificate == "/c");
}

TEST_CASE("origin tls: wrong values are answered with the way out") {
  tests::expect_in_origin({
      {"tls: { pins: [\"sha256/AAAA\"] }", "pins[0]: \"sha256/AAAA\" is not a pin"},
      {"tls: { pins: [\"sha1/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"] }", "is not a pin"},
      {"tls: { pins: [\"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"] }", "is not a pin"},
      {"tls: { pins: sha256/AAAA }", "must be a list"},
      {"tls: { pins: [a, b, c, d, e, f, g, h, i, j, k] }", "has 11 entries; allowed is 0 to 10"},
      {"tls: { client_certificate: \"file:/c\" }", "tls.client_key: is missing"},
      {"tls: { client_key: \"file:/k\" }", "tls.client_certificate: is missing"},
      {"tls: { client_certificate: /c, client_key: \"file:/k\" }", "write file:/path"},
      {"tls: { client_certificate: \"${C}\", client_key: \"file:/k\" }", "write file:/path"},
      {"tls: { client_certificate: \"file:/c\", client_key: \"${WEIR_TEST_UNSET}\" }",
       "the environment variable \"WEIR_TEST_UNSET\" is not set"},
      {"tls: { min_version: \"1.1\" }", "allowed is 1.2 or 1.3"},
      {"tls: { client_cert: \"file:/c\" }", "did you mean \"client_certificate\"?"},
  });
}
