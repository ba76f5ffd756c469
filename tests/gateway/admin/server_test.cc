#include "gateway/admin/server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/address.h"
#include "tests/support/handshakes.h"
#include "tests/support/loop_stage.h"
#include "tests/support/waiting.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::admin::Server;
using gateway::admin::Source;
using gateway::admin::Trust;
using gateway::admin::UsageDone;

namespace {

struct Answers final : Source {
  void metrics(MetricsDone done) override {
    ++scrapes;
    if (later) {
      scrapers.push_back(std::move(done));
    } else {
      done(page);
    }
  }
  bool ready() const override { return is_ready; }
  std::string not_ready_reason() const override { return "draining"; }
  void reload(ReloadDone done) override {
    ++reloads;
    if (later) {
      reloaders.push_back(std::move(done));
    } else {
      done(reloaded);
    }
  }
  void usage(std::string path, std::string query, UsageDone done) override {
    asked = path + "?" + query;
    if (later) {
      waiting.push_back(std::move(done));
    } else {
      done({.status = 200, .body = "{}"});
    }
  }

  std::string page = "weir_up 1\n";
  bool is_ready = true;
  Reloaded reloaded{.done = true, .text = "generation 2 is in force\n"};
  int scrapes = 0;
  int reloads = 0;
  std::string asked;
  bool later = false;
  std::vector<UsageDone> waiting;
  std::vector<MetricsDone> scrapers;
  std::vector<ReloadDone> reloaders;
};

// One that knows nothing of usage.
struct Plain final : Source {
  void metrics(MetricsDone done) override { done({}); }
  bool ready() const override { return true; }
  std::string not_ready_reason() const override { return {}; }
  void reload(ReloadDone done) override { done({}); }
};

std::string get(std::string_view path, std::string_view method = "GET") {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

struct Scene {
  explicit Scene(Trust trust = Trust::scrape) {
    std::vector<gateway::net::UniqueFd> fds;
    REQUIRE_FALSE(
        gateway::net::open_listeners(*gateway::net::Address::parse("127.0.0.1", 0), 1, false, fds));
    address = *gateway::net::Address::local_of(fds.front().get());
    server = std::make_unique<Server>(stage.loop, source, trust, std::move(fds.front()));
  }
  RawPeer client(std::string_view text = {}, int receive_buffer = 0) {
    RawPeer peer = connect_to(address, receive_buffer);
    peer.send(text);
    stage.settle();
    return peer;
  }
  bool ended(RawPeer& peer) {
    return stage.run_until([&] {
      peer.read();
      return peer.ended || peer.error != 0;
    });
  }
  std::string answer(std::string_view text) {
    RawPeer peer = client(text);
    REQUIRE(ended(peer));
    return peer.received;
  }

  LoopStage stage;
  Answers source;
  gateway::net::Address address;
  std::unique_ptr<Server> server;
};

bool is_open(RawPeer& peer) {
  peer.read();
  return !peer.ended && peer.error == 0;
}

}  // namespace

TEST_CASE("admin: /metrics is the source's text in the exposition format, made for each scrape") {
  Scene scene;
  const std::string answer = scene.answer(get("/metrics"));
  CHECK(status_of(answer) == 200);
  CHECK(field_of(answer, "Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(field_of(answer, "Cache-Control") == "no-store");
  CHECK(field_of(answer, "Connection") == "close");
  CHECK(body_of(answer) == "weir_up 1\n");
  scene.source.page = "weir_up 2\n";
  CHECK(body_of(scene.answer(get("/metrics?format=text"))) == "weir_up 2\n");
  CHECK(scene.source.scrapes == 2);
}

TEST_CASE("admin: a page of megabytes comes whole, also to who has shut its side") {
  Scene scene;
  scene.source.page = std::string(size_t{8} * 1024 * 1024, 'm');
  for (const bool shuts : {false, true}) {
    CAPTURE(shuts);
    RawPeer peer = connect_to(scene.address);
    peer.send(get("/metrics"));
    if (shuts) peer.shut();
    scene.stage.settle();
    REQUIRE(scene.ended(peer));
    CHECK(body_of(peer.received).size() == scene.source.page.size());
  }
}

TEST_CASE("admin: /healthz is always well, /readyz only while new sessions are taken") {
  Scene scene;
  CHECK(status_of(scene.answer(get("/healthz"))) == 200);
  CHECK(status_of(scene.answer(get("/readyz"))) == 200);
  scene.source.is_ready = false;
  CHECK(status_of(scene.answer(get("/healthz"))) == 200);
  const std::string answer = scene.answer(get("/readyz"));
  CHECK(status_of(answer) == 503);
  CHECK(body_of(answer) == "draining\n");
}

TEST_CASE("admin: /reload is for the control socket alone") {
  Scene scrape;
  const std::string refused = scrape.answer(get("/reload", "POST"));
  CHECK(status_of(refused) == 403);
  CHECK(scrape.source.reloads == 0);

  Scene control(Trust::control);
  const std::string wrong = control.answer(get("/reload"));
  CHECK(status_of(wrong) == 405);
  CHECK(field_of(wrong, "Allow") == "POST");
  CHECK(control.source.reloads == 0);
  const std::string done = control.answer(get("/reload", "POST"));
  CHECK(status_of(done) == 200);
  CHECK(body_of(done) == "generation 2 is in force\n");
  control.source.reloaded = {.done = false, .text = "weir.yaml:1:1: wrong\n"};
  const std::string failed = control.answer(get("/reload", "POST"));
  CHECK(status_of(failed) == 422);
  CHECK(body_of(failed) == "weir.yaml:1:1: wrong\n");
  CHECK(control.source.reloads == 2);
  CHECK(status_of(control.answer(get("/healthz"))) == 200);
}

TEST_CASE("admin: other paths are 404, other methods 405, and what is no request is told so") {
  Scene scene;
  CHECK(status_of(scene.answer(get("/"))) == 404);
  CHECK(status_of(scene.answer(get("/metricsx"))) == 404);
  for (const char* path : {"/metrics", "/usage", "/usage/websocket/bps"}) {
    const std::string wrong = scene.answer(get(path, "POST"));
    CHECK(status_of(wrong) == 405);
    CHECK(field_of(wrong, "Allow") == "GET, HEAD");
  }
  CHECK(status_of(scene.answer("nonsense\r\n\r\n")) == 400);
  CHECK(status_of(scene.answer(get("/" + std::string(7000, 'a')))) == 404);
  CHECK(status_of(scene.answer("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'))) == 431);
  CHECK(scene.source.scrapes == 0);
}

TEST_CASE("admin: a request may come octet by octet, and only the first one is answered") {
  Scene scene;
  RawPeer peer = scene.client();
  for (const char octet : get("/healthz")) {
    peer.send({&octet, 1});
    scene.stage.settle();
  }
  REQUIRE(scene.ended(peer));
  CHECK(body_of(peer.received) == "ok\n");
  const std::string two = scene.answer(get("/healthz") + get("/metrics"));
  CHECK(body_of(two) == "ok\n");
  CHECK(scene.source.scrapes == 0);
}

TEST_CASE("admin: the 65th silent connection takes the place of the oldest") {
  Scene scene;
  RawPeer oldest = scene.client();
  // The others are younger by the loop's clock.
  scene.stage.pass(8ms);
  std::vector<RawPeer> others;
  while (others.size() < Server::kMaxConnections - 1) others.push_back(scene.client("GET /me"));
  CHECK(is_open(oldest));
  RawPeer last = scene.client(get("/healthz"));
  REQUIRE(scene.ended(last));
  CHECK(body_of(last.received) == "ok\n");
  CHECK(scene.ended(oldest));
  CHECK(oldest.received.empty());
  size_t open = 0;
  for (RawPeer& peer : others) open += is_open(peer) ? 1 : 0;
  CHECK(open == others.size());
}

TEST_CASE("admin: hundreds of silent clients keep no scrape out") {
  Scene scene;
  std::vector<RawPeer> silent;
  while (silent.size() < 300) silent.push_back(scene.client());
  CHECK(status_of(scene.answer(get("/metrics"))) == 200);
}

TEST_CASE(
    "admin: who asks nothing within two seconds is closed, who does not read within ten, too") {
  Scene scene;
  RawPeer silent = scene.client("GET /metrics HTTP/1.1\r\n");
  scene.source.page = std::string(size_t{32} * 1024 * 1024, 'm');
  RawPeer slow = scene.client(get("/metrics"), 4096);
  scene.stage.pass(1s);
  CHECK(is_open(silent));
  scene.stage.pass(2s);
  CHECK(scene.ended(silent));
  CHECK(silent.received.empty());
  scene.stage.pass(8s);
  while (is_open(slow) && readable(slow.fd(), 5000)) slow.received.clear();
  CHECK_FALSE(is_open(slow));
}

TEST_CASE("admin: clients that are there when it ends are closed") {
  Scene scene;
  RawPeer silent = scene.client();
  CHECK(is_open(silent));
  scene.server.reset();
  CHECK(scene.ended(silent));
}

TEST_CASE("admin: what is asked about usage is passed on with its query, and the answer is JSON") {
  Scene scene;
  const std::string answer =
      scene.answer(get("/usage/websocket/bps?DomainName=a%2Cb&Interval=300"));
  CHECK(status_of(answer) == 200);
  CHECK(field_of(answer, "Content-Type") == "application/json");
  CHECK(body_of(answer) == "{}");
  CHECK(scene.source.asked == "/usage/websocket/bps?DomainName=a%2Cb&Interval=300");
  scene.answer(get("/usage"));
  CHECK(scene.source.asked == "/usage?");
  CHECK(status_of(scene.answer(get("/usages"))) == 404);
  CHECK(scene.source.asked == "/usage?");
}

TEST_CASE("admin: an answer about usage may come later, also to who has shut its side") {
  Scene scene;
  scene.source.later = true;
  for (const bool shuts : {false, true}) {
    CAPTURE(shuts);
    RawPeer peer = scene.client(get("/usage"));
    if (shuts) peer.shut();
    scene.stage.settle();
    CHECK(peer.received.empty());
    CHECK(status_of(scene.answer(get("/healthz"))) == 200);
    REQUIRE(scene.source.waiting.size() == 1);
    scene.source.waiting[0]({.status = 503, .body = "later"});
    scene.source.waiting.clear();
    REQUIRE(scene.ended(peer));
    CHECK(status_of(peer.received) == 503);
    CHECK(body_of(peer.received) == "later");
  }
}

TEST_CASE("admin: an answer about usage whose client has gone, or the server, is dropped") {
  Scene scene;
  scene.source.later = true;
  { const RawPeer gone = scene.client(get("/usage")); }
  RawPeer waits = scene.client(get("/usage"));
  RawPeer stays = scene.client(get("/usage"));
  scene.stage.settle();
  REQUIRE(scene.source.waiting.size() == 3);
  scene.source.waiting[0]({.status = 200, .body = "x"});
  scene.stage.settle();
  scene.stage.pass(121s);
  CHECK(scene.ended(waits));
  CHECK(waits.received.empty());
  scene.source.waiting[1]({.status = 200, .body = "x"});
  scene.source.waiting[1]({.status = 200, .body = "twice"});
  scene.server.reset();
  scene.source.waiting[2]({.status = 200, .body = "x"});
  scene.stage.settle();
  CHECK(scene.ended(stays));
  CHECK(stays.received.empty());
}

TEST_CASE("admin: a source that knows nothing of usage is 404") {
  Plain plain;
  int answers = 0;
  static_cast<Source&>(plain).usage("/usage", "", [&answers](const auto& answer) {
    ++answers;
    CHECK(answer.status == 404);
  });
  CHECK(answers == 1);
}

TEST_CASE("FY1 admin: HEAD gets what GET gets, without the body") {
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/usage", "/usage/now?domain=a",
                           "/nothing", "/reload"}) {
    for (const bool is_ready : {true, false}) {
      CAPTURE(path);
      CAPTURE(is_ready);
      Scene scene;
      scene.source.is_ready = is_ready;
      const std::string got = scene.answer(get(path));
      const std::string answer = scene.answer(get(path, "HEAD"));
      CHECK(status_of(answer) == status_of(got));
      CHECK(body_of(answer).empty());
      CHECK_FALSE(body_of(got).empty());
      CHECK(got == answer + body_of(got));
    }
  }
  // Later ones, and refused ones.
  Scene scene;
  scene.source.later = true;
  RawPeer waits = scene.client(get("/usage", "HEAD"));
  REQUIRE(scene.source.waiting.size() == 1);
  scene.source.waiting[0]({.status = 200, .body = "{}"});
  REQUIRE(scene.ended(waits));
  CHECK(status_of(waits.received) == 200);
  CHECK(body_of(waits.received).empty());
  CHECK(body_of(scene.answer("HEAD / HTTP/1.1\r\na b\r\n\r\n")).empty());
  CHECK(field_of(scene.answer(get("/metrics", "PUT")), "Allow") == "GET, HEAD");
}

TEST_CASE("admin: probes are answered while a scrape and a reload are worked on") {
  Scene scene(Trust::control);
  scene.source.later = true;
  RawPeer scraper = scene.client(get("/metrics"));
  RawPeer reloader = scene.client(get("/reload", "POST"));
  REQUIRE(scene.stage.run_until(
      [&] { return scene.source.scrapers.size() == 1 && scene.source.reloaders.size() == 1; }));
  for (int i = 0; i < 10; ++i) CHECK(status_of(scene.answer(get("/healthz"))) == 200);
  CHECK(is_open(scraper));
  CHECK(is_open(reloader));
  scene.source.scrapers[0]("weir_up 1\n");
  scene.source.reloaders[0]({.done = false, .text = "not reloaded: draining\n"});
  REQUIRE(scene.ended(scraper));
  CHECK(scraper.received.ends_with("\r\n\r\nweir_up 1\n"));
  REQUIRE(scene.ended(reloader));
  CHECK(status_of(reloader.received) == 422);
  CHECK(reloader.received.ends_with("\r\n\r\nnot reloaded: draining\n"));
}

TEST_CASE("admin: an answer for a client that has gone is harmless") {
  Scene scene(Trust::control);
  scene.source.later = true;
  {
    RawPeer scraper = scene.client(get("/metrics"));
    RawPeer reloader = scene.client(get("/reload", "POST"));
    REQUIRE(scene.stage.run_until(
        [&] { return scene.source.scrapers.size() == 1 && scene.source.reloaders.size() == 1; }));
  }
  scene.server.reset();
  scene.source.scrapers[0]("weir_up 1\n");
  scene.source.reloaders[0]({.done = true, .text = {}});
}
