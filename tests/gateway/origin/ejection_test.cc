#include "gateway/origin/ejection.h"

#include <doctest/doctest.h>

#include "tests/gateway/origin/pool_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using gateway::outcome::Blame;
using gateway::outcome::Cause;
using gateway::outcome::Failure;
using gateway::outcome::Retry;
using Kind = Outcome::Kind;

TEST_CASE("ejection: after so many failures in a row a server is left out for its time") {
  for (const Kind kind : {Kind::connect_failed, Kind::tls_failed, Kind::timed_out, Kind::status_5xx,
                          Kind::bad_answer}) {
    PoolScene scene(2);
    scene.report(0, kind);
    scene.report(0, kind);
    CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
    scene.report(0, kind);
    CHECK(state_of(scene.at(0), scene.now) == ServerState::ejected);
    CHECK(scene.at(0).ejections == 1);
    CHECK(state_of(scene.at(1), scene.now) == ServerState::serving);
    scene.now += 9'999ms;
    CHECK(state_of(scene.at(0), scene.now) == ServerState::ejected);
    scene.now += 1ms;
    CHECK(state_of(scene.at(0), scene.now) == ServerState::on_trial);
  }
}

TEST_CASE("ejection: only failures in a row count") {
  for (const Kind kind : {Kind::upgraded, Kind::refused}) {
    PoolScene scene(2);
    for (int i = 0; i < 10; ++i) {
      scene.fail(0, 2);
      scene.report(0, kind);
    }
    CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
  }
  // A client that leaves says nothing about the server.
  PoolScene scene(2);
  scene.fail(0, 2);
  scene.report(0, Kind::abandoned);
  CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
  scene.fail(0, 1);
  CHECK(state_of(scene.at(0), scene.now) == ServerState::ejected);
}

TEST_CASE("ejection: the last server that is alive is never left out") {
  PoolScene scene(3);
  scene.fail(0);
  scene.fail(1);
  scene.fail(2, 50);
  CHECK(state_of(scene.at(2), scene.now) == ServerState::serving);
  CHECK(scene.order() == std::vector<size_t>{2});
  // With another one back, the next failure is enough.
  pardon(scene.at(0));
  scene.fail(2, 1);
  CHECK(state_of(scene.at(2), scene.now) == ServerState::ejected);

  // One that active checks have found down is none to fall back on.
  PoolScene checked(2);
  checked.at(1).up = false;
  checked.fail(0, 10);
  CHECK(state_of(checked.at(0), checked.now) == ServerState::serving);

  PoolScene single(1);
  single.fail(0, 100);
  CHECK(single.order() == std::vector<size_t>{0});
}

TEST_CASE("ejection: it ends where nobody else is left") {
  // Two workers that eject the last two at once.
  PoolScene scene(2);
  scene.at(0).ejected_until = scene.at(1).ejected_until = (scene.now + 10s).count();
  CHECK(scene.order().size() == 2);
  CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);

  // The other one goes down by its checks while this one is on trial: there is no time for that.
  PoolScene checked(2);
  checked.fail(0);
  checked.now += 10s;
  CHECK(begin_trial(checked.at(0), checked.now));
  checked.at(1).up = false;
  for (int i = 0; i < 5; ++i) CHECK(checked.choose() == 0);
  // With the other one back, one more failure is enough.
  checked.at(1).up = true;
  checked.report(0, Kind::connect_failed);
  CHECK(state_of(checked.at(0), checked.now) == ServerState::ejected);

  // Who is down stays out.
  PoolScene down(2);
  down.at(0).up = down.at(1).up = false;
  down.at(0).ejected_until = (down.now + 10s).count();
  CHECK(down.order().empty());
}

TEST_CASE("ejection: on trial a server gets one request at a time, and its share after a success") {
  PoolScene scene(2);
  scene.fail(0);
  CHECK(scene.order() == std::vector<size_t>{1});
  scene.now += 10s;
  int trials = 0;
  for (int i = 0; i < 10; ++i) trials += scene.choose() == 0 ? 1 : 0;
  CHECK(trials == 1);
  // Who has nobody else left may ask it all the same.
  CHECK(scene.order() == std::vector<size_t>{1, 0});
  SUBCASE("success") {
    scene.report(0, Kind::upgraded, 1ms);
    CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
    trials = 0;
    for (int i = 0; i < 10; ++i) trials += scene.choose() == 0 ? 1 : 0;
    CHECK(trials == 5);
  }
  SUBCASE("failure: one is enough") {
    scene.report(0, Kind::timed_out);
    CHECK(state_of(scene.at(0), scene.now) == ServerState::ejected);
    CHECK(scene.at(0).ejections == 2);
    scene.now += 10s;
    CHECK(state_of(scene.at(0), scene.now) == ServerState::on_trial);
  }
  SUBCASE("the client leaves: the next one tries") {
    scene.report(0, Kind::abandoned);
    trials = 0;
    for (int i = 0; i < 10; ++i) trials += scene.choose() == 0 ? 1 : 0;
    CHECK(trials == 1);
  }
  SUBCASE("nobody reports: another trial after a while") {
    scene.now += 10s;
    trials = 0;
    for (int i = 0; i < 10; ++i) trials += scene.choose() == 0 ? 1 : 0;
    CHECK(trials == 1);
  }
}

