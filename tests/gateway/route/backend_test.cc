#include "gateway/route/backend.h"

#include <memory>

#include <doctest/doctest.h>

#include "gateway/route/snapshot.h"
#include "tests/support/made_snapshot.h"

using namespace gateway::route;

namespace {

std::shared_ptr<Snapshot> snapshot_of(Backends& backends,
                                      std::initializer_list<const char*> names) {
  auto snapshot = std::make_shared<Snapshot>();
  static const gateway::config::Domain kConfig;
  Pool& pool = tests::add_pool(*snapshot, kConfig);
  for (const char* name : names) {
    Server server;
    server.host = name;
    server.backend = backends.of(pool, name);
    pool.servers.push_back(std::move(server));
  }
  return snapshot;
}

}  // namespace

TEST_CASE("backend: a reload finds the servers that it names again as they were") {
  Backends backends;
  auto first = snapshot_of(backends, {"10.0.0.1", "10.0.0.2"});
  backends.use(tests::change_to(first));
  first->pools[0]->servers[1].backend->up = false;
  first->pools[0]->servers[1].backend->sessions = 7;
  auto second = snapshot_of(backends, {"10.0.0.2", "10.0.0.3"});
  CHECK(second->pools[0]->servers[0].backend == first->pools[0]->servers[1].backend);
}

TEST_CASE("Q2 backend: a server is another one in another pool") {
  Backends backends;
  Pool own;
  own.domain = "chat.example.com";
  own.label = "chat.example.com#/";
  Pool of_route = own;
  of_route.label = "chat.example.com#/a";
  const auto backend = backends.of(own, "10.0.0.2");
  CHECK(backend == backends.of(own, "10.0.0.2"));
  CHECK(backend != backends.of(of_route, "10.0.0.2"));
  CHECK(backends.of(of_route, "10.0.0.2")->domain() == "chat.example.com");
}

TEST_CASE("backend: one that is no longer configured is listed until its last session has ended") {
  Backends backends;
  auto first = snapshot_of(backends, {"10.0.0.1", "10.0.0.2"});
  backends.use(tests::change_to(first));
  CHECK(backends.list().size() == 2);
  auto old = first->pools[0]->servers[0].backend;
  old->sessions = 1;
  auto second = snapshot_of(backends, {"10.0.0.2"});
  backends.use(tests::change_to(second, first));
  CHECK(backends.list().size() == 2);
  old->sessions = 0;
  REQUIRE(backends.list().size() == 1);
  CHECK(backends.list()[0]->name() == "10.0.0.2");
  // A session that begins late, on the old snapshot, still counts there.
  CHECK(backends.size() == 2);
  old->sessions = 1;
  CHECK(backends.list().size() == 2);
  old->sessions = 0;
  old.reset();
  first.reset();
  CHECK(backends.list().size() == 1);
  CHECK(backends.size() == 1);
}

TEST_CASE("backend: what is counted without a hold keeps it") {
  Backends backends;
  auto first = snapshot_of(backends, {"10.0.0.1"});
  backends.use(tests::change_to(first));
  Backend* raw = first->pools[0]->servers[0].backend.get();
  raw->attempts = 1;
  auto second = snapshot_of(backends, {});
  backends.use(tests::change_to(second, first));
  first.reset();
  CHECK(backends.list().empty());
  CHECK(backends.size() == 1);
  raw->attempts = 0;
  CHECK(backends.list().empty());
  CHECK(backends.size() == 0);
}

TEST_CASE("backend: a configuration that is not taken leaves nothing behind") {
  Backends backends;
  backends.use(tests::change_to(snapshot_of(backends, {"10.0.0.1"})));
  { const auto refused = snapshot_of(backends, {"10.0.0.9"}); }
  CHECK(backends.list().size() == 1);
  CHECK(backends.size() == 1);
}
