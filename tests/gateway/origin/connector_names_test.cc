#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/connector.h"
#include "tests/gateway/origin/connect_scene.h"
#include "tests/support/names.h"

using namespace tests;
using namespace gateway::origin;
using gateway::outcome::Cause;

namespace {

// A server that is a name, on a port of this machine where 127.0.0.1 listens.
struct NameScene : ConnectScene {
  NameScene() {
    config.origin.connect_timeout = 5s;
    config.origin.io_timeout = 5s;
    allow_loopback(config.origin);
  }
  uint16_t port() const { return listener.address().port(); }
  std::string at(const std::string& host) const { return host + ":" + std::to_string(port()); }
  void begin(const std::vector<std::string>& addresses, const Change& change = {}) {
    // Answers are kept, so each time another name asks.
    const std::string name = std::string(1, next_name++) + ".test";
    names.set(name, addresses);
    server.host = name;
    server.address.reset();
    outcome = std::make_unique<ConnectOutcome>();
    outcome->trail = before;
    Connector::Plan plan{.pool = pool,
                         .server = server,
                         .target = {.tls = false, .port = port()},
                         .tls_name = {},
                         .paths = paths};
    if (change) change(plan);
    const auto observe = [this] { tell(); };
    outcome->before_end = observe;
    outcome->connector = std::make_unique<Connector>(stage.loop, names.resolver, std::move(plan),
                                                     outcome->trail, *outcome);
    REQUIRE(finished());
  }
  void tell() {
    retries = outcome->trail.retries;
    tried = outcome->trail.tried.size();
    others = outcome->connector->has_others();
  }

  RawListener listener;
  Names names{stage};
  char next_name = 'a';
  uint32_t retries = 0;
  size_t tried = 0;
  bool others = false;
};

}  // namespace

TEST_CASE("connector: addresses that failed are told with the one that answered") {
  NameScene scene;
  scene.begin({"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"});
  REQUIRE(scene.outcome->stream != nullptr);
  CHECK(scene.outcome->address == scene.listener.address());
  REQUIRE(scene.outcome->trail.misses.size() == 2);
  CHECK(scene.outcome->trail.misses[0] == scene.at("127.0.0.2") + ": connection refused");
  CHECK(scene.outcome->trail.misses[1] == scene.at("127.0.0.3") + ": connection refused");
  CHECK(scene.retries == 2);
  CHECK(scene.tried == 3);
  CHECK(scene.others);
}

TEST_CASE("connector: knows when a server has no other address") {
  NameScene scene;
  scene.begin({"127.0.0.2", "127.0.0.1"});
  CHECK(scene.outcome->stream != nullptr);
  CHECK_FALSE(scene.others);
  scene.begin({"127.0.0.1"});
  CHECK_FALSE(scene.others);
  CHECK(scene.retries == 0);
  scene.before.tried = {*gateway::net::Address::parse("127.0.0.2", 1)};
  scene.begin({"127.0.0.1", "127.0.0.2"});
  CHECK_FALSE(scene.others);
  CHECK(scene.tried == 2);
}

