#include "gateway/net/tls/origin.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/gateway/net/tls/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;

namespace {

X509Ptr read_certificate(const std::string& file) {
  std::FILE* in = std::fopen(file.c_str(), "r");
  X509Ptr certificate(PEM_read_X509(in, nullptr, nullptr, nullptr));
  static_cast<void>(std::fclose(in));
  return certificate;
}

KeyPin pin_of(const std::string& file) {
  const X509Ptr certificate = read_certificate(file);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate.get()), &der);
  KeyPin pin{};
  EVP_Digest(der, static_cast<size_t>(size), pin.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return pin;
}

const Certificate& good_certificate() {
  static const Certificate kGood =
      certificates().add({.name = "origin", .alternative_names = "DNS:origin.example"});
  return kGood;
}

SslContextPtr server_with(const Certificate& certificate) {
  auto made = make_server_context(certificate);
  REQUIRE(made.has_value());
  return std::move(*made);
}

// Asks for a client certificate of our authority.
SslContextPtr demanding_server() {
  SslContextPtr server = server_with(good_certificate());
  REQUIRE(SSL_CTX_load_verify_file(server.get(), certificates().ca_file().c_str()) == 1);
  SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return server;
}

SslContextPtr client_with(OriginOptions options) {
  options.ca_file = certificates().ca_file();
  auto made = make_origin_context(options);
  REQUIRE(made.has_value());
  return std::move(*made);
}

// "secured", or why not. In TLS 1.3 an origin judges us when our handshake is already done.
std::string outcome(const SslContextPtr& server, const SslContextPtr& client,
                    const std::string& name = "origin.example") {
  TlsScene scene(SslPtr(SSL_new(server.get())), new_origin_connection(client.get(), name));
  scene.server.secured.hook = [&] { scene.server.write("x"); };
  REQUIRE(scene.until(
      [&] { return scene.client.told.failures == 1 || scene.client.told.data == "x"; }));
  return scene.client.told.failures == 0 ? "secured" : scene.client.told.error.text;
}

std::string outcome(const Certificates::Leaf& leaf, const OriginOptions& options = {}) {
  return outcome(server_with(certificates().add(leaf)), client_with(options));
}

}  // namespace

TEST_CASE("origin tls: says in words what is wrong with a certificate") {
  const std::string name = "DNS:origin.example";
  const std::string unknown =
      "certificate: signed by an authority that is not trusted, or sent without its whole chain";
  CHECK(outcome({.name = "o1", .alternative_names = name}) == "secured");
  CHECK(outcome({.name = "o2", .alternative_names = name, .lasts_seconds = -60}) ==
        "certificate: certificate has expired");
  CHECK(outcome({.name = "o3", .alternative_names = name, .starts_seconds = 3600}) ==
        "certificate: certificate is not yet valid");
  CHECK(outcome({.name = "o4", .alternative_names = "DNS:other.example"}) ==
        "certificate: hostname mismatch");
  CHECK(outcome({.name = "o5", .alternative_names = name, .self_signed = true}) ==
        "certificate: self-signed certificate");
  Certificates namesakes;
  CHECK(outcome(server_with(namesakes.add({.name = "o6", .alternative_names = name})),
                client_with({})) == unknown);
  const auto lone = make_origin_context({.ca_file = good_certificate().chain_file});
  REQUIRE(lone.has_value());
  CHECK(outcome(server_with(namesakes.add({.name = "o7", .alternative_names = name})), *lone) ==
        unknown);
}

TEST_CASE("origin tls: odd names in a certificate match nothing") {
  // CVE-2024-6119 was in the comparison of such names.
  for (const std::string names :
       {"otherName:1.2.3.4;UTF8:origin.example", "email:a@origin.example",
        "URI:https://origin.example", "DNS:*", "DNS:*.example,DNS:*.*", "DNS:origin.example.",
        "DNS:.origin.example", "DNS:origin", "IP:127.0.0.1"}) {
    CAPTURE(names);
    CHECK(outcome({.name = "odd", .alternative_names = names}) == "certificate: hostname mismatch");
  }
}

