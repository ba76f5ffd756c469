#include "gateway/edge/proxy_preface.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "proto/proxy_header/encoder.h"
#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Document;
using proto::proxy_header::Version;

namespace {

// The listener of the stage, whose clients all come from 127.0.0.1.
EdgeStage::Change trusting(const char* network) {
  return [network](Document& document) {
    gateway::config::Listener listener;
    listener.name = "public";
    listener.proxy_protocol.emplace().trusted = {*gateway::config::parse_network(network)};
    document.listeners.push_back(listener);
  };
}
constexpr const char* kUs = "127.0.0.0/8";
constexpr const char* kOthers = "10.0.0.0/8";

std::string header(Version version) {
  return proto::proxy_header::write_header(
      version, {.source = {*proto::proxy_header::parse_ipv4("203.0.113.7")},
                .destination = {*proto::proxy_header::parse_ipv4("198.51.100.1")}});
}

const std::string kLine = "PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n";

uint64_t refused(EdgeStage& stage) {
  return stage.gate().rejected[gateway::metrics::kProxyHeaderRejection].value();
}

}  // namespace

TEST_CASE(
    "proxy preface: the address in the header is the client's, the peer's own stands beside") {
  AccessFile file;
  EdgeStage stage(trusting(kUs), &file.log());
  RawPeer client = stage.client(kLine + upgrade_request());
  RawPeer origin = stage.asked();
  CHECK(field_of(origin.received, "X-Forwarded-For") == "203.0.113.7");
  origin.send(switching_answer(origin.received));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  CHECK(status_of(client.received) == 101);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["client_ip"] == "203.0.113.7");
  CHECK(lines[0]["remote_port"] == 4711);
  CHECK(lines[0]["proxy_ip"] == "127.0.0.1");
  CHECK(refused(stage) == 0);
  stage.scribe.access = nullptr;
}

TEST_CASE("proxy preface: version 2 and IPv6, and the header octet by octet") {
  const auto v6 = proto::proxy_header::write_header(
      Version::v2, {.source = *proto::proxy_header::parse_ipv6("2001:db8::7"),
                    .destination = *proto::proxy_header::parse_ipv6("2001:db8::1")});
  for (const std::string& front : {header(Version::v2), header(Version::v1), v6}) {
    EdgeStage stage(trusting(kUs));
    RawPeer client = stage.client();
    for (const char octet : front) {
      client.send({&octet, 1});
      stage.stage.settle();
    }
    CHECK(stage.clients.size() == 1);
    client.send(upgrade_request());
    RawPeer origin = stage.asked();
    const std::string from = front == v6 ? "2001:db8::7" : "203.0.113.7";
    CHECK(field_of(origin.received, "X-Forwarded-For").find(from) != std::string::npos);
  }
}

TEST_CASE("proxy preface: LOCAL and UNKNOWN leave the peer's own address") {
  for (const std::string& front : {proto::proxy_header::write_local(Version::v2),
                                   proto::proxy_header::write_local(Version::v1)}) {
    AccessFile file;
    EdgeStage stage(trusting(kUs), &file.log());
    RawPeer client = stage.client(front + upgrade_request({.version = "8"}));
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == 426);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["client_ip"] == "127.0.0.1");
    CHECK_FALSE(lines[0].contains("proxy_ip"));
  }
}

TEST_CASE("proxy preface: a trusted peer without a good header is cut off, with one line") {
  const std::string too_long = "PROXY TCP4 " + std::string(200, '1') + "\r\n";
  const std::string overrun = std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", 16);
  for (const std::string& front : {upgrade_request(), std::string("PROXY TCP4 nonsense\r\n"),
                                   too_long, overrun, std::string("\x16\x03\x01\x02\x00", 5)}) {
    CAPTURE(front);
    AccessFile file;
    EdgeStage stage(trusting(kUs), &file.log());
    RawPeer client = stage.client(front + upgrade_request());
    REQUIRE(stage.answered(client));
    CHECK(client.received.empty());
    CHECK(stage.clients.size() == 0);
    CHECK(stage.admission.held() == 0);
    CHECK(refused(stage) == 1);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["event"] == "refused");
    CHECK(lines[0]["close_cause"] == "proxy_header");
    CHECK(lines[0]["error"].text().starts_with("bad PROXY header: "));
    CHECK(lines[0]["client_ip"] == "127.0.0.1");
  }
}

TEST_CASE("proxy preface: whoever stalls after any octet of a header is cut at header_timeout") {
  const std::string front = header(Version::v2);
  for (size_t sent = 0; sent < front.size(); ++sent) {
    CAPTURE(sent);
    AccessFile file;
    EdgeStage stage(trusting(kUs), &file.log());
    RawPeer client = stage.client(front.substr(0, sent));
    REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
    stage.stage.settle();
    stage.pass(11s);
    CHECK(stage.clients.size() == 0);
    CHECK(refused(stage) == 1);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["error"] == "no PROXY header came within header_timeout");
  }
}