TEST_CASE("connector: goes on to no more addresses than it may, but to every port of one") {
  NameScene scene;
  scene.before.most_retries = 1;
  scene.begin({"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  CHECK(scene.outcome->failure.cause == Cause::origin_connect);
  CHECK(scene.outcome->trail.misses.size() == 2);
  CHECK(scene.retries == 1);
  scene.before.most_retries = 2;
  scene.begin({"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  CHECK(scene.outcome->stream != nullptr);

  const uint16_t closed = ConnectScene::closed_port();
  scene.config.origin.http_ports = {closed, scene.port()};
  scene.before.most_retries = 0;
  scene.begin({"127.0.0.1", "127.0.0.2"},
              [&](Connector::Plan& plan) { plan.target.port = closed; });
  REQUIRE(scene.outcome->stream != nullptr);
  CHECK(scene.outcome->port == scene.port());
  CHECK(scene.retries == 0);
}

TEST_CASE("connector: a name that leads to denied addresses alone is 502, and says so") {
  NameScene scene;
  scene.begin({"169.254.169.254", "fe80::1"});
  CHECK(scene.outcome->failures == 1);
  CHECK(scene.outcome->failure.cause == Cause::origin_resolve);
  CHECK(scene.outcome->failure.status == 502);
  CHECK(scene.outcome->failure.retry == gateway::outcome::Retry::elsewhere);
  CHECK(scene.outcome->failure.why ==
        "the origin's name leads to an address that deny_addresses does not allow");
  CHECK(scene.outcome->failure.detail.find("a.test: ") == 0);
  CHECK(scene.outcome->failure.detail.find("169.254.169.254") != std::string::npos);
  CHECK(scene.outcome->failure.detail.find("are in deny_addresses") != std::string::npos);
}

TEST_CASE("connector: of a name's addresses those that are allowed are used, the others told") {
  NameScene scene;
  scene.begin({"169.254.169.254", "127.0.0.1"});
  REQUIRE(scene.outcome->stream != nullptr);
  REQUIRE(scene.outcome->trail.misses.size() == 1);
  CHECK(scene.outcome->trail.misses[0] == "a.test: 169.254.169.254 is in deny_addresses");
  CHECK(scene.retries == 0);
}

TEST_CASE("FY32 connector: DNS does not lead to this machine, unless the operator says so") {
  NameScene scene;
  scene.config.origin.deny_addresses = gateway::config::default_deny_addresses();
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "100.100.100.200", "fd00:ec2::254"}) {
    CAPTURE(address);
    scene.begin({address});
    CHECK(scene.outcome->failures == 1);
    CHECK(scene.outcome->failure.cause == Cause::origin_resolve);
    CHECK(scene.outcome->failure.detail.ends_with(std::string(address) + " is in deny_addresses"));
  }
  CHECK_FALSE(readable(scene.listener.fd()));
  // What the operator has written stands: the address, and the name that this machine gives itself.
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    scene.connect(host, scene.port());
    REQUIRE(scene.finished());
    CHECK(scene.outcome->stream != nullptr);
  }
}

TEST_CASE("FY32 connector: neither DNS nor a redirect leads to a listener of our own") {
  NameScene scene;
  scene.own_listeners.use({scene.listener.address()});
  scene.begin({"127.0.0.1"});
  CHECK(scene.outcome->failure.cause == Cause::origin_resolve);
  CHECK(scene.outcome->failure.status == 502);
  CHECK(scene.outcome->failure.why == "the origin's name leads to this gateway itself");
  CHECK(scene.outcome->failure.detail ==
        "a.test: " + scene.at("127.0.0.1") + " is a listener of this gateway");

  scene.begin({"127.0.0.1", "127.0.0.2"});
  CHECK(scene.outcome->failure.cause == Cause::origin_connect);
  CHECK(scene.outcome->trail.misses.front() ==
        "b.test: " + scene.at("127.0.0.1") + " is a listener of this gateway");

  // The host may be written down in redirect_hosts: the port is the redirect's choice.
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    scene.connect(host, scene.port(), false, "origin.example",
                  [](Connector::Plan& plan) { plan.foreign = true; });
    REQUIRE(scene.finished());
    CHECK(scene.outcome->stream == nullptr);
  }
  scene.connect("127.0.0.1", scene.port(), false, "origin.example",
                [](Connector::Plan& plan) { plan.foreign = true; });
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::origin_redirect);
  CHECK(scene.outcome->failure.why == "the origin redirects to this gateway itself");
  CHECK_FALSE(readable(scene.listener.fd()));

  // A server that is configured so is the operator's own choice.
  scene.connect("127.0.0.1", scene.port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->stream != nullptr);
}

TEST_CASE("connector: an address that is written down itself is nobody's to deny") {
  NameScene scene;
  scene.config.origin.deny_addresses = {*gateway::config::parse_network("127.0.0.0/8")};
  scene.begin({"127.0.0.1"});
  CHECK(scene.outcome->failures == 1);
  scene.connect("127.0.0.1", scene.port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->stream != nullptr);
  scene.config.origin.deny_addresses.clear();
  scene.begin({"127.0.0.1"});
  CHECK(scene.outcome->stream != nullptr);
}

TEST_CASE("connector: a forward proxy's name is no way round, and its own names are its own") {
  NameScene scene;
  auto& proxy = scene.config.origin.forward_proxy.emplace();
  proxy.host = "a.test";
  proxy.port = scene.port();
  scene.begin({"169.254.169.254"});
  CHECK(scene.outcome->failure.cause == Cause::proxy_connect);
  CHECK(scene.outcome->failure.why ==
        "the forward proxy's name leads to an address that deny_addresses does not allow");
}

TEST_CASE("connector: where TLS was never prepared there is none") {
  NameScene scene;
  scene.begin({"127.0.0.1"}, [](Connector::Plan& plan) { plan.target.tls = true; });
  CHECK(scene.outcome->failures == 1);
  CHECK(scene.outcome->failure.cause == Cause::origin_tls);
  CHECK(scene.outcome->failure.why == "the origin is spoken to over http alone");
}
