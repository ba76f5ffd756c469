#include "gateway/net/tls/tls_stream.h"

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/gateway/net/tls/tls_scene.h"
#include "tests/support/memory_stream.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;
using Server = TlsServer;
using Scene = TlsScene;

namespace {

Server& chat_server() {
  static Server server;
  static const bool kReady = [] {
    server.add("chat.example",
               certificates().add({.name = "chat", .alternative_names = "DNS:chat.example"}));
    return true;
  }();
  static_cast<void>(kReady);
  return server;
}

// Why the client gave up on a server with that certificate.
std::string refusal(const Certificates::Leaf& leaf, const std::string& name) {
  Server server;
  server.add("any", certificates().add(leaf));
  const SslContextPtr context = trusting_context();
  Scene scene(server, new_origin_connection(context.get(), name));
  REQUIRE(scene.until(
      [&] { return scene.client.told.failures == 1 || scene.client.secured.times == 1; }));
  if (scene.client.secured.times == 1) return "accepted";
  CHECK(scene.client.told.error.doing == IoError::Doing::tls_handshake);
  return scene.client.told.error.text;
}

}  // namespace

TEST_CASE("tls stream: shakes hands in both versions and carries both ways") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const SslContextPtr context = trusting_context();
    SSL_CTX_set_max_proto_version(context.get(), version);
    Scene scene(chat_server(), new_origin_connection(context.get(), "chat.example"));
    REQUIRE(scene.secured());
    CHECK(scene.server.stream->facts().version_name ==
          (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
    CHECK(scene.server.stream->facts().server_name == "chat.example");
    CHECK_FALSE(scene.server.stream->facts().cipher.empty());
    scene.client.write("ping");
    scene.server.write("pong");
    REQUIRE(scene.until(
        [&] { return scene.client.told.data == "pong" && scene.server.told.data == "ping"; }));
    scene.client.stream->end();
    REQUIRE(scene.until([&] { return scene.server.told.ends == 1; }));
    scene.server.write("still");
    scene.server.stream->end();
    REQUIRE(scene.until([&] { return scene.client.told.ends == 1; }));
    CHECK(scene.client.told.data == "pongstill");
    scene.stage.settle();
    CHECK(scene.client.told.failures + scene.server.told.failures == 0);
    CHECK(scene.client.told.ends + scene.server.told.ends == 2);
  }
}

TEST_CASE("tls stream: data that comes with the end of the handshake comes after on_secured") {
  const SslContextPtr context = trusting_context();
  Scene scene(chat_server(), new_origin_connection(context.get(), "chat.example"));
  scene.client.secured.hook = [&] { scene.client.write("at once"); };
  int secured_when_read = 0;
  scene.server.told.data_hook = [&] { secured_when_read = scene.server.secured.times; };
  REQUIRE(scene.until([&] { return scene.server.told.data == "at once"; }));
  CHECK(secured_when_read == 1);
}

