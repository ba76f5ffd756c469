#include "gateway/origin/reuse.h"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "tests/gateway/origin/reuse_scene.h"

using namespace tests;
using namespace tests::reusing;
using gateway::config::Origin;

TEST_CASE("reuse: a request goes over the connection of the one before it") {
  ReuseScene scene;
  CHECK_FALSE(scene.request());
  CHECK(scene.outcome->lineage.served == 0);
  scene.put();
  CHECK(scene.idle() == 1);
  CHECK(scene.request());
  CHECK(scene.idle() == 0);
  CHECK(scene.outcome->lineage.served == 1);
  CHECK(scene.outcome->address == scene.listener.address());
  CHECK(scene.outcome->port == scene.port());
  scene.outcome->stream->write(proto::bytes_of("GET /2"));
  CHECK(scene.has(scene.peers.back(), "GET /2"));
  scene.peers.back().send("HTTP/1.1 200");
  CHECK(scene.stage.run_until([&] { return scene.outcome->told.data == "HTTP/1.1 200"; }));
}

TEST_CASE("V1 reuse: what an exchange has left behind closes its connection") {
  ReuseScene scene;
  Spoken spoken = clean_get();
  spoken.bytes_behind = true;
  RawPeer& peer = scene.keep_one(spoken);
  CHECK(scene.has_ended(peer));
  CHECK(peer.error == 0);
  CHECK(scene.closed(Closed::not_reusable) == 1);
}

TEST_CASE("V1 reuse: a connection serves so many requests, and lives for so long") {
  ReuseScene scene;
  scene.config.origin.reuse.requests = 3;
  for (int i = 0; i < 3; ++i) {
    scene.request();
    scene.put();
  }
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.closed(Closed::requests) == 1);
  CHECK(scene.peers.size() == 1);

  scene.config.origin.reuse.requests = 1000;
  scene.config.origin.reuse.age = 2s;
  RawPeer& resting = scene.keep_one();
  scene.stage.pass(1s);
  CHECK(scene.is_open(resting));
  scene.stage.pass(1100ms);
  CHECK(scene.has_ended(resting));
  CHECK(scene.closed(Closed::age) == 1);
  scene.request(Kept::none);
  scene.stage.pass(2s);
  scene.put();
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.closed(Closed::age) == 2);
}

TEST_CASE("V1 reuse: no connection with a PROXY header is kept, and none where reuse is off") {
  for (const bool proxied : {true, false}) {
    CAPTURE(proxied);
    ReuseScene scene;
    if (proxied) scene.config.origin.proxy_protocol = Origin::ProxyProtocol::v2;
    if (!proxied) scene.config.origin.reuse.mode = gateway::config::Reuse::Mode::off;
    RawPeer& peer = scene.keep_one();
    CHECK(scene.has_ended(peer));
    CHECK(scene.idle() == 0);
    CHECK_FALSE(scene.request());
  }
}

TEST_CASE("V3 reuse: who wants one that was just used gets no other") {
  ReuseScene scene;
  scene.keep_one();
  scene.stage.pass(900ms);
  CHECK(scene.request(Kept::just_used));
  scene.put();
  scene.stage.pass(1100ms);
  CHECK_FALSE(scene.request(Kept::just_used));
  CHECK(scene.idle() == 1);
  CHECK(scene.request(Kept::any));
}

TEST_CASE(
    "reuse: a request may ask for a fresh connection, and so does one that was there before") {
  ReuseScene scene;
  scene.keep_one();
  CHECK_FALSE(scene.request(Kept::any, true));
  CHECK_FALSE(scene.request(Kept::none));
  scene.before.tried = {*gateway::net::Address::parse("10.0.0.9", 80)};
  CHECK_FALSE(scene.request());
  CHECK(scene.idle() == 1);
}

TEST_CASE("V4 reuse: what rests ends a second before its origin ends it") {
  ReuseScene scene;
  Spoken spoken = clean_get();
  spoken.keep_alive = "timeout=3";
  RawPeer& brief = scene.keep_one(spoken);
  RawPeer& unsaid = scene.keep_one();
  scene.stage.pass(1900ms);
  CHECK(scene.is_open(brief));
  scene.stage.pass(200ms);
  CHECK(scene.has_ended(brief));
  CHECK(scene.is_open(unsaid));
  scene.stage.pass(1800ms);
  CHECK(scene.is_open(unsaid));
  scene.stage.pass(300ms);
  CHECK(scene.has_ended(unsaid));
  CHECK(scene.closed(Closed::idle) == 2);

  spoken.keep_alive = "timeout=1";
  CHECK(scene.has_ended(scene.keep_one(spoken)));
  CHECK(scene.closed(Closed::not_reusable) == 1);
}

TEST_CASE("V5 reuse: a byte, an end or a reset closes what rests at once") {
  for (const int how : {0, 1, 2, 3}) {
    CAPTURE(how);
    ReuseScene scene;
    RawPeer& peer = scene.keep_one();
    if (how == 0) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
    if (how == 1) peer.shut();
    if (how == 2) peer.reset();
    if (how == 3) peer.close();
    CHECK(scene.stage.run_until([&] { return scene.idle() == 0; }));
    CHECK(scene.closed(Closed::unsolicited) == 1);
    CHECK_FALSE(scene.request());
  }
}

TEST_CASE(
    "V5 reuse: a byte or an end that nobody has noticed yet is looked for before it is used") {
  for (const bool speaks : {false, true}) {
    CAPTURE(speaks);
    ReuseScene scene;
    RawPeer& peer = scene.keep_one();
    if (speaks) {
      peer.send("x");
    } else {
      peer.shut();
    }
    REQUIRE(scene.idle() == 1);
    CHECK_FALSE(scene.take({.port = scene.port()}, ""));
  }
}

TEST_CASE("V5 reuse: what came behind an answer in the same read is never read into an exchange") {
  ReuseScene scene;
  scene.request(Kept::none);
  // The exchange is over with the first byte, and has not been shown the second.
  scene.outcome->stream->read_at_most(gateway::net::Stream::kSmallRead);
  scene.outcome->told.data_hook = [&] { scene.put(); };
  const std::string answer(gateway::net::Stream::kSmallRead, 'a');
  scene.peers.back().send(answer + "poison");
  CHECK(scene.stage.run_until([&] { return scene.closed(Closed::unsolicited) == 1; }));
  CHECK(scene.outcome->told.data == answer);
  CHECK(scene.idle() == 0);
  CHECK_FALSE(scene.request());
}

TEST_CASE("reuse: figures say what rests at each server, and a drain closes it") {
  gateway::metrics::Registry registry(2);
  ReuseScene scene;
  scene.server.counters = registry.origin("chat.example.com", "127.0.0.1");
  OriginPaths second(scene.stage.loop, scene.resolver, nullptr, nullptr, 1);
  second.use(change_to(scene.snapshot));
  scene.request(Kept::none);
  second.reuse().put(std::move(scene.outcome->stream), scene.outcome->lineage, clean_get());
  CHECK(scene.server.counters[1]->connections.idle.value() == 1);
  CHECK(scene.server.counters[0]->connections.idle.value() == 0);
  second.rest();
  CHECK(scene.server.counters[1]->connections.idle.value() == 0);
  CHECK(scene.has_ended(scene.peers.back()));
}
