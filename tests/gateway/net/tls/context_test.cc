#include "gateway/net/tls/context.h"

#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "tests/gateway/net/tls/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;
using Server = TlsServer;
using ContextScene = TlsScene;

namespace {

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, SessionFree>;

// The ticket that the server gave last; nothing but OpenSSL's callback can catch it in TLS 1.3.
SessionPtr& last_session() {
  static SessionPtr session;
  return session;
}

SslContextPtr resuming_context(int version) {
  SslContextPtr context = trusting_context();
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), [](SSL*, SSL_SESSION* session) {
    last_session().reset(session);
    return 1;
  });
  return context;
}

// One connection to that name with the ticket; whether it was resumed. Leaves the new ticket
// behind.
bool resumes(const Server& server, SSL_CTX* context, const std::string& name,
             SSL_SESSION* session) {
  SslPtr ssl = new_origin_connection(context, name);
  if (session != nullptr) SSL_set_session(ssl.get(), session);
  ContextScene scene(server, std::move(ssl));
  REQUIRE(scene.secured());
  scene.server.write("x");  // behind the tickets of TLS 1.3
  REQUIRE(scene.until([&] { return scene.client.told.data == "x"; }));
  scene.client.stream->end();  // OpenSSL calls a session bad that was left without a close_notify
  return scene.client.stream->facts().resumed;
}

// With an ECDSA and an RSA certificate.
Server& both_kinds() {
  static Server server;
  static const bool kMade = [] {
    server.add("ec.example",
               certificates().add({.name = "kind-ec", .alternative_names = "DNS:ec.example"}));
    server.add("rsa.example",
               certificates().add(
                   {.name = "kind-rsa", .alternative_names = "DNS:rsa.example", .rsa_bits = 2048}));
    return true;
  }();
  REQUIRE(kMade);
  return server;
}

// The suite that such a client and our listener agree on; empty: none.
std::string agreed(const std::string& name, int version, const std::string& offered) {
  SslContextPtr client = trusting_context();
  SSL_CTX_set_security_level(client.get(), 0);
  SSL_CTX_set_min_proto_version(client.get(), version);
  SSL_CTX_set_max_proto_version(client.get(), version);
  if (version == TLS1_3_VERSION) {
    REQUIRE(SSL_CTX_set_ciphersuites(client.get(), offered.c_str()) == 1);
  } else if (SSL_CTX_set_cipher_list(client.get(), offered.c_str()) != 1) {
    return {};
  }
  ContextScene scene(both_kinds(), new_origin_connection(client.get(), name));
  REQUIRE(scene.until(
      [&] { return scene.client.secured.times == 1 || scene.client.told.failures == 1; }));
  if (scene.client.secured.times == 0) return {};
  return std::string(scene.client.stream->facts().cipher);
}

}  // namespace

