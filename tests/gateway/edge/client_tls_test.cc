#include <string>

#include <doctest/doctest.h>

#include "gateway/edge/client.h"
#include "tests/support/access_file.h"
#include "tests/support/certificates.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"
#include "tests/support/tls_client.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Document;

namespace {

// chat.example.com and other.example.com with certificates of their own, bare.example.com without.
EdgeStage::Change three_domains(Certificates& certificates) {
  return [&certificates](Document& document) {
    for (const char* name : {"other.example.com", "bare.example.com"}) {
      gateway::config::Domain next = document.domains[0];
      next.names = {name};
      document.domains.push_back(next);
    }
    for (const size_t index : {size_t{0}, size_t{1}}) {
      const std::string& name = document.domains[index].names[0];
      const auto made = certificates.add({.name = name, .alternative_names = "DNS:" + name});
      document.domains[index].tls = {.certificate = made.chain_file, .key = made.key_file};
    }
  };
}

// On a socket of its own, which lives as long as the client.
TlsClient shake_hands(EdgeStage& stage, Certificates& certificates, const std::string& name) {
  const RawPeer peer = stage.tls_client();
  return {stage.stage, gateway::net::UniqueFd(::dup(peer.fd())), certificates, name};
}

}  // namespace

TEST_CASE("client tls: a wss upgrade says https to the origin") {
  Certificates certificates;
  EdgeStage stage([&certificates](Document& document) {
    three_domains(certificates)(document);
    document.domains[0].origin.protocol = gateway::config::Origin::Protocol::http;
  });
  TlsClient client = shake_hands(stage, certificates, "chat.example.com");
  client.send(upgrade_request());
  RawPeer origin = stage.asked();
  CHECK(field_of(origin.received, "X-Forwarded-Proto") == "https");
  origin.send(switching_answer(origin.received));
  REQUIRE(stage.until([&] { return status_of(client.told.data) == 101; }));
  CHECK(stage.gate().tls[1][0].value() == 1);
  CHECK(stage.metered()[gateway::usage::Field::sessions_wss] == 1);
}

TEST_CASE("FY2 client connection: a server name may have capitals and the dot of the root") {
  for (const char* sni : {"Other.example.com", "other.example.com.", "OTHER.EXAMPLE.COM."}) {
    CAPTURE(sni);
    Certificates certificates;
    EdgeStage stage([&certificates](Document& document) {
      three_domains(certificates)(document);
      document.domains[1].origin.protocol = gateway::config::Origin::Protocol::http;
    });
    TlsClient client = shake_hands(stage, certificates, sni);
    CHECK(client.shows("other.example.com"));
    client.send(upgrade_request({.host = "other.example.com."}));
    RawPeer origin = stage.asked();
    origin.send(switching_answer(origin.received));
    CHECK(stage.until([&] { return status_of(client.told.data) == 101; }));
  }
}

TEST_CASE("client tls: 421 when Host is not of the name that TLS was asked for") {
  struct Row {
    const char* sni;
    const char* host;
  };
  // An IP literal sends no server name: the default certificate is that of the first domain.
  for (const Row& row :
       {Row{"chat.example.com", "other.example.com"}, Row{"chat.example.com", "bare.example.com"},
        Row{"nobody.example.com", "chat.example.com"}, Row{"127.0.0.1", "other.example.com"},
        Row{"chat.example.com", "nobody.example.com"}}) {
    CAPTURE(row.sni);
    CAPTURE(row.host);
    Certificates certificates;
    AccessFile file;
    EdgeStage stage(three_domains(certificates), &file.log());
    TlsClient client = shake_hands(stage, certificates, row.sni);
    client.send(upgrade_request({.host = row.host}));
    REQUIRE(stage.until([&] { return client.told.ends + client.told.failures > 0; }));
    CHECK(status_of(client.told.data) == 421);
    CHECK(stage.unmatched_answers(421) == 1);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].cause() == "misdirected");
    CHECK(lines[0]["tls_version"] == "TLSv1.3");
    CHECK_FALSE(readable(stage.origin.fd()));
  }
}

