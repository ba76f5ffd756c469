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
#include "tests/support/building.h"
#include "tests/support/handshakes.h"
#include "tests/support/loop_stage.h"
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
  UpgradeScene() : config(document.domains.front()) {
    config.origin.servers.clear();
    server = {.host = "127.0.0.1", .port = origin.address().port(), .place = {}};
  }

  void add_server(const gateway::config::Server& added) { config.origin.servers.push_back(added); }
  // Another server of the pool, at a port of this machine.
  void add_server(uint16_t port) {
    if (config.origin.servers.empty()) add_server(server);
    gateway::config::Server added = server;
    added.port = port;
    add_server(added);
  }

  // With the settings as they are now, once; `server` is its only one where none was added.
  void build() {
    if (snapshot) return;
    if (config.origin.servers.empty()) add_server(server);
    document.domains.front() = config;
    auto built = building.build(document, 1, &with_authorities());
    REQUIRE(built.has_value());
    snapshot = std::move(*built);
  }
  gateway::route::Backend& backend_of(size_t added) {
    build();
    return *snapshot->pools.front()->servers[added].backend;
  }

  void begin() {
    proto::http1::RequestParser parser({});
    const std::string text = upgrade_request(asked);
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    head_ = parser.take();
    target_ = *proto::http1::request_target(head_);
    request_ = *proto::ws::judge_request(head_);
    build();
    question.emplace(
        gateway::session::WsQuestion::Asks{
            .request = {.head = head_,
                        .target = target_,
                        .client = *gateway::net::Address::parse("203.0.113.7", 4),
                        .server = *gateway::net::Address::parse("192.0.2.1", 80),
                        .client_tls = client_tls},
            .upgrade = request_,
            .origin = snapshot->pools.front()->settings(),
            .via = snapshot->via},
        stage.loop.now(), *this);
    journey = std::make_unique<gateway::origin::Journey>(
        gateway::origin::WorkerContext{.loop = stage.loop,
                                       .resolver = *names,
                                       .pools = pools,
                                       .authenticator = authenticator,
                                       .paths = *paths},
        gateway::origin::Journey::Aim{*snapshot->domains.front(), *snapshot->pools.front()},
        *question);
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
  Building building;
  gateway::config::Document document = document_of(kOriginDomain);
  // Both may be changed before the first build(), ask() or begin().
  gateway::config::Domain config;
  gateway::config::Server server;
  std::shared_ptr<const gateway::route::Snapshot> snapshot;
  Request asked;
  bool client_tls = false;
  // What a test may put in place of the scene's own.
  gateway::net::dns::Resolver* names = &resolver;
  gateway::origin::OriginPaths* paths = &own_paths;
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
