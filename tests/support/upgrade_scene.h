// One opening handshake with an origin that the test plays.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "gateway/origin/origin_paths.h"
#include "gateway/session/ws_question.h"
#include "proto/http1/head_writer.h"
#include "tests/support/handshakes.h"
#include "tests/support/loop_stage.h"
#include "tests/support/made_snapshot.h"
#include "tests/support/waiting.h"

namespace tests {

inline constexpr std::string_view kUnavailable =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

inline std::string redirect_to(std::string_view location, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + std::string(location) +
         "\r\nContent-Length: 0\r\n\r\n";
}

inline std::string port_of(const RawListener& listener) {
  return std::to_string(listener.address().port());
}

class UpgradeScene final : public gateway::session::WsQuestion::Handler {
 public:
  UpgradeScene() {
    snapshot.via = "weir-node-1";
    domain.config = borrowed(config);
    domain.label = pool.domain = "chat.example.com";
    pool.label = "chat.example.com#/";
    pool.config = borrowed(config.origin);
    config.names = {"chat.example.com"};
    server.host = "127.0.0.1";
    server.port = origin.address().port();
    server.address = gateway::net::Address::parse(server.host, 0);
  }

  void add_server(gateway::route::Server added) {
    config.origin.servers.push_back({.host = added.host, .port = added.port, .place = {}});
    added.backend =
        backends.of("chat.example.com", added.host + ":" + std::to_string(added.port.value_or(0)));
    pool.servers.push_back(std::move(added));
  }
  // Another server of the pool, at a port of this machine.
  void add_server(uint16_t port) {
    if (pool.servers.empty()) add_server(server);
    gateway::route::Server added = server;
    added.port = port;
    add_server(std::move(added));
  }

  void begin() {
    proto::http1::RequestParser parser({});
    const std::string text = upgrade_request(asked);
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    head_ = parser.take();
    target_ = *proto::http1::request_target(head_);
    request_ = *proto::ws::judge_request(head_);
    if (aimed->servers.empty()) add_server(server);
    question.emplace(
        gateway::session::WsQuestion::Asks{
            .request = {.head = head_,
                        .target = target_,
                        .client = *gateway::net::Address::parse("203.0.113.7", 4),
                        .server = *gateway::net::Address::parse("192.0.2.1", 80),
                        .client_tls = client_tls},
            .upgrade = request_,
            .origin = aimed->settings(),
            .via = snapshot.via},
        stage.loop.now(), *this);
    journey = std::make_unique<gateway::origin::Journey>(
        gateway::origin::WorkerContext{.loop = stage.loop,
                                       .resolver = *names,
                                       .pools = pools,
                                       .authenticator = authenticator,
                                       .paths = *paths},
        gateway::origin::Journey::Aim{domain, *aimed}, *question);
    journey->start();
  }
  // Begins, and gives the origin's end when the whole request has come there.
  RawPeer ask() {
    begin();
    return next(origin);
  }
  // The next whole request that comes to one of the servers.
  RawPeer next(const RawListener& at) {
    REQUIRE(stage.run_until([&] { return readable(at.fd()); }));
    RawPeer peer(at.accept());
    REQUIRE(stage.run_until([&] {
      peer.read();
      return peer.received.find("\r\n\r\n") != std::string::npos;
    }));
    return peer;
  }
  // An answer that is passed on, as a client sees it.
  struct Passed {
    int status = 0;
    std::string response;
    bool unfinished = false;
  };

  bool done() const { return upgrades + refusals + failures > 0; }
  bool finished() {
    const bool ended = stage.run_until([&] { return done(); });
    return ended && upgrades + refusals + failures == 1;
  }
  void turn() { stage.settle(); }
  static uint16_t closed_port() { return RawListener().address().port(); }

  LoopStage stage;
  RawListener origin;
  gateway::net::dns::Resolver resolver{stage.loop};
  gateway::origin::PoolStates pools{1};
  gateway::origin::Authenticator authenticator;
  gateway::origin::OriginPaths own_paths{stage.loop, resolver};
  gateway::route::Backends backends;
  gateway::route::Snapshot snapshot;
  gateway::config::Domain config;
  gateway::route::Domain domain;
  gateway::route::Pool pool;
  gateway::route::Server server;
  Request asked;
  bool client_tls = false;
  // What a test may put in place of the scene's own.
  gateway::net::dns::Resolver* names = &resolver;
  gateway::origin::OriginPaths* paths = &own_paths;
  const gateway::route::Pool* aimed = &pool;
  std::optional<gateway::session::WsQuestion> question;
  std::unique_ptr<gateway::origin::Journey> journey;

  // What came of it.
  int upgrades = 0;
  int refusals = 0;
  int failures = 0;
  std::unique_ptr<gateway::net::Stream> stream;
  gateway::net::Address address;
  gateway::route::Backend* backend = nullptr;
  proto::ws::UpgradeAnswer answer;
  std::string fields;
  std::string rest;
  Passed refused{};
  gateway::outcome::Failure failure{};
  uint32_t retries = 0;
  bool was_asked = false;
  std::string setbacks;

 private:
  // Each destroys the journey inside its callback, as a client connection may.
  void on_upgraded(gateway::session::WsQuestion::Upgraded upgraded) override {
    ++upgrades;
    remember();
    stream = std::move(upgraded.origin);
    backend = upgraded.backend;
    answer = std::move(upgraded.answer);
    fields = std::move(upgraded.fields);
    rest = std::string(proto::text_of(upgraded.rest));
    journey.reset();
  }
  void on_refused(gateway::session::WsQuestion::Refused what) override {
    ++refusals;
    remember();
    refused = {.status = what.status, .response = as_text(what), .unfinished = what.unfinished};
    journey.reset();
  }
  void on_upgrade_failed(gateway::outcome::Failure why) override {
    ++failures;
    remember();
    failure = std::move(why);
    journey.reset();
  }

  static std::string as_text(const gateway::session::WsQuestion::Refused& answer) {
    std::string text;
    proto::http1::append_status_line(text, answer.status);
    text += answer.fields;
    if (proto::http1::has_body(answer.status))
      proto::http1::append_field(text, "Content-Length", std::to_string(answer.body.size()));
    return text + "\r\n" + answer.body;
  }

  void remember() {
    address = journey->trail().address;
    retries = journey->trail().retries;
    was_asked = journey->trail().was_asked;
    setbacks = journey->trail().setbacks;
  }

  proto::http1::RequestHead head_;
  proto::http1::Target target_;
  proto::ws::UpgradeRequest request_;
};

}  // namespace tests
