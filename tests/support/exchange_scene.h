// One exchange whose client and origin are the test's: nothing of it goes over a socket, unless the
// test takes back what it offered.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/exchange/exchange.h"
#include "gateway/origin/origin_paths.h"
#include "proto/http1/head_parser.h"
#include "tests/support/building.h"
#include "tests/support/loop_stage.h"
#include "tests/support/made_snapshot.h"
#include "tests/support/memory_stream.h"
#include "tests/support/waiting.h"

namespace tests {

// The carrier's half, which remembers.
class MemoryClient final : public gateway::exchange::ClientSide {
 public:
  enum class End : uint8_t { none, kept, closed, cut };

  // What the client does: while it is full it takes nothing.
  bool full = false;

  int accepted = 0;
  bool paused = false;
  std::string interim;  // "103 "
  int begun = 0;
  int status = 0;
  std::string fields;
  Body framing;
  std::string body;
  int gives = 0;
  End end = End::none;

 private:
  void accept_body() override { ++accepted; }
  void pause_body() override {
    CHECK_FALSE(paused);
    paused = true;
  }
  void resume_body() override {
    CHECK(paused);
    paused = false;
  }
  void give_interim(int code, std::string_view) override { interim += std::to_string(code) + " "; }
  void begin_answer(int code, std::string_view given, const Body& announced) override {
    CHECK(end == End::none);
    ++begun;
    status = code;
    fields = given;
    framing = announced;
  }
  void give_body(proto::Bytes octets) override {
    CHECK(begun == 1);
    CHECK(end == End::none);
    ++gives;
    body += proto::text_of(octets);
  }
  bool congested() const override { return full; }
  size_t queued() const override { return full ? 1 : 0; }
  void finish_answer(bool keep) override {
    CHECK(end == End::none);
    end = keep ? End::kept : End::closed;
  }
  void cut_answer() override {
    CHECK(end == End::none);
    end = End::cut;
  }
};

inline std::string plain_request(std::string_view method, std::string_view more = {}) {
  return std::string(method) + " /room?a=1 HTTP/1.1\r\nHost: chat.example.com\r\n" +
         std::string(more) + "\r\n";
}

// A domain with `more` in its `http:` and `origin:`, and one server that nobody listens at. What is
// offered are kept connections to it.
class ExchangeScene final : public gateway::exchange::Exchange::Handler {
 public:
  using Exchange = gateway::exchange::Exchange;
  using Cause = gateway::outcome::Cause;

  // `second`: there is one more, for when the first has failed.
  explicit ExchangeScene(std::string_view http = {}, std::string_view origin = {},
                         bool second = false)
      : snapshot(building.snapshot(
            "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
            "    http: { enabled: true" +
            std::string(http.empty() ? "" : ", ") + std::string(http) +
            " }\n    origin:\n      protocol: http\n      health: off\n      "
            "servers: [{ address: \"" +
            listener.address().to_string() + "\" }" +
            (second ? ", { address: \"" + other.address().to_string() + "\", priority: 30 }" : "") +
            "]\n" + std::string(origin))) {
    paths.use(change_to(snapshot));
  }
  ExchangeScene(const ExchangeScene&) = delete;
  ExchangeScene& operator=(const ExchangeScene&) = delete;
  ~ExchangeScene() { exchange.reset(); }

  // A connection that has just served another request, over which the next one goes.
  Peer& offer() {
    Peer& peer = origins.emplace_back();
    const auto& server = pool().servers.front();
    paths.reuse().put(
        peer.connect(),
        {.pool = &pool(),
         .server = &server,
         .asked = {.tls = false, .port = *server.port},
         .address = listener.address(),
         .port = *server.port,
         .made = stage.loop.now()},
        {.method = "GET", .request_whole = true, .status = 200, .answer_whole = true});
    return peer;
  }