TEST_CASE("tls context: a ticket is good for its domain alone") {
  // CVE-2025-23419: a session of one domain must not be resumed at another.
  Server server;
  server
      .add("a.example",
           certificates().add({.name = "ta", .alternative_names = "DNS:a.example,DNS:b.example"}))
      .add("b.example",
           certificates().add({.name = "tb", .alternative_names = "DNS:b.example,DNS:a.example"}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const SslContextPtr context = resuming_context(version);
    last_session().reset();
    CHECK_FALSE(resumes(server, context.get(), "a.example", nullptr));
    const SessionPtr ticket = std::move(last_session());
    REQUIRE(ticket != nullptr);
    CHECK(resumes(server, context.get(), "a.example", ticket.get()));
    CHECK_FALSE(resumes(server, context.get(), "b.example", ticket.get()));
  }
}

TEST_CASE("tls context: a ticket survives two rotations of the keys, and no third") {
  Server server;
  server.add("a.example", certificates().add({.name = "tr", .alternative_names = "DNS:a.example"}));
  const SslContextPtr context = resuming_context(TLS1_3_VERSION);
  for (const int rotations : {0, 1, 2, 3}) {
    CAPTURE(rotations);
    CHECK_FALSE(resumes(server, context.get(), "a.example", nullptr));
    const SessionPtr ticket = std::move(last_session());
    REQUIRE(ticket != nullptr);
    for (int i = 0; i < rotations; ++i) server.keys.rotate();
    CHECK(resumes(server, context.get(), "a.example", ticket.get()) == (rotations < 3));
  }
}

TEST_CASE("tls context: says which file is wrong, and why") {
  const Certificate good =
      certificates().add({.name = "ctx", .alternative_names = "DNS:ctx.example"});
  const Certificate other =
      certificates().add({.name = "ctx2", .alternative_names = "DNS:ctx.example"});
  const auto problem = [](const Certificate& certificate) {
    const auto made = make_server_context(certificate);
    return made ? std::string() : made.error().text;
  };
  CHECK(problem(good).empty());
  CHECK(problem({.chain_file = "/nowhere/c.pem", .key_file = good.key_file})
            .find("/nowhere/c.pem cannot be read by user") != std::string::npos);
  CHECK(problem({.chain_file = good.chain_file, .key_file = "/nowhere/k.pem"})
            .find("key /nowhere/k.pem") == 0);
  CHECK(problem({.chain_file = good.key_file, .key_file = good.key_file})
            .find("certificate " + good.key_file + " holds a key, and no certificate") == 0);
  CHECK_FALSE(problem({.chain_file = good.chain_file, .key_file = other.key_file}).empty());
  const auto made = make_server_context(good);
  REQUIRE(made.has_value());
  const int64_t left = not_after(made->get()) - std::time(nullptr);
  CHECK(left > 86'000);
  CHECK(left <= 86'400);
  const auto origin = make_origin_context({.verify = true, .ca_file = good.key_file});
  REQUIRE_FALSE(origin.has_value());
  CHECK(origin.error().text.find("holds no usable PEM certificate") != std::string::npos);
}

TEST_CASE("FY13 tls context: of all suites of TLS 1.2 six are spoken, each ECDHE with AEAD") {
  const SslContextPtr all(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(all.get(), 0);
  REQUIRE(SSL_CTX_set_cipher_list(all.get(), "ALL:COMPLEMENTOFALL") == 1);
  const STACK_OF(SSL_CIPHER)* suites = SSL_CTX_get_ciphers(all.get());
  REQUIRE(sk_SSL_CIPHER_num(suites) > 27);
  std::set<std::string> spoken;
  for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) {
    const std::string suite = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i));
    if (suite.starts_with("TLS_")) continue;  // of TLS 1.3
    for (const char* name : {"ec.example", "rsa.example"})
      spoken.insert(agreed(name, TLS1_2_VERSION, suite));
  }
  spoken.erase("");
  CHECK(spoken ==
        std::set<std::string>{"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
                              "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
                              "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"});
}

TEST_CASE("FY13 tls context: our order counts, except for a client that prefers ChaCha20") {
  const std::string aes256 = "ECDHE-ECDSA-AES256-GCM-SHA384";
  const std::string aes128 = "ECDHE-ECDSA-AES128-GCM-SHA256";
  const std::string chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
  const auto of_1_2 = [](const std::string& offered) {
    return agreed("ec.example", TLS1_2_VERSION, offered);
  };
  CHECK(of_1_2(aes128 + ":" + chacha + ":" + aes256) == aes256);
  CHECK(of_1_2(aes128 + ":" + chacha) == aes128);
  CHECK(of_1_2(chacha + ":" + aes256 + ":" + aes128) == chacha);
  CHECK(
      agreed("ec.example", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") ==
      "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_CASE("FY13 tls context: neither TLS 1.1 nor a signature with SHA-1 is spoken") {
  CHECK(agreed("ec.example", TLS1_1_VERSION, "ALL").empty());
  SslContextPtr client = trusting_context();
  SSL_CTX_set_security_level(client.get(), 0);
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  for (const auto& [algorithms, good] : {std::pair{"ECDSA+SHA1", false}, {"ECDSA+SHA256", true}}) {
    CAPTURE(algorithms);
    REQUIRE(SSL_CTX_set1_sigalgs_list(client.get(), algorithms) == 1);
    ContextScene scene(both_kinds(), new_origin_connection(client.get(), "ec.example"));
    REQUIRE(scene.until(
        [&] { return scene.client.secured.times == 1 || scene.client.told.failures == 1; }));
    CHECK((scene.client.secured.times == 1) == good);
  }
}

TEST_CASE("FY13 tls context: neither renegotiation nor compression is there") {
  const SslContextPtr client = trusting_context();
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  ContextScene scene(both_kinds(), new_origin_connection(client.get(), "ec.example"));
  REQUIRE(scene.secured());
  const SslPtr ours = both_kinds().connection();
  CHECK((SSL_get_options(ours.get()) & SSL_OP_NO_RENEGOTIATION) != 0);
  CHECK((SSL_get_options(ours.get()) & SSL_OP_NO_COMPRESSION) != 0);
}
