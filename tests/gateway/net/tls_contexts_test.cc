#include "gateway/net/tls_contexts.h"

#include <doctest/doctest.h>

#include "tests/gateway/net/tls_scene.h"

using namespace tests;
using namespace gateway::net;

namespace {

SslContextPtr origin(TlsContexts& contexts, const OriginTlsOptions& options) {
  auto made = contexts.origin(options);
  REQUIRE(made.has_value());
  return std::move(*made);
}

SslContextPtr server(TlsContexts& contexts, const Certificate& certificate) {
  auto made = contexts.server(certificate);
  REQUIRE(made.has_value());
  return std::move(*made);
}

X509_STORE* authorities(const SslContextPtr& context) {
  return SSL_CTX_get_cert_store(context.get());
}

}  // namespace

TEST_CASE("FX1 tls contexts: equal settings share one context, other settings its authorities") {
  Certificates others;
  OriginSessions sessions;
  TlsContexts contexts;
  const auto first = origin(contexts, {.sessions = &sessions});
  CHECK(origin(contexts, {.sessions = &sessions}) == first);
  for (const OriginTlsOptions& different : {
           OriginTlsOptions{.verify = false, .sessions = &sessions},
           OriginTlsOptions{.pins = {KeyPin{1}}, .sessions = &sessions},
           OriginTlsOptions{.pins = {KeyPin{2}}, .sessions = &sessions},
           OriginTlsOptions{.min_version = TlsVersion::tls1_3, .sessions = &sessions},
           OriginTlsOptions{.legacy_ciphers = true, .sessions = &sessions},
           OriginTlsOptions{.sessions = nullptr},
       }) {
    const auto made = origin(contexts, different);
    CHECK(made != first);
    CHECK(authorities(made) == authorities(first));
  }
  const auto own = origin(contexts, {.ca_file = certificates().ca_file()});
  const auto foreign = origin(contexts, {.ca_file = others.ca_file()});
  CHECK(authorities(own) != authorities(first));
  CHECK(authorities(own) != authorities(foreign));
  CHECK(authorities(origin(contexts, {.verify = false, .ca_file = certificates().ca_file()})) ==
        authorities(own));
}

TEST_CASE("FX1 tls contexts: a client certificate belongs to the settings") {
  const Certificate one = certificates().add({.name = "one", .alternative_names = "DNS:one"});
  const Certificate two = certificates().add({.name = "two", .alternative_names = "DNS:two"});
  TlsContexts contexts;
  const auto as = [&](const Certificate& certificate) {
    return origin(contexts, {.client_chain_file = certificate.chain_file,
                             .client_key_file = certificate.key_file});
  };
  const auto first = as(one);
  CHECK(as(one) == first);
  CHECK(as(two) != first);
  CHECK(SSL_CTX_get0_certificate(as(two).get()) != SSL_CTX_get0_certificate(first.get()));
}

TEST_CASE("FX1 tls contexts: a server's files are read once, and shared beyond the build") {
  SslContextPtr kept;
  {
    TlsContexts contexts;
    const Certificate one = certificates().add({.name = "s1", .alternative_names = "DNS:s1"});
    const Certificate two = certificates().add({.name = "s2", .alternative_names = "DNS:s2"});
    kept = server(contexts, one);
    CHECK(server(contexts, one) == kept);
    CHECK(server(contexts, two) != kept);
  }
  CHECK(is_made_for(kept.get(), "s1"));
}

TEST_CASE("FX1 tls contexts: what is wrong with a file is told to each who names it") {
  TlsContexts contexts;
  for (int i = 0; i < 2; ++i) {
    const auto made = contexts.origin({.ca_file = "/nowhere/ca.pem"});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().text.find("CA file /nowhere/ca.pem") == 0);
    const auto again = contexts.origin({.verify = false, .ca_file = "/nowhere/ca.pem"});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().text == made.error().text);
    const auto own = contexts.server({.chain_file = "/nowhere/c.pem", .key_file = "/nowhere/k"});
    REQUIRE_FALSE(own.has_value());
    CHECK(own.error().text.find("certificate /nowhere/c.pem") == 0);
  }
}
