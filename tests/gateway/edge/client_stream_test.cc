#include "gateway/edge/client_stream.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "tests/support/certificates.h"
#include "tests/support/tls_client.h"
#include "tests/support/worker_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::edge::ClientStream;
using gateway::edge::Gate;
using gateway::edge::Refusal;
using gateway::outcome::Cause;

namespace {

// One client's socket in the hands of a ClientStream, which each callback destroys.
class Arrival final : public ClientStream::Handler {
 public:
  Arrival() { scene.use(std::string(kEchoDomain)); }

  // The listener asks trusted peers, of that network, for a PROXY header.
  void trust(const char* network) {
    auto document = with_echo();
    gateway::config::Listener listener;
    listener.name = "public";
    listener.proxy_protocol.emplace().trusted = {*gateway::config::parse_network(network)};
    document.listeners.push_back(listener);
    scene.use(std::move(document));
  }
  void secure(Certificates& certificates) {
    auto document = with_echo();
    const auto made =
        certificates.add({.name = "chat.example.com", .alternative_names = "DNS:chat.example.com"});
    document.domains[0].tls = {.certificate = made.chain_file, .key = made.key_file};
    scene.use(std::move(document));
    scene.entrance.tls = true;
  }
  void begin() {
    Connection connection = make_connection();
    client = std::move(connection.peer);
    const auto peer = *gateway::net::Address::peer_of(connection.ours.get());
    stream_ = std::make_unique<ClientStream>(scene.context, scene.entrance,
                                             std::move(connection.ours), peer, *this);
    stream_->start();
  }
  bool over() {
    return scene.stage.run_until([this] { return calls > 0; }) && calls == 1;
  }
  bool waits() const { return stream_ != nullptr; }
  void turn_away() { stream_->turn_away(); }
  bool client_sees_end() {
    return scene.stage.run_until([this] {
      client.read();
      return client.ended || client.error != 0;
    });
  }

  WorkerScene scene;
  RawPeer client;
  int calls = 0;
  std::optional<ClientStream::Ready> ready;
  std::optional<bool> plain_head;  // it spoke plain, and whether by HEAD
  std::optional<Refusal> lost;

 private:
  static gateway::config::Document with_echo() {
    gateway::config::Document document;
    document.node = "node-1";
    gateway::config::Domain chat;
    chat.names = {"chat.example.com"};
    chat.websocket.enabled = true;
    chat.origin.builtin = gateway::config::Origin::Builtin::echo;
    document.domains.push_back(chat);
    return document;
  }

  void on_ready(ClientStream::Ready given) override {
    ++calls;
    stream_.reset();
    ready.emplace(std::move(given));
  }
  void on_spoke_plain(ClientStream::Ready given, bool head) override {
    plain_head = head;
    on_ready(std::move(given));
  }
  void on_lost(const std::optional<Refusal>& why) override {
    ++calls;
    lost = why;
    stream_.reset();
  }

  std::unique_ptr<ClientStream> stream_;
};

constexpr const char* kEverybody = "127.0.0.0/8";
constexpr const char* kNobody = "10.0.0.0/8";
const std::string kHeader = "PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n";
// The beginning of a handshake record that will not come whole.
const std::string kHalfHello("\x16\x03\x01\x02\x00\x01", 6);

}  // namespace

TEST_CASE("client stream: without PROXY header and TLS it is ready at once, and nothing is read") {
  Arrival arrival;
  arrival.begin();
  REQUIRE(arrival.ready);
  const auto& facts = arrival.ready->facts;
  CHECK(facts.address.host() == "127.0.0.1");
  CHECK(facts.address.port() != 0);
  CHECK(facts.server == *gateway::net::Address::peer_of(arrival.client.fd()));
  CHECK_FALSE(facts.proxy);
  CHECK_FALSE(facts.tls.handshake_done);
  CHECK(facts.accepted == arrival.scene.stage.loop.now());
  CHECK(arrival.ready->snapshot == arrival.scene.context.snapshot);
  arrival.client.send("said first");
  Recorder told;
  arrival.ready->stream->start(told);
  CHECK(arrival.scene.stage.run_until([&] { return told.data == "said first"; }));
}

TEST_CASE("client stream: the client is whom the PROXY header names, its sender stands beside") {
  Arrival arrival;
  arrival.trust(kEverybody);
  arrival.begin();
  CHECK(arrival.calls == 0);
  arrival.client.send(kHeader + "GET /");
  REQUIRE(arrival.over());
  REQUIRE(arrival.ready);
  CHECK(arrival.ready->facts.address.to_string() == "203.0.113.7:4711");
  REQUIRE(arrival.ready->facts.proxy);
  CHECK(arrival.ready->facts.proxy->host() == "127.0.0.1");
  Recorder told;
  arrival.ready->stream->start(told);
  CHECK(arrival.scene.stage.run_until([&] { return told.data == "GET /"; }));
}

