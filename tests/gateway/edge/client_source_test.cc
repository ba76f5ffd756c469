#include "gateway/edge/client_source.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"

using namespace tests;
using gateway::config::Document;

namespace {

// The clients of the stage all come from 127.0.0.1.
EdgeStage::Change trusting(const std::vector<std::string_view>& networks,
                           std::string_view header = "X-Forwarded-For") {
  return [networks, header](Document& document) {
    for (const std::string_view network : networks)
      document.trusted_proxies.push_back(*gateway::config::parse_network(network));
    document.client_address_header = header;
  };
}

// What the origin is sent of a request with those fields.
std::string told(EdgeStage& stage, std::string_view fields) {
  RawPeer client = stage.client(upgrade_request({.fields = std::string(fields)}));
  RawPeer origin = stage.asked();
  origin.send(switching_answer(origin.received));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  return origin.received;
}

constexpr std::string_view kForged =
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"
    "X-Forwarded-Port: 8443\r\nX_Forwarded_For: 203.0.113.7\r\nForwarded: for=203.0.113.7\r\n"
    "X-Real-IP: 203.0.113.7\r\nClient-Cert: :abc=:\r\nX-SSL-Client-Verify: SUCCESS\r\n";

}  // namespace

TEST_CASE("1.1 client source: what an untrusted peer says changes neither log nor origin") {
  using Networks = std::vector<std::string_view>;
  for (const Networks& networks : {Networks{}, Networks{"10.0.0.0/8", "::1"}}) {
    AccessFile file;
    EdgeStage stage(trusting(networks), &file.log());
    const std::string request = told(stage, kForged);
    CHECK(field_of(request, "X-Forwarded-For") == "127.0.0.1");
    CHECK(field_of(request, "X-Forwarded-Proto") == "http");
    CHECK(field_of(request, "X-Forwarded-Host") == "chat.example.com");
    CHECK(field_of(request, "X-Forwarded-Port") == "80");
    CHECK(request.find("203.0.113.7") == std::string::npos);
    CHECK(field_of(request, "Client-Cert").empty());
    CHECK(field_of(request, "X-SSL-Client-Verify").empty());
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["client_ip"] == "127.0.0.1");
    CHECK_FALSE(lines[0].contains("proxy_ip"));
    CHECK(lines[0]["xforwordfor"] == "203.0.113.7");
    CHECK(lines[0]["scheme"] == "ws");
  }
}

TEST_CASE("1.1 client source: a trusted peer says who the client is, to log and origin") {
  AccessFile file;
  EdgeStage stage(
      [](Document& document) {
        trusting({"127.0.0.1", "10.0.0.0/8"})(document);
        document.domains[0].origin.protocol = gateway::config::Origin::Protocol::http;
      },
      &file.log());
  const std::string request =
      told(stage,
           "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nx-forwarded-for: 10.0.0.1\r\n"
           "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example:8443\r\nX-Forwarded-Port: 1\r\n"
           "X-Real-IP: 203.0.113.7\r\nX-Client-Scheme: ftp\r\nX_Forwarded_For: 6.6.6.6\r\n");
  CHECK(field_of(request, "X-Forwarded-For") == "6.6.6.6, 203.0.113.7, 10.0.0.1, 127.0.0.1");
  CHECK(field_of(request, "X-Forwarded-Proto") == "https");
  CHECK(field_of(request, "X-Forwarded-Host") == "a.example:8443");
  CHECK(field_of(request, "X-Forwarded-Port") == "8443");
  CHECK(field_of(request, "X-Client-Scheme") == "https");
  CHECK(field_of(request, "X-Real-IP") == "203.0.113.7");
  CHECK(field_of(request, "X_Forwarded_For").empty());
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["client_ip"] == "203.0.113.7");
  CHECK(lines[0]["proxy_ip"] == "127.0.0.1");
  CHECK(lines[0]["scheme"] == "wss");
}