TEST_CASE("origin tls: a pin must be in the verified chain") {
  const KeyPin leaf = pin_of(good_certificate().chain_file);
  const KeyPin authority = pin_of(certificates().ca_file());
  const Certificate stranger =
      certificates().add({.name = "stranger", .alternative_names = "DNS:stranger.example"});
  const KeyPin other = pin_of(stranger.chain_file);
  const std::string mismatch = "certificate: none of the pinned keys is in its chain";
  const SslContextPtr server = server_with(good_certificate());
  CHECK(outcome(server, client_with({.pins = {leaf}})) == "secured");
  CHECK(outcome(server, client_with({.pins = {other, authority}})) == "secured");
  CHECK(outcome(server, client_with({.pins = {other}})) == mismatch);
  // Sent along, but no part of the chain.
  SSL_CTX_add_extra_chain_cert(server.get(), read_certificate(stranger.chain_file).release());
  CHECK(outcome(server, client_with({.pins = {other}})) == mismatch);
  // Pins come beside the verification, not in its place.
  CHECK(outcome(server, client_with({.pins = {leaf}}), "wrong.example") ==
        "certificate: hostname mismatch");
}

TEST_CASE("origin tls: without verification a pin is for the origin's own key") {
  const Certificate self = certificates().add(
      {.name = "pinned", .alternative_names = "DNS:x", .lasts_seconds = -60, .self_signed = true});
  const KeyPin own = pin_of(self.chain_file);
  const KeyPin authority = pin_of(certificates().ca_file());
  CHECK(outcome(server_with(self), client_with({.verify = false, .pins = {own}})) == "secured");
  CHECK(outcome(server_with(good_certificate()),
                client_with({.verify = false, .pins = {authority}})) ==
        "certificate: none of the pinned keys is in its chain");
  CHECK(outcome(server_with(self), client_with({.verify = false})) == "secured");
}

TEST_CASE("origin tls: shows its certificate to an origin that asks") {
  const Certificate mine = certificates().add({.name = "client", .alternative_names = "DNS:me"});
  Certificates others;
  const Certificate foreign = others.add({.name = "client", .alternative_names = "DNS:me"});
  const auto as = [](const Certificate& certificate) {
    return client_with(
        {.client_chain_file = certificate.chain_file, .client_key_file = certificate.key_file});
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const SslContextPtr server = demanding_server();
    SSL_CTX_set_max_proto_version(server.get(), version);
    CHECK(outcome(server, as(mine)) == "secured");
    CHECK(outcome(server, as(foreign)).find("the origin refuses our client certificate (") == 0);
    const std::string none = outcome(server, client_with({}));
    CHECK(none.find(version == TLS1_3_VERSION ? "the origin demands a client certificate ("
                                              : "the origin refuses the handshake: ") == 0);
  }
}

TEST_CASE("origin tls: says which of its own files is wrong") {
  const Certificate other = certificates().add({.name = "file", .alternative_names = "DNS:me"});
  const auto problem = [](const std::string& chain, const std::string& key) {
    const auto made = make_origin_context({.client_chain_file = chain, .client_key_file = key});
    return made ? std::string() : made.error().text;
  };
  CHECK(problem(good_certificate().chain_file, good_certificate().key_file).empty());
  CHECK(problem("/nowhere/c.pem", good_certificate().key_file)
            .find("client certificate /nowhere/c.pem cannot be read by user") == 0);
  CHECK(
      problem(good_certificate().chain_file, "/nowhere/k.pem").find("client key /nowhere/k.pem") ==
      0);
  CHECK(problem(good_certificate().chain_file, other.key_file).find("client key ") == 0);
}

TEST_CASE("origin tls: speaks no version below its own minimum") {
  const std::string none = "the origin has no TLS version in common with us (";
  const SslContextPtr old_server = server_with(good_certificate());
  SSL_CTX_set_max_proto_version(old_server.get(), TLS1_2_VERSION);
  const SslContextPtr new_server = server_with(good_certificate());
  SSL_CTX_set_min_proto_version(new_server.get(), TLS1_3_VERSION);
  CHECK(outcome(old_server, client_with({})) == "secured");
  CHECK(outcome(old_server, client_with({.min_version = Version::tls1_3})).find(none) == 0);
  CHECK(outcome(new_server, client_with({.min_version = Version::tls1_3})) == "secured");
  const SslContextPtr old_client = client_with({});
  SSL_CTX_set_max_proto_version(old_client.get(), TLS1_2_VERSION);
  CHECK(outcome(new_server, old_client).find(none) == 0);
}