TEST_CASE("ejection: failures while a server is left out do not make it longer") {
  PoolScene scene(2);
  scene.fail(0);
  scene.now += 9s;
  scene.fail(0, 20);
  scene.now += 1s;
  CHECK(state_of(scene.at(0), scene.now) == ServerState::on_trial);
  CHECK(scene.at(0).ejections == 1);
}

TEST_CASE("ejection: switched off, nothing is left out") {
  PoolScene scene(2);
  scene.config.ejection.reset();
  scene.fail(0, 100);
  CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
  CHECK(scene.at(0).failures[static_cast<size_t>(Cause::origin_connect)] == 100);
}

TEST_CASE("ejection: a failure of a connector is counted by its own cause") {
  struct Row {
    Cause cause;
    Kind kind;
    Blame blame = Blame::server;
  };
  constexpr Row kRows[] = {{Cause::origin_resolve, Kind::connect_failed},
                           {Cause::origin_connect, Kind::connect_failed},
                           {Cause::origin_tls, Kind::tls_failed},
                           {Cause::origin_timeout, Kind::timed_out},
                           {Cause::origin_bad_upgrade, Kind::bad_answer},
                           {Cause::origin_auth, Kind::refused},
                           {Cause::proxy_connect, Kind::abandoned, Blame::proxy}};
  for (const Row& row : kRows) {
    PoolScene scene(2);
    const Outcome outcome =
        outcome_of({.cause = row.cause, .blame = row.blame, .why = {}, .detail = {}});
    CHECK(outcome.kind == row.kind);
    report(scene.pool, 0, outcome, scene.now);
    CHECK(scene.at(0).failures[static_cast<size_t>(row.cause)] == 1);
  }
  const Failure exhausted{
      .cause = Cause::origin_connect, .retry = Retry::next_only, .why = {}, .detail = {}};
  PoolScene scene(2);
  for (int i = 0; i < 10; ++i) report(scene.pool, 0, outcome_of(exhausted), scene.now);
  CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
  CHECK(scene.at(0).failures[static_cast<size_t>(Cause::origin_connect)] == 0);
}

TEST_CASE("ejection: a figure is smoothed, follows, and fades") {
  PoolScene scene(1);
  CHECK(expected_us(scene.at(0), scene.now) == 0);
  scene.report(0, Kind::upgraded, 8ms);
  CHECK(expected_us(scene.at(0), scene.now) == 8'000);
  scene.report(0, Kind::upgraded, 16ms);
  CHECK(expected_us(scene.at(0), scene.now) == 9'000);
  for (int i = 0; i < 100; ++i) scene.report(0, Kind::upgraded, 16ms);
  CHECK(expected_us(scene.at(0), scene.now) > 15'900);
  // After a long silence the new figure is nearly all.
  scene.now += 60s;
  scene.report(0, Kind::upgraded, 1ms);
  CHECK(expected_us(scene.at(0), scene.now) < 1'300);
  scene.now += 20s;
  CHECK(expected_us(scene.at(0), scene.now) < 400);
  scene.now += 1h;
  CHECK(expected_us(scene.at(0), scene.now) == 0);
  // What was not measured changes nothing, and no figure is so small that it is none.
  scene.report(0, Kind::upgraded);
  CHECK(expected_us(scene.at(0), scene.now) == 0);
  scene.report(0, Kind::upgraded, 1us);
  CHECK(expected_us(scene.at(0), scene.now) >= 1);
  scene.report(0, Kind::upgraded, 24h);
  CHECK(expected_us(scene.at(0), scene.now) > 100'000'000);
}

TEST_CASE("ejection: an index that is no server, and a server without a backend, are left alone") {
  PoolScene scene(1);
  report(scene.pool, 7, {.kind = Kind::connect_failed}, scene.now);
  scene.pool.servers[0].backend.reset();
  report(scene.pool, 0, {.kind = Kind::connect_failed}, scene.now);
}