TEST_CASE(
    "FY3 client connection: a port check of a TLS listener leaves no trace, half a hello does") {
  struct Row {
    bool proxied;  // a PROXY header comes first
    bool resets;
    std::string_view said;
    uint64_t failed;
  };
  // 22: a handshake record that will not come whole.
  const std::string_view hello("\x16\x03\x01\x02\x00\x01", 6);
  for (const Row& row :
       {Row{false, false, {}, 0}, Row{false, true, {}, 0}, Row{true, false, {}, 0},
        Row{true, true, {}, 0}, Row{false, false, hello.substr(0, 1), 1},
        Row{false, false, hello, 1}, Row{false, true, hello, 1}, Row{true, false, hello, 1}}) {
    CAPTURE(row.proxied);
    CAPTURE(row.resets);
    CAPTURE(row.said.size());
    Certificates certificates;
    AccessFile file;
    EdgeStage stage(
        [&](Document& document) {
          three_domains(certificates)(document);
          if (!row.proxied) return;
          gateway::config::Listener listener;
          listener.name = "public";
          listener.proxy_protocol.emplace().trusted = {
              *gateway::config::parse_network("127.0.0.0/8")};
          document.listeners.push_back(listener);
        },
        &file.log());
    RawPeer client = stage.tls_client();
    if (row.proxied) client.send("PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n");
    client.send(row.said);
    REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
    stage.stage.settle();
    if (row.resets) {
      client.reset();
    } else {
      client.close();
    }
    REQUIRE(stage.until([&] { return stage.clients.size() == 0; }));
    CHECK(stage.gate().tls_failed.value() == row.failed);
    CHECK(file.lines().size() == row.failed);
  }
}

TEST_CASE("FY16 client connection: a drain lets a TLS handshake end, and answers the request 503") {
  Certificates certificates;
  EdgeStage stage(three_domains(certificates));
  TlsClient idle = shake_hands(stage, certificates, "chat.example.com");
  TlsClient client = shake_hands(stage, certificates, "chat.example.com");
  RawPeer shaking = stage.tls_client();
  shaking.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  RawPeer silent = stage.tls_client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 4; }));
  stage.stage.settle();
  client.send(upgrade_request());
  stage.context.draining = true;
  for (size_t i = stage.clients.size(); i > 0; --i) stage.clients.at(i - 1).turn_away();
  REQUIRE(stage.answered(silent));
  CHECK(silent.error == 0);
  REQUIRE(stage.until([&] { return client.told.ends + client.told.failures > 0; }));
  CHECK(status_of(client.told.data) == 503);
  REQUIRE(stage.until([&] { return idle.told.ends + idle.told.failures > 0; }));
  CHECK(idle.told.ends == 1);
  CHECK(idle.told.data.empty());
  shaking.read();
  CHECK_FALSE(shaking.ended);
}

TEST_CASE("client tls: who speaks plain HTTP to a TLS port is told so in clear") {
  Certificates certificates;
  AccessFile file;
  EdgeStage stage(three_domains(certificates), &file.log());
  RawPeer client = stage.tls_client();
  client.send(upgrade_request());
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 400);
  CHECK(body_of(client.received) == "this port speaks TLS: use wss:// or https://\n");
  CHECK(stage.gate().tls_failed.value() == 1);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["error"] == "this port speaks TLS: use wss:// or https://");
}

TEST_CASE("FY1 client connection: who asks a TLS port for a head in clear gets no body") {
  Certificates certificates;
  for (const bool head : {true, false}) {
    EdgeStage stage(three_domains(certificates));
    RawPeer client = stage.tls_client();
    client.send(head ? "HEAD / HTTP/1.1\r\n\r\n" : "HEADS / HTTP/1.1\r\n\r\n");
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == 400);
    CHECK(body_of(client.received).empty() == head);
  }
}

TEST_CASE("client tls: a TLS handshake that does not end within header_timeout is cut") {
  Certificates certificates;
  AccessFile file;
  EdgeStage stage(three_domains(certificates), &file.log());
  RawPeer client = stage.tls_client();
  client.send("\x16\x03\x01");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  stage.pass(11s);
  CHECK(stage.clients.size() == 0);
  REQUIRE(readable(client.fd(), 5000));
  client.read();
  CHECK(client.received.empty());
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].cause() == "request_timeout");
  CHECK(stage.gate().tls_failed.value() == 1);
}

TEST_CASE("client tls: octets that are no TLS leave one line") {
  Certificates certificates;
  AccessFile file;
  EdgeStage stage(three_domains(certificates), &file.log());
  RawPeer client = stage.tls_client();
  client.send(std::string("\x16\x03\x01\x00\x04", 5) + "junk");
  REQUIRE(stage.answered(client));
  CHECK(stage.clients.size() == 0);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["error"].text().starts_with("no TLS handshake: "));
}