TEST_CASE("client stream: a bad, a missing and a forged PROXY header are told apart") {
  struct Row {
    const char* trusted;
    std::string_view said;
    bool waits;  // for header_timeout
    std::string_view why;
  };
  for (const Row& row :
       {Row{kEverybody, "GET / HTTP/1.1\r\n", false, "bad PROXY header: "},
        Row{kEverybody, "PROXY", true, "no PROXY header came within header_timeout"},
        Row{kNobody, kHeader, false, "a PROXY header from an address that is not trusted"}}) {
    CAPTURE(row.said);
    Arrival arrival;
    arrival.trust(row.trusted);
    arrival.begin();
    arrival.client.send(row.said);
    arrival.scene.stage.settle();
    if (row.waits) arrival.scene.pass(11s);
    REQUIRE(arrival.over());
    REQUIRE(arrival.lost);
    CHECK(arrival.lost->cause == Cause::proxy_header);
    CHECK(arrival.lost->gate == Gate::proxy_header);
    CHECK(arrival.lost->why.starts_with(row.why));
  }
}

TEST_CASE("client stream: what may yet become a PROXY header is a request when the time is over") {
  Arrival arrival;
  arrival.trust(kNobody);
  arrival.begin();
  arrival.client.send("PROX");
  arrival.scene.stage.settle();
  CHECK(arrival.calls == 0);
  arrival.scene.pass(11s);
  REQUIRE(arrival.over());
  CHECK(arrival.ready);
}

TEST_CASE("client stream: over TLS it is ready with what was agreed on, and that is counted") {
  Certificates certificates;
  Arrival arrival;
  arrival.secure(certificates);
  arrival.begin();
  TlsClient client(arrival.scene.stage, gateway::net::UniqueFd(::dup(arrival.client.fd())),
                   certificates, "Chat.example.com");
  REQUIRE(arrival.over());
  REQUIRE(arrival.ready);
  const auto& tls = arrival.ready->facts.tls;
  CHECK(tls.handshake_done);
  CHECK(tls.version_name == "TLSv1.3");
  CHECK(tls.cipher.starts_with("TLS_"));
  CHECK(tls.server_name == "Chat.example.com");
  CHECK_FALSE(tls.resumed);
  CHECK(arrival.scene.gate().tls[1][0].value() == 1);
  Recorder told;
  arrival.ready->stream->start(told);
  client.send("inside");
  CHECK(arrival.scene.stage.run_until([&] { return told.data == "inside"; }));
}

TEST_CASE("client stream: clear HTTP on a port with TLS can be answered in clear") {
  Certificates certificates;
  for (const bool head : {true, false}) {
    Arrival arrival;
    arrival.secure(certificates);
    arrival.begin();
    arrival.client.send(head ? "HEAD / HTTP/1.1\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n");
    REQUIRE(arrival.over());
    REQUIRE(arrival.ready);
    CHECK(arrival.plain_head == head);
    arrival.ready->stream->write(proto::bytes_of("in clear"));
    CHECK(arrival.scene.stage.run_until([&] {
      arrival.client.read();
      return arrival.client.received == "in clear";
    }));
  }
}

TEST_CASE("client stream: a handshake that fails or takes too long says so, silence does not") {
  struct Row {
    std::string_view said;
    bool waits;
    std::optional<Cause> cause;
  };
  const std::string junk = std::string("\x16\x03\x01\x00\x04", 5) + "junk";
  for (const Row& row :
       {Row{kHalfHello, false, Cause::bad_request}, Row{kHalfHello, true, Cause::request_timeout},
        Row{junk, false, Cause::bad_request}, Row{{}, false, std::nullopt}}) {
    CAPTURE(row.said.size());
    CAPTURE(row.waits);
    Certificates certificates;
    Arrival arrival;
    arrival.secure(certificates);
    arrival.begin();
    arrival.client.send(row.said);
    arrival.scene.stage.settle();
    if (row.waits) {
      arrival.scene.pass(11s);
    } else {
      arrival.client.close();
    }
    REQUIRE(arrival.over());
    CHECK(arrival.lost.has_value() == row.cause.has_value());
    if (!row.cause) continue;
    CHECK(arrival.lost->cause == *row.cause);
    CHECK(arrival.lost->gate == Gate::tls);
  }
}

TEST_CASE("client stream: a drain lets who has said nothing go with a FIN, and others go on") {
  Certificates certificates;
  for (const bool speaks : {false, true}) {
    CAPTURE(speaks);
    Arrival arrival;
    arrival.secure(certificates);
    arrival.begin();
    if (speaks) arrival.client.send(kHalfHello);
    arrival.scene.stage.settle();
    arrival.turn_away();
    arrival.scene.stage.settle();
    arrival.client.read();
    CHECK(arrival.client.ended == !speaks);
    CHECK(arrival.waits());
    if (speaks) continue;
    // Its hello crosses the FIN, and meets no reset.
    arrival.client.send(kHalfHello);
    arrival.scene.stage.settle();
    arrival.client.read();
    CHECK(arrival.client.error == 0);
    arrival.scene.pass(3s);
    REQUIRE(arrival.over());
    CHECK_FALSE(arrival.lost);
  }
}
