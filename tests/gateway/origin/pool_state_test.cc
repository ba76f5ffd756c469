#include "gateway/origin/pool_state.h"

#include <map>
#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/in_use_count.h"
#include "proto/http1/head_parser.h"
#include "tests/gateway/origin/pool_scene.h"
#include "tests/support/made_snapshot.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using Balance = PoolScene::Balance;

TEST_CASE("pool: a priority is asked when all above it are down") {
  PoolScene scene(0);
  scene.add(10, 30);
  scene.add(10, 20);
  scene.add(10, 20);
  scene.add(10, 255);
  for (int i = 0; i < 20; ++i) {
    const auto order = scene.order();
    REQUIRE(order.size() == 4);
    CHECK(order[0] + order[1] == 3);
    CHECK(order[2] == 0);
    CHECK(order[3] == 3);
  }
  scene.at(1).up = false;
  scene.at(2).up = false;
  CHECK(scene.order() == std::vector<size_t>{0, 3});
  scene.at(2).up = true;
  CHECK(scene.order() == std::vector<size_t>{2, 0, 3});
}

TEST_CASE("pool: with all of them down the order is empty") {
  PoolScene scene(3);
  for (size_t i = 0; i < 3; ++i) scene.at(i).up = false;
  CHECK(scene.order().empty());
  PoolScene none(0);
  CHECK(none.order().empty());
}

TEST_CASE("pool: a trial of a primary server does not send the others to it") {
  PoolScene scene(0);
  scene.add(10, 20);
  scene.add(10, 30);
  scene.fail(0);
  CHECK(scene.order() == std::vector<size_t>{1});
  scene.now += 10s;
  CHECK(scene.order() == std::vector<size_t>{0, 1});
  CHECK(scene.choose() == 0);
  for (int i = 0; i < 5; ++i) CHECK(scene.choose() == 1);
  CHECK(scene.order() == std::vector<size_t>{1, 0});
  scene.report(0, PoolScene::Kind::upgraded, 1ms);
  CHECK(scene.order() == std::vector<size_t>{0, 1});
}

TEST_CASE("pool: a key goes to the next of its own order while its server is down, and back") {
  PoolScene scene(5, Balance::hash);
  for (uint64_t key = 0; key < 100; ++key) {
    const auto before = scene.order(key);
    scene.at(before[0]).up = false;
    const auto without = scene.order(key);
    CHECK(std::equal(without.begin(), without.end(), before.begin() + 1, before.end()));
    scene.at(before[0]).up = true;
    CHECK(scene.order(key) == before);
  }
}