TEST_CASE(
    "1.1 client source: X-Forwarded-Proto of a trusted peer decides how the origin is spoken to") {
  for (const bool trusted : {true, false}) {
    CAPTURE(trusted);
    EdgeStage stage(trusting({trusted ? "127.0.0.1" : "10.0.0.1"}));
    RawPeer client = stage.client(upgrade_request({.fields = "X-Forwarded-Proto: https\r\n"}));
    REQUIRE(stage.until([&] { return readable(stage.origin.fd()); }));
    RawPeer origin(stage.origin.accept());
    REQUIRE(stage.until([&] {
      origin.read();
      return !origin.received.empty();
    }));
    CHECK(origin.received.front() == (trusted ? '\x16' : 'G'));  // a ClientHello, or a request
  }
}

TEST_CASE("1.1 client source: a trusted peer that names nobody is the client itself") {
  AccessFile file;
  EdgeStage stage(trusting({"127.0.0.1"}), &file.log());
  const std::string request = told(stage, "X-Forwarded-For: 203.0.113.7, unknown\r\n");
  CHECK(field_of(request, "X-Forwarded-For") == "203.0.113.7, unknown, 127.0.0.1");
  CHECK(field_of(request, "X-Forwarded-Proto") == "http");
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["client_ip"] == "127.0.0.1");
  CHECK_FALSE(lines[0].contains("proxy_ip"));
}

TEST_CASE("1.1 client source: the field that says it may be Forwarded, or one of one address") {
  EdgeStage pairs(trusting({"127.0.0.1"}, "Forwarded"));
  const std::string by_pairs = told(
      pairs, "Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\nX-Forwarded-For: 6.6.6.6\r\n");
  CHECK(field_of(by_pairs, "X-Forwarded-For") == "[2001:db8::1]:4711, 127.0.0.1");
  AccessFile file;
  EdgeStage one(trusting({"127.0.0.1"}, "CF-Connecting-IP"), &file.log());
  const std::string by_one =
      told(one, "CF-Connecting-IP: 203.0.113.7\r\nX-Forwarded-For: 6.6.6.6\r\n");
  CHECK(field_of(by_one, "X-Forwarded-For") == "203.0.113.7, 127.0.0.1");
  CHECK(file.lines().at(0)["client_ip"] == "203.0.113.7");
}

TEST_CASE("client source: http.forwarded tells the origin as RFC 7239 has it, too") {
  EdgeStage alone([](Document& document) { document.domains[0].http.forwarded = true; });
  CHECK(field_of(told(alone, "Forwarded: for=6.6.6.6\r\n"), "Forwarded") ==
        "for=127.0.0.1;host=\"chat.example.com\";proto=http");
  EdgeStage behind([](Document& document) {
    trusting({"127.0.0.1"})(document);
    document.domains[0].http.forwarded = true;
  });
  const std::string request = told(behind, "X-Forwarded-For: 203.0.113.7\r\n");
  CHECK(field_of(request, "Forwarded") ==
        "for=203.0.113.7, for=127.0.0.1;host=\"chat.example.com\";proto=http");
}

TEST_CASE("1.1 client source: the PROXY header's address is the peer that is trusted or not") {
  for (const bool trusted : {true, false}) {
    CAPTURE(trusted);
    AccessFile file;
    EdgeStage stage(
        [trusted](Document& document) {
          gateway::config::Listener listener;
          listener.name = "public";
          listener.proxy_protocol.emplace().trusted = {
              *gateway::config::parse_network("127.0.0.0/8")};
          document.listeners.push_back(listener);
          trusting({trusted ? "198.51.100.1" : "127.0.0.1"})(document);
        },
        &file.log());
    RawPeer client = stage.client("PROXY TCP4 198.51.100.1 127.0.0.1 4711 443\r\n" +
                                  upgrade_request({.fields = "X-Forwarded-For: 203.0.113.7\r\n"}));
    RawPeer origin = stage.asked();
    origin.send(switching_answer(origin.received));
    REQUIRE(stage.has(client, "\r\n\r\n"));
    CHECK(field_of(origin.received, "X-Forwarded-For") ==
          (trusted ? "203.0.113.7, 198.51.100.1" : "198.51.100.1"));
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["client_ip"] == (trusted ? "203.0.113.7" : "198.51.100.1"));
    CHECK(lines[0]["proxy_ip"] == (trusted ? "198.51.100.1" : "127.0.0.1"));
  }
}