TEST_CASE("proxy preface: one that ends within its header is logged, one that says nothing not") {
  for (const std::string& front : {std::string(), std::string("PROXY TC")}) {
    for (const bool resets : {false, true}) {
      AccessFile file;
      EdgeStage stage(trusting(kUs), &file.log());
      RawPeer client = stage.client(front);
      REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
      stage.stage.settle();
      if (resets) {
        client.reset();
      } else {
        client.close();
      }
      CHECK(stage.until([&] { return stage.clients.size() == 0; }));
      CHECK(file.lines().size() == (front.empty() ? 0 : 1));
      CHECK(refused(stage) == (front.empty() ? 0 : 1));
    }
  }
}

TEST_CASE("proxy preface: who is not trusted may come without a header, and not with one") {
  for (const std::string& front : {kLine, header(Version::v2)}) {
    for (const size_t at : {size_t{0}, size_t{1}, size_t{5}, front.size()}) {
      AccessFile file;
      EdgeStage stage(trusting(kOthers), &file.log());
      RawPeer client = stage.client(front.substr(0, at));
      REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
      stage.stage.settle();
      client.send(front.substr(at) + upgrade_request());
      REQUIRE(stage.answered(client));
      CHECK(client.received.empty());
      CHECK(refused(stage) == 1);
      const auto lines = file.lines();
      REQUIRE(lines.size() == 1);
      CHECK(lines[0]["error"] == "a PROXY header from an address that is not trusted");
    }
  }
  EdgeStage stage(trusting(kOthers));
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  CHECK(field_of(origin.received, "X-Forwarded-For") == "127.0.0.1");
  origin.send(switching_answer(origin.received));
  CHECK(stage.has(client, "101 Switching"));
  CHECK(refused(stage) == 0);
}

TEST_CASE("proxy preface: what only begins like a header is left to HTTP") {
  EdgeStage stage(trusting(kOthers));
  RawPeer client = stage.client("PRO");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  client.send("PFIND / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 426);

  RawPeer half = stage.client("PROX");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  half.close();
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));

  RawPeer slow = stage.client("PROX");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  stage.pass(11s);
  REQUIRE(stage.answered(slow));
  CHECK(status_of(slow.received) == 408);
  CHECK(refused(stage) == 0);
}

TEST_CASE("FY16 proxy preface: a drain closes who has said nothing, and answers who has begun") {
  for (const char* trusted : {kUs, kOthers}) {
    CAPTURE(trusted);
    EdgeStage stage(trusting(trusted));
    RawPeer silent = stage.client();
    RawPeer begun = stage.client(trusted == kUs ? "PROXY" : "PRO");
    REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
    stage.stage.settle();
    stage.context.draining = true;
    for (size_t i = stage.clients.size(); i > 0; --i) stage.clients.at(i - 1).turn_away();
    CHECK(stage.answered(silent));
    CHECK(stage.clients.size() == 1);
    begun.send(trusted == kUs ? kLine.substr(5) + upgrade_request() : "NOUN / HTTP/1.1\r\n\r\n");
    REQUIRE(stage.answered(begun));
    CHECK(begun.error == 0);
    CHECK(status_of(begun.received) == (trusted == kUs ? 503 : 501));
  }
}

TEST_CASE("FY5 proxy preface: 4 KiB of TLVs are taken, from whatever pieces") {
  proto::proxy_header::Addresses ends{
      .source = {*proto::proxy_header::parse_ipv4("203.0.113.7")},
      .destination = {*proto::proxy_header::parse_ipv4("198.51.100.1")}};
  std::string bytes = proto::proxy_header::write_header(Version::v2, ends);
  constexpr size_t kValue = 4096 - 3;
  bytes += {'\x04', static_cast<char>(kValue >> 8), static_cast<char>(kValue & 0xff)};
  bytes += std::string(kValue, 'x');
  const size_t length = bytes.size() - 16;
  bytes[14] = static_cast<char>(length >> 8);
  bytes[15] = static_cast<char>(length & 0xff);
  for (const size_t piece : {bytes.size(), size_t{1000}}) {
    CAPTURE(piece);
    EdgeStage stage(trusting(kUs));
    RawPeer client = stage.client();
    for (size_t at = 0; at < bytes.size(); at += piece) {
      client.send(std::string_view(bytes).substr(at, piece));
      stage.stage.settle();
    }
    client.send(upgrade_request());
    const RawPeer origin = stage.asked();
    CHECK(field_of(origin.received, "X-Forwarded-For") == "203.0.113.7");
    CHECK(refused(stage) == 0);
  }
}

TEST_CASE("proxy preface: no other listener looks for headers") {
  EdgeStage stage;
  RawPeer client = stage.client(kLine + upgrade_request());
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 400);
}