TEST_CASE("origin tls: http/1.1 or nothing is agreed on") {
  const SslContextPtr silent = server_with(good_certificate());
  SSL_CTX_set_alpn_select_cb(silent.get(), nullptr, nullptr);
  CHECK(outcome(silent, client_with({})) == "secured");
  const SslContextPtr wrong = server_with(good_certificate());
  SSL_CTX_set_alpn_select_cb(
      wrong.get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned int,
         void*) {
        *out = reinterpret_cast<const unsigned char*>("h2");
        *size = 2;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  CHECK(outcome(wrong, client_with({})).find("did not offer") != std::string::npos);
}

TEST_CASE(
    "origin tls: a handshake that is cut at any byte fails in words, and tells nothing twice") {
  // What a server says first, cut after each of these.
  for (const size_t size : {size_t{0}, size_t{1}, size_t{5}, size_t{6}, size_t{90}, size_t{500}}) {
    for (const bool reset : {false, true}) {
      CAPTURE(size);
      CAPTURE(reset);
      const SslContextPtr client = client_with({});
      LoopStage stage;
      Connection connection = make_connection();
      Recorder told;
      TlsStream stream(
          stage.loop, std::make_unique<TcpStream>(stage.loop, std::move(connection.ours)),
          new_origin_connection(client.get(), "origin.example"), TlsStream::Role::client, nullptr);
      stream.start(told);
      std::string hello("\x16\x03\x03\x04\x00\x02\x00\x03\xfc\x03\x03", 11);
      hello.resize(1000, 'r');
      connection.peer.send(hello.substr(0, size));
      if (reset) {
        connection.peer.reset();
      } else {
        connection.peer.shut();
      }
      REQUIRE(stage.run_until([&] { return told.failures == 1; }));
      CHECK(told.error.doing == IoError::Doing::tls_handshake);
      CHECK_FALSE(told.error.text.empty());
      if (!reset) CHECK(told.error.text == "connection closed during the TLS handshake");
    }
  }
}

TEST_CASE("FY13 origin tls: old suites are spoken with an origin only where that is asked for") {
  for (const char* suite : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"}) {
    CAPTURE(suite);
    const SslContextPtr server = server_with(good_certificate());
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    REQUIRE(SSL_CTX_set_cipher_list(server.get(), suite) == 1);
    CHECK(outcome(server, client_with({.legacy_ciphers = true})) == "secured");
    CHECK(outcome(server, client_with({}))
              .find("the origin refuses the handshake: no cipher in common "
                    "(origin.tls.legacy_ciphers offers the old ones)") == 0);
  }
}

TEST_CASE("origin tls: connections whose origins show equal certificates hold them once") {
  certificates().add_authority(
      {.name = "between", .alternative_names = {}, .lasts_seconds = 86'400, .issuer = "ca"});
  const Certificate leaf = certificates().add(
      {.name = "behind", .alternative_names = "DNS:origin.example", .issuer = "between"});
  const SslContextPtr server =
      server_with({.chain_file = certificates().chain("behind-chain.pem", {"behind", "between"}),
                   .key_file = leaf.key_file});
  const SslContextPtr other = server_with(good_certificate());
  const SslContextPtr client = client_with({.pins = {pin_of(certificates().path("between.pem"))}});
  const auto connect = [&client](const SslContextPtr& to) {
    SslPtr ssl = new_origin_connection(client.get(), "origin.example");
    SSL_up_ref(ssl.get());
    SslPtr kept(ssl.get());
    TlsScene scene(SslPtr(SSL_new(to.get())), std::move(ssl));
    REQUIRE(scene.until(
        [&] { return scene.client.secured.times == 1 || scene.client.told.failures == 1; }));
    return std::pair(std::move(kept), scene.client.told.failures);
  };
  const auto [first, first_failed] = connect(server);
  const auto [second, second_failed] = connect(server);
  const auto [unpinned, unpinned_failed] = connect(other);
  CHECK(first_failed == 0);
  CHECK(second_failed == 0);
  CHECK(unpinned_failed == 1);  // what one origin has shown vouches for no other
  CHECK(SSL_get0_peer_certificate(first.get()) == SSL_get0_peer_certificate(second.get()));
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(second.get());
  REQUIRE(sk_X509_num(chain) == 2);
  CHECK(sk_X509_value(chain, 1) == sk_X509_value(SSL_get_peer_cert_chain(first.get()), 1));
  CHECK(sk_X509_value(SSL_get0_verified_chain(second.get()), 0) ==
        SSL_get0_peer_certificate(first.get()));
}