TEST_CASE("tls stream: megabytes come whole, queue while they must, and drain") {
  const SslContextPtr context = trusting_context();
  Scene scene(chat_server(), new_origin_connection(context.get(), "chat.example"), 4096);
  REQUIRE(scene.secured());
  std::string text(6'000'000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
  scene.client.stream->pause_reading(Pause::congestion);
  scene.server.write(text);
  REQUIRE(scene.server.stream->congested());
  CHECK(scene.server.stream->queued() > 0);
  scene.stage.settle();
  CHECK(scene.client.told.data.size() < text.size());
  CHECK(scene.server.told.drains == 0);
  scene.client.stream->resume_reading(Pause::congestion);
  REQUIRE(scene.until([&] { return scene.client.told.data.size() == text.size(); }));
  CHECK((scene.client.told.data == text));
  REQUIRE(scene.until([&] { return scene.server.told.drains >= 1; }));
  CHECK(scene.server.stream->queued() == 0);
}

TEST_CASE("tls stream: parts come in order") {
  const SslContextPtr context = trusting_context();
  Scene scene(chat_server(), new_origin_connection(context.get(), "chat.example"));
  REQUIRE(scene.secured());
  const std::string large(100'000, 'x');
  const std::array<Bytes, 3> parts{proto::bytes_of("one "), proto::bytes_of(large),
                                   proto::bytes_of(" three")};
  scene.server.stream->write_all(parts);
  REQUIRE(scene.until([&] { return scene.client.told.data == "one " + large + " three"; }));
}

TEST_CASE("tls stream: a client that speaks no TLS can be answered in clear") {
  LoopStage stage;
  Connection connection = make_connection();
  Recorder told;
  Secured secured;
  TlsStream stream(stage.loop, std::make_unique<TcpStream>(stage.loop, std::move(connection.ours)),
                   chat_server().connection(), TlsStream::Role::server, &secured);
  stream.start(told);
  connection.peer.send("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(stage.run_until([&] { return told.failures == 1; }));
  CHECK(stream.peer_spoke_plain());
  CHECK(told.error.text == "the peer does not speak TLS");
  CHECK(secured.times == 0);
  const std::unique_ptr<Stream> plain = stream.take_transport();
  plain->write(proto::bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
  connection.peer.read();
  CHECK(connection.peer.received == "HTTP/1.1 400 Bad Request\r\n\r\n");
}

TEST_CASE("tls stream: an origin's plaintext before its handshake reaches nobody") {
  // CVE-2026-1642: only the TLS layer may read the socket.
  LoopStage stage;
  Connection connection = make_connection();
  const SslContextPtr context = trusting_context();
  Recorder told;
  Secured secured;
  TlsStream stream(stage.loop, std::make_unique<TcpStream>(stage.loop, std::move(connection.ours)),
                   new_origin_connection(context.get(), "chat.example"), TlsStream::Role::client,
                   &secured);
  stream.start(told);
  connection.peer.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  REQUIRE(stage.run_until([&] { return told.failures == 1; }));
  CHECK(told.error.text == "the origin does not speak TLS on this port");
  CHECK(told.reads == 0);
  CHECK(secured.times == 0);
}

TEST_CASE("tls stream: garbage, an early end and a reset are failures of the handshake") {
  for (const int how : {0, 1, 2}) {
    CAPTURE(how);
    LoopStage stage;
    Connection connection = make_connection();
    Recorder told;
    TlsStream stream(stage.loop,
                     std::make_unique<TcpStream>(stage.loop, std::move(connection.ours)),
                     chat_server().connection(), TlsStream::Role::server, nullptr);
    stream.start(told);
    if (how == 0) connection.peer.send(std::string("\x16\x03\x01\x00\x05hello", 10));
    if (how == 1) connection.peer.shut();
    if (how == 2) connection.peer.reset();
    REQUIRE(stage.run_until([&] { return told.failures == 1; }));
    CHECK(told.error.doing == IoError::Doing::tls_handshake);
    CHECK_FALSE(told.error.text.empty());
    stage.settle();
    CHECK(told.failures == 1);
    CHECK(told.ends == 0);
  }
}

TEST_CASE("tls stream: says what is wrong with an origin's certificate") {
  CHECK(refusal({.name = "good", .alternative_names = "DNS:origin.example"}, "origin.example") ==
        "accepted");
  CHECK(refusal({.name = "address", .alternative_names = "IP:127.0.0.1"}, "127.0.0.1") ==
        "accepted");
  CHECK(refusal({.name = "name", .alternative_names = "DNS:other.example"}, "origin.example") ==
        "certificate: hostname mismatch");
  CHECK(refusal({.name = "ip", .alternative_names = "IP:127.0.0.2"}, "127.0.0.1") ==
        "certificate: IP address mismatch");
  CHECK(refusal({.name = "old", .alternative_names = "DNS:origin.example", .lasts_seconds = -3600},
                "origin.example") == "certificate: certificate has expired");
  CHECK(refusal({.name = "self", .alternative_names = "DNS:origin.example", .self_signed = true},
                "origin.example") == "certificate: self-signed certificate");
  CHECK(refusal({.name = "part", .alternative_names = "DNS:o*.example"}, "origin.example") ==
        "certificate: hostname mismatch");
}

TEST_CASE("tls stream: without verification any certificate will do") {
  Server server;
  server.add("any", certificates().add(
                        {.name = "any", .alternative_names = "DNS:x", .self_signed = true}));
  auto context = make_origin_context({.verify = false, .ca_file = ""});
  REQUIRE(context.has_value());
  Scene scene(server, new_origin_connection(context->get(), "origin.example"));
  CHECK(scene.secured());
}

TEST_CASE("tls stream: the server name chooses the certificate, and an address sends none") {
  Server server;
  server
      .add("a.example",
           certificates().add({.name = "a", .alternative_names = "DNS:a.example,IP:127.0.0.1"}))
      .add("b.example", certificates().add({.name = "b", .alternative_names = "DNS:b.example"}));
  const SslContextPtr context = trusting_context();
  for (const std::string name : {"b.example", "a.example", "127.0.0.1"}) {
    CAPTURE(name);
    Scene scene(server, new_origin_connection(context.get(), name));
    CHECK(scene.secured());
  }
  CHECK(server.asked["b.example"] == 1);
  CHECK(server.asked["a.example"] == 1);
  CHECK(server.asked[""] == 1);
}

TEST_CASE("tls stream: a client that offers no http/1.1 gets no_application_protocol") {
  const SslContextPtr context = trusting_context();
  constexpr std::string_view kH2 = "\x02h2";
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(kH2.data()),
                          kH2.size());
  Scene scene(chat_server(), new_origin_connection(context.get(), "chat.example"));
  REQUIRE(scene.until([&] { return scene.client.told.failures == 1; }));
  CHECK(scene.client.told.error.text.find("no application protocol") != std::string::npos);
}

TEST_CASE("tls stream: may be destroyed inside each of its callbacks") {
  const SslContextPtr context = trusting_context();
  const auto scene_of = [&] {
    return std::make_unique<Scene>(chat_server(),
                                   new_origin_connection(context.get(), "chat.example"));
  };
  {
    auto scene = scene_of();
    scene->server.secured.hook = [&] { scene->server.stream.reset(); };
    REQUIRE(scene->until([&] { return scene->server.stream == nullptr; }));
    REQUIRE(
        scene->until([&] { return scene->client.told.ends + scene->client.told.failures == 1; }));
  }
  {
    auto scene = scene_of();
    REQUIRE(scene->secured());
    scene->server.told.data_hook = [&] { scene->server.stream.reset(); };
    scene->client.write("x");
    REQUIRE(scene->until([&] { return scene->server.stream == nullptr; }));
  }
  {
    auto scene = scene_of();
    REQUIRE(scene->secured());
    scene->server.told.end_hook = [&] { scene->server.stream.reset(); };
    scene->client.stream->end();
    REQUIRE(scene->until([&] { return scene->server.stream == nullptr; }));
  }
  {
    auto scene = std::make_unique<Scene>(chat_server(),
                                         new_origin_connection(context.get(), "wrong.example"));
    scene->client.told.failed_hook = [&] { scene->client.stream.reset(); };
    REQUIRE(scene->until([&] { return scene->client.stream == nullptr; }));
    REQUIRE(scene->until([&] { return scene->server.told.failures == 1; }));
  }
}

TEST_CASE("tls stream: a peer that asks for key after key and reads no answer is given up") {
  LoopStage stage;
  Peer near;
  Peer far;
  const auto carry = [&] {
    for (int i = 0; i < 4; ++i) {
      near.send(far.take_received());
      far.send(near.take_received());
    }
  };
  Recorder told;
  Recorder ignored;
  const SslContextPtr trusting = trusting_context();
  SslPtr ssl = new_origin_connection(trusting.get(), "chat.example");
  SSL* client_ssl = ssl.get();
  TlsStream server(stage.loop, near.connect(), chat_server().connection(), TlsStream::Role::server,
                   nullptr);
  TlsStream client(stage.loop, far.connect(), std::move(ssl), TlsStream::Role::client, nullptr);
  server.start(told);
  client.start(ignored);
  carry();
  near.set_room(0);
  for (int i = 0; i < 5000 && told.failures == 0; ++i) {
    REQUIRE(SSL_key_update(client_ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
    client.write(proto::bytes_of("x"));
    near.send(far.take_received());
  }
  CHECK(told.failures == 1);
  CHECK(told.data.size() > 100);  // a few would be nothing to complain of
  CHECK(near.queued() < size_t{64} * 1024);
}

namespace {

// A server's stream over memory that has shaken hands with a client of OpenSSL's own.
struct MemoryScene {
  explicit MemoryScene(SSL_CTX* trusting)
      : ssl(new_origin_connection(trusting, "chat.example")),
        server(std::make_unique<TlsStream>(stage.loop, near.connect(), chat_server().connection(),
                                           TlsStream::Role::server, nullptr)) {
    SSL_set_connect_state(ssl.get());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    server->start(told);
    for (int i = 0; i < 4 && SSL_do_handshake(ssl.get()) != 1; ++i) {
      near.send(proto::bytes_of(said()));
      const std::vector<uint8_t> answer = near.take_received();
      BIO_write(SSL_get_rbio(ssl.get()), answer.data(), static_cast<int>(answer.size()));
    }
    if (const std::string last = said(); !last.empty()) near.send(proto::bytes_of(last));
  }
  // What the client has written since.
  std::string said() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl.get())), 0);
    BIO_read(SSL_get_wbio(ssl.get()), out.data(), static_cast<int>(out.size()));
    return out;
  }

  LoopStage stage;
  Peer near;
  Recorder told;
  SslPtr ssl;
  std::unique_ptr<TlsStream> server;
};

}  // namespace

TEST_CASE("FXL tls stream: what comes behind a close_notify is dropped, not kept for later") {
  for (const bool broken : {false, true}) {
    CAPTURE(broken);
    const SslContextPtr trusting = trusting_context();
    MemoryScene scene(trusting.get());
    REQUIRE(scene.server->facts().handshake_done);
    if (!broken) SSL_shutdown(scene.ssl.get());
    const std::string junk = "\x17\x03\x03\x40\x00 and so on";
    scene.near.send(proto::bytes_of(scene.said() + std::string(40, 'j') + junk));
    CHECK(scene.told.ends == (broken ? 0 : 1));
    CHECK(scene.told.failures == (broken ? 1 : 0));
    // The read buffer belongs to others by now: the stream asserts that nothing of it is left.
    scene.near.send(proto::bytes_of(junk));
    scene.server->write(proto::bytes_of("still"));
    scene.server->end();
    scene.near.send(proto::bytes_of(junk));
    CHECK(scene.told.ends + scene.told.failures == 1);
    CHECK(scene.told.data.empty());
  }
}

#ifndef NDEBUG
TEST_CASE("FXL tls stream: a call from another thread than its loop's is stopped") {
  const SslContextPtr trusting = trusting_context();
  MemoryScene scene(trusting.get());
  REQUIRE(scene.server->facts().handshake_done);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    std::signal(SIGABRT, SIG_DFL);
    ::close(STDERR_FILENO);
    std::thread([&] { scene.server->end(); }).join();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
#endif
