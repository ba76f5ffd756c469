#include "gateway/net/tls_context.h"

#include <ctime>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/net/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using Server = TlsServer;
using Scene = TlsScene;

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
  Scene scene(server, std::move(ssl));
  REQUIRE(scene.secured());
  scene.server.write("x");  // behind the tickets of TLS 1.3
  REQUIRE(scene.until([&] { return scene.client.told.data == "x"; }));
  scene.client.stream->end();  // OpenSSL calls a session bad that was left without a close_notify
  return scene.client.stream->facts().resumed;
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
    return made ? std::string() : made.error();
  };
  CHECK(problem(good).empty());
  CHECK(problem({.chain_file = "/nowhere/c.pem", .key_file = good.key_file})
            .find("/nowhere/c.pem cannot be read by user") != std::string::npos);
  CHECK(problem({.chain_file = good.chain_file, .key_file = "/nowhere/k.pem"})
            .find("key /nowhere/k.pem") == 0);
  CHECK(problem({.chain_file = good.key_file, .key_file = good.key_file})
            .find("is not a PEM chain") != std::string::npos);
  CHECK_FALSE(problem({.chain_file = good.chain_file, .key_file = other.key_file}).empty());
  const auto made = make_server_context(good);
  REQUIRE(made.has_value());
  const int64_t left = not_after(made->get()) - std::time(nullptr);
  CHECK(left > 86'000);
  CHECK(left <= 86'400);
  const auto origin = make_origin_context({.verify = true, .ca_file = good.key_file});
  REQUIRE_FALSE(origin.has_value());
  CHECK(origin.error().find("holds no usable PEM certificate") != std::string::npos);
}