  // Begins; with `head` of a request as HTTP/1.1 writes it.
  void begin(const std::string& head) {
    proto::http1::RequestParser parser({});
    REQUIRE(parser.feed(proto::bytes_of(head)).progress == proto::http1::Progress::complete);
    head_ = parser.take();
    target_ = *proto::http1::request_target(head_);
    const auto& domain = *snapshot->domains.front();
    exchange.emplace(
        Exchange::Lent{worker, client, *this},
        Exchange::Asks{.request = {.head = head_,
                                   .target = target_,
                                   .client = *gateway::net::Address::parse("203.0.113.7", 40'000),
                                   .server = *gateway::net::Address::parse("192.0.2.1", 443),
                                   .client_tls = client_tls},
                       .domain = domain,
                       .route = domain.routes.front(),
                       .via = snapshot->via});
    exchange->start();
  }
  // Begins, and gives the origin's end when the request's head has come there.
  Peer& ask(const std::string& head) {
    Peer& peer = offer();
    begin(head);
    REQUIRE(stage.run_until([&] { return !peer.received().empty() || ends() > 0; }));
    return peer;
  }

  // A connection that is made for it, with the request that comes there up to `end`.
  RawPeer connection(const RawListener& at, std::string_view end = "\r\n\r\n") {
    REQUIRE(stage.run_until([&] { return readable(at.fd()); }));
    RawPeer peer(at.accept());
    REQUIRE(stage.run_until([&] {
      peer.read();
      return peer.received.ends_with(end);
    }));
    return peer;
  }
  bool ended() {
    return stage.run_until([&] { return ends() > 0; }) && ends() == 1;
  }

  void say(Peer& peer, std::string_view text) { peer.send(proto::bytes_of(text)); }
  std::string heard(const Peer& peer) { return {peer.received().begin(), peer.received().end()}; }
  // What has come behind the head.
  std::string heard_body(const Peer& peer) {
    const std::string all = heard(peer);
    return all.substr(std::min(all.size(), all.find("\r\n\r\n") + 4));
  }
  void send_body(std::string_view octets) { exchange->on_body(proto::bytes_of(octets)); }

  int ends() const { return refusals + overs; }
  const gateway::route::Pool& pool() const { return *snapshot->pools.front(); }
  gateway::route::Backend& backend() const { return *pool().servers.front().backend; }
  size_t resting() { return paths.reuse().idle(); }

  LoopStage stage;
  RawListener listener;
  RawListener other;  // of the second server
  std::deque<Peer> origins;
  gateway::net::dns::Resolver resolver{stage.loop};
  gateway::origin::OriginPaths paths{stage.loop, resolver};
  gateway::origin::PoolStates pools{1};
  gateway::origin::Authenticator authenticator;
  gateway::origin::WorkerContext worker{.loop = stage.loop,
                                        .resolver = resolver,
                                        .pools = pools,
                                        .authenticator = authenticator,
                                        .paths = paths};
  Building building;
  std::shared_ptr<const gateway::route::Snapshot> snapshot;
  bool client_tls = false;
  MemoryClient client;
  std::optional<Exchange> exchange;

  // What came of it.
  int refusals = 0;
  int overs = 0;
  std::optional<gateway::outcome::Failure> failure;
  bool bytes_behind = false;
  gateway::net::Volume moved;

 private:
  void on_origin_moved(const gateway::net::Volume& totals,
                       const gateway::route::Backend* server) override {
    CHECK(totals.in >= moved.in);
    CHECK(totals.out >= moved.out);
    CHECK(server != nullptr);
    moved = totals;
  }
  void on_exchange_refused(gateway::outcome::Failure why) override {
    ++refusals;
    failure = std::move(why);
  }
  void on_exchange_over(Exchange::End end) override {
    ++overs;
    failure = std::move(end.failure);
    bytes_behind = end.bytes_behind;
  }

  proto::http1::RequestHead head_;
  proto::http1::Target target_;
};

}  // namespace tests