TEST_CASE("pool: a reload keeps whose turn it is, and takes new weights and servers") {
  PoolScene scene(2);
  const auto three = scene.shares(3);
  // The same servers in a new snapshot: the turn goes on where it was.
  gateway::route::Pool reloaded;
  reloaded.config = borrowed(scene.config);
  reloaded.label = scene.pool.label;
  reloaded.servers = scene.pool.servers;
  const size_t last = scene.choose();
  CHECK(scene.state.order(reloaded, {}, scene.now).front() != last);
  CHECK(scene.choose() == last);

  scene.pool.servers[0].weight = 30;
  auto shares = scene.shares(4'000);
  CHECK(shares[0] == doctest::Approx(0.75).epsilon(0.01));
  scene.add(40);
  shares = scene.shares(8'000);
  CHECK(shares[2] == doctest::Approx(0.5).epsilon(0.01));
  scene.pool.servers.erase(scene.pool.servers.begin());
  shares = scene.shares(5'000);
  CHECK(shares[0] == doctest::Approx(0.2).epsilon(0.01));
}

TEST_CASE("pool: workers do not all begin with the same server") {
  std::map<size_t, int> first;
  for (uint64_t worker = 0; worker < 64; ++worker) {
    PoolScene scene(4);
    PoolStates pools(worker * 0x9e3779b97f4a7c15 + 1);
    ++first[pools.of(scene.pool).order(scene.pool, {}, scene.now).front()];
  }
  CHECK(first.size() == 4);
}

TEST_CASE("pool: states are kept by label until that is gone") {
  PoolScene scene(2);
  PoolStates pools(1);
  PoolState& pool = pools.of(scene.pool);
  CHECK(&pools.of(scene.pool) == &pool);
  const gateway::config::Domain config;
  auto first = std::make_shared<gateway::route::Snapshot>();
  add_pool(*first, config).label = scene.pool.label;
  pools.use(change_to(first));
  CHECK(&pools.of(scene.pool) == &pool);
  auto second = std::make_shared<gateway::route::Snapshot>();
  add_pool(*second, config).label = scene.pool.label;
  pools.use(change_to(second, first));
  CHECK(&pools.of(scene.pool) == &pool);
  auto third = std::make_shared<gateway::route::Snapshot>();
  add_pool(*third, config).label = "other.example.com#/";
  pools.use(change_to(third, second));
  CHECK(pools.size() == 0);
}

TEST_CASE("pool: tokens count sessions and attempts for as long as they live") {
  PoolScene scene(1);
  {
    AttemptCount attempt(&scene.at(0));
    CHECK(scene.at(0).attempts == 1);
    SessionCount session(&scene.at(0));
    SessionCount moved(std::move(session));
    CHECK(scene.at(0).sessions == 1);
    CHECK(scene.at(0).load() == 2);
    SessionCount second(&scene.at(0));
    second = std::move(moved);
    CHECK(scene.at(0).sessions == 1);
    attempt = {};
    CHECK(scene.at(0).attempts == 0);
  }
  CHECK(scene.at(0).sessions == 0);
  const SessionCount nothing(nullptr);
}

TEST_CASE("pool: what balance: hash goes by") {
  using Source = gateway::config::HashOn::Source;
  const std::string text =
      "GET /chat?a=1&sid=xyz&sid2=no&empty= HTTP/1.1\r\nHost: chat.example.com\r\nX-User: 42\r\n"
      "Cookie: theme=dark; sid=c1\r\nCookie: late=c2\r\n\r\n";
  proto::http1::RequestParser parser({});
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  const auto head = parser.take();
  const auto target = *proto::http1::request_target(head);
  auto client = *gateway::net::Address::parse("203.0.113.7", 4711);
  struct Row {
    Source source;
    std::string name;
    std::string key;
  };
  const Row rows[] = {
      {Source::client_ip, "", "203.0.113.7"},
      {Source::header, "x-user", "42"},
      {Source::header, "x-other", "203.0.113.7"},
      {Source::cookie, "sid", "c1"},
      {Source::cookie, "theme", "dark"},
      {Source::cookie, "late", "c2"},
      {Source::cookie, "si", "203.0.113.7"},
      {Source::query, "sid", "xyz"},
      {Source::query, "a", "1"},
      {Source::query, "empty", "203.0.113.7"},
      {Source::query, "missing", "203.0.113.7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(hash_key({.source = row.source, .name = row.name}, head, target, client) ==
          hash_of(row.key));
  }
  // The next connection of the same client has another port.
  const uint64_t before = hash_key({}, head, target, client);
  client.set_port(4712);
  CHECK(hash_key({}, head, target, client) == before);
}

TEST_CASE("K3 pool: whoever belongs to a server takes nobody's turn away") {
  PoolScene scene(2);
  std::vector<size_t> counts(2);
  for (int i = 0; i < 100; ++i) {
    CHECK(scene.state.order(scene.pool, {.server = 0}, scene.now).front() == 0);
    counts[scene.order().front()] += 1;
  }
  CHECK(counts[0] == 50);
  CHECK(counts[1] == 50);
}

TEST_CASE("K3 pool: where a client belongs comes first, and behind it the others by balance") {
  for (const Balance balance :
       {Balance::weighted, Balance::least_sessions, Balance::hash, Balance::performance}) {
    PoolScene scene(0, balance);
    scene.add(10, 20);
    scene.add(10, 20);
    scene.add(10, 30);
    const auto order_for = [&](size_t server) {
      return scene.state.order(scene.pool, {.server = server}, scene.now);
    };
    CHECK(order_for(2).front() == 2);
    CHECK(order_for(2).size() == 3);
    CHECK(order_for(1) == std::vector<size_t>{1, 0, 2});
    scene.at(1).up = false;
    CHECK(order_for(1) == std::vector<size_t>{0, 2});
    scene.at(1).up = true;
    scene.at(0).sessions = 1000;
    CHECK(order_for(0).front() == 0);
    scene.at(0).sessions = 0;
  }
}

TEST_CASE(
    "K3 pool: a client that belongs to an ejected server goes elsewhere, and on trial there") {
  PoolScene scene(2);
  scene.fail(0);
  const auto order = [&] { return scene.state.order(scene.pool, {.server = 0}, scene.now); };
  CHECK(order() == std::vector<size_t>{1});
  scene.now += 10s;
  CHECK(order() == std::vector<size_t>{0, 1});
}

TEST_CASE("K3 pool: a server without weight is asked by those alone who belong there") {
  PoolScene scene(0);
  scene.add(0);
  scene.add(10);
  scene.add(0, 30);
  for (int i = 0; i < 10; ++i) CHECK(scene.order() == std::vector<size_t>{1});
  CHECK(scene.state.order(scene.pool, {.server = 0}, scene.now) == std::vector<size_t>{0, 1});
  scene.at(1).up = false;
  CHECK(scene.order().empty());
  CHECK(scene.state.order(scene.pool, {.server = 2}, scene.now) == std::vector<size_t>{2});
  scene.at(1).up = true;
  // It serves nobody else, so that the last one that does is never ejected.
  scene.fail(1, 10);
  CHECK(scene.order() == std::vector<size_t>{1});
  for (const Balance balance : {Balance::least_sessions, Balance::hash, Balance::performance}) {
    scene.config.balance = balance;
    CHECK(scene.order() == std::vector<size_t>{1});
  }
}

TEST_CASE("K5 pool: one place has one order, whatever the load and whoever asks") {
  PoolScene scene(5);
  PoolScene other(5);
  std::map<size_t, int> firsts;
  for (uint64_t place = 0; place < 1000; ++place) {
    const auto order = scene.state.order(scene.pool, {.place = place}, scene.now);
    REQUIRE(order.size() == 5);
    firsts[order.front()] += 1;
    scene.at(order.front()).sessions.fetch_add(1);
    if (place % 50 == 0) CHECK(other.state.order(other.pool, {.place = place}, other.now) == order);
  }
  for (const auto& [server, count] : firsts) {
    CAPTURE(server);
    CHECK(count > 130);
  }
}
