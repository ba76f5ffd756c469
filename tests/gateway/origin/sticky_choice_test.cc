#include "gateway/origin/sticky_choice.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"
#include "tests/gateway/origin/pool_scene.h"

using namespace tests;
using namespace gateway::origin;
using gateway::outcome::Sticky;
using By = gateway::config::Sticky::By;

namespace {

// A request as it came.
class Came {
 public:
  explicit Came(const std::string& target, const std::string& fields = {},
                const char* address = "192.0.2.7")
      : client_(*gateway::net::Address::parse(address, 40000)) {
    proto::http1::RequestParser parser({});
    const std::string text =
        "GET " + target + " HTTP/1.1\r\nHost: chat.example.com\r\n" + fields + "\r\n";
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    head_ = parser.take();
    target_ = *proto::http1::request_target(head_);
  }
  StickyChoice::From from(bool tls = false) const {
    return {.head = head_, .target = target_, .client = client_, .client_tls = tls};
  }

 private:
  proto::http1::RequestHead head_;
  proto::http1::Target target_;
  gateway::net::Address client_;
};

proto::http1::ResponseHead answer(const std::string& fields = {}, int status = 200) {
  proto::http1::ResponseParser parser({});
  const std::string text = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + fields + "\r\n";
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  return parser.take();
}

struct StickyScene : PoolScene {
  explicit StickyScene(By by, size_t servers = 3) : PoolScene(servers) {
    config.sticky.emplace().by = by;
    if (by == By::query) config.sticky->name = "sid";
    make();
  }
  void make() {
    std::vector<std::string> names;
    for (const auto& server : pool.servers) names.push_back(server.backend->name());
    auto made = gateway::route::make_stickiness(config, pool.label, names, [] {
      return proto::Result<std::string, std::string>(std::string(64, 'k'));
    });
    REQUIRE(made.has_value());
    pool.sticky = std::move(*made);
  }
  StickyChoice choice(const Came& came, bool tls = false) {
    return StickyChoice(pool, came.from(tls), now);
  }
  std::vector<size_t> order(const Came& came) {
    return state.order(pool, choice(came).choice(), now);
  }
  std::string cookie_of(size_t server) const {
    return pool.sticky.cookie + "=" + pool.sticky.ids[server];
  }
  std::string told(const Came& came, const std::string& fields, int status = 200) {
    return choice(came).answered(1, answer(fields, status)).fields;
  }
};

}  // namespace

TEST_CASE("K1 sticky: a cookie that names no server is set for the client that brings none") {
  StickyScene scene(By::cookie);
  const Came came("/");
  CHECK(scene.pool.sticky.cookie.starts_with("weir_"));
  const auto plain = scene.choice(came).answered(1, answer());
  CHECK(plain.what == Sticky::made);
  CHECK(plain.fields == "Set-Cookie: " + scene.cookie_of(1) +
                            "; Path=/; HttpOnly; SameSite=Lax\r\nCache-Control: private\r\n");
  CHECK(scene.choice(came, true).answered(1, answer()).fields ==
        "Set-Cookie: " + scene.cookie_of(1) +
            "; Path=/; HttpOnly; SameSite=Lax; Secure\r\nCache-Control: private\r\n");
  scene.config.sticky->same_site = gateway::config::Sticky::SameSite::strict;
  scene.config.sticky->max_age = std::chrono::hours(1);
  CHECK(scene.choice(came).answered(1, answer()).fields ==
        "Set-Cookie: " + scene.cookie_of(1) +
            "; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600\r\nCache-Control: private\r\n");
}

TEST_CASE("K1 sticky: a cookie for other sites is set on TLS alone, where browsers take it") {
  StickyScene scene(By::cookie);
  scene.config.sticky->same_site = gateway::config::Sticky::SameSite::none;
  const Came came("/");
  CHECK(scene.choice(came, true).answered(1, answer()).fields.find("; SameSite=None; Secure\r\n") !=
        std::string::npos);
  const auto plain = scene.choice(came).answered(1, answer());
  CHECK(plain.fields.empty());
  CHECK(plain.what == Sticky::none);
}

TEST_CASE("K1 sticky: forged, doubled and endless cookies choose nothing that is not ours") {
  StickyScene scene(By::cookie);
  const std::string name = scene.pool.sticky.cookie;
  for (const std::string& cookie :
       {name + "=", name + "=0", name + "=10.0.0.2", name + "=" + std::string(16, 'A'),
        name + "=" + std::string(4096, 'A'), name + "=" + scene.pool.sticky.ids[1] + "x",
        name + "=\"" + scene.pool.sticky.ids[1] + "\"", "x" + scene.cookie_of(1),
        name + " =" + scene.pool.sticky.ids[1], std::string("other=1")}) {
    CAPTURE(cookie);
    const Came came("/", "Cookie: " + cookie + "\r\n");
    CHECK(scene.choice(came).answered(1, answer()).what == Sticky::made);
  }
  // The first that is one of ours, in whichever field it stands.
  for (const std::string& fields :
       {"Cookie: a=b; " + name + "=forged; " + scene.cookie_of(2) + "; " + scene.cookie_of(1),
        "Cookie: " + name + "=forged\r\ncookie: " + scene.cookie_of(2)}) {
    CAPTURE(fields);
    const Came came("/", fields + "\r\n");
    CHECK(scene.order(came).front() == 2);
    CHECK(scene.choice(came).answered(2, answer()).what == Sticky::kept);
  }
}

TEST_CASE("K1 sticky: two pools of a domain have cookies and ids of their own") {
  StickyScene one(By::cookie);
  StickyScene two(By::cookie);
  two.pool.label = "chat.example.com#/socket.io/";
  two.make();
  CHECK(one.pool.sticky.cookie != two.pool.sticky.cookie);
  std::set<std::string> ids(one.pool.sticky.ids.begin(), one.pool.sticky.ids.end());
  ids.insert(two.pool.sticky.ids.begin(), two.pool.sticky.ids.end());
  CHECK(ids.size() == 6);
}

TEST_CASE("K2 sticky: nothing is set for a client that comes with a valid one") {
  StickyScene scene(By::cookie);
  const Came came("/", "Cookie: " + scene.cookie_of(1) + "\r\n");
  const auto told = scene.choice(came).answered(1, answer());
  CHECK(told.what == Sticky::kept);
  CHECK(told.fields.empty());
}

TEST_CASE("K2 sticky: a cache in front never stores an answer with a cookie") {
  struct Case {
    const char* fields;
    int status;
    bool cookie;
    bool made_private;  // by us
  };
  const Case cases[] = {
      {"", 200, true, true},
      {"Cache-Control: private\r\n", 200, true, false},
      {"Cache-Control: no-store\r\n", 200, true, false},
      {"cache-control: max-age=0, Private=\"Set-Cookie\"\r\n", 200, true, false},
      {"Cache-Control: no-cache\r\n", 200, true, true},
      {"Cache-Control: max-age=60\r\n", 200, true, true},
      {"Expires: Thu, 01 Dec 2044 16:00:00 GMT\r\n", 200, true, true},
      {"", 404, true, true},
      {"Cache-Control: public\r\n", 200, false, false},
      {"Cache-Control: max-age=60, PUBLIC\r\n", 200, false, false},
      {"Cache-Control: max-age=0\r\nCache-Control: s-maxage=60\r\n", 200, false, false},
      {"CDN-Cache-Control: max-age=60\r\n", 200, false, false},
      {"Surrogate-Control: max-age=60\r\n", 200, false, false},
      {"", 304, false, false},
      {"Cache-Control: private\r\n", 304, false, false},
  };
  StickyScene scene(By::cookie);
  const Came came("/");
  for (const Case& one : cases) {
    CAPTURE(one.fields);
    CAPTURE(one.status);
    const std::string fields = scene.told(came, one.fields, one.status);
    CHECK((fields.find("Set-Cookie: ") != std::string::npos) == one.cookie);
    CHECK((fields.find("Cache-Control: private\r\n") != std::string::npos) == one.made_private);
  }
}

TEST_CASE("K2 sticky: a 101 carries the cookie alone") {
  StickyScene scene(By::cookie);
  CHECK(scene.told(Came("/"), "Upgrade: websocket\r\n", 101) ==
        "Set-Cookie: " + scene.cookie_of(1) + "; Path=/; HttpOnly; SameSite=Lax\r\n");
}

TEST_CASE("K3 sticky: of a server that cannot be had the cookie is rewritten") {
  StickyScene scene(By::cookie);
  const Came came("/", "Cookie: " + scene.cookie_of(1) + "\r\n");
  scene.at(1).up = false;
  const auto order = scene.order(came);
  REQUIRE(order.size() == 2);
  CHECK(order.front() != 1);
  const auto told = scene.choice(came).answered(order.front(), answer());
  CHECK(told.what == Sticky::moved);
  CHECK(told.fields.starts_with("Set-Cookie: " + scene.cookie_of(order.front()) + ";"));
}

TEST_CASE("K3 sticky: a server without weight keeps whom it has and is given nobody new") {
  StickyScene scene(By::cookie);
  scene.pool.servers[1].weight = 0;
  for (int i = 0; i < 20; ++i) CHECK(scene.order(Came("/")).front() != 1);
  const Came known("/", "Cookie: " + scene.cookie_of(1) + "\r\n");
  const auto order = scene.order(known);
  CHECK(order.front() == 1);
  CHECK(order.size() == 3);
  CHECK(scene.choice(known).answered(1, answer()).what == Sticky::kept);
}

TEST_CASE("K4 sticky: a session's id is learned from the answer to the request without one") {
  StickyScene scene(By::query);
  const Came opening("/socket.io/?EIO=4&transport=polling");
  const auto told = scene.choice(opening).answered(2, answer());
  CHECK(told.fields.empty());
  REQUIRE(told.reader != nullptr);
  CHECK(told.reader->read(proto::bytes_of("0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[]}"),
                          scene.now));
  const Came next("/socket.io/?EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC");
  CHECK(scene.order(next).front() == 2);
  const auto kept = scene.choice(next).answered(2, answer());
  CHECK(kept.what == Sticky::kept);
  CHECK(kept.reader == nullptr);
  // A reload may put the servers into another order.
  std::swap(scene.pool.servers[0], scene.pool.servers[2]);
  CHECK(scene.order(next).front() == 0);
  scene.at(0).up = false;
  const auto order = scene.order(next);
  CHECK(scene.choice(next).answered(order.front(), answer()).what == Sticky::moved);
}

TEST_CASE("K4 sticky: only a 200 that can be read is read for an id") {
  StickyScene scene(By::query);
  const Came opening("/socket.io/?EIO=4");
  CHECK(scene.choice(opening).answered(0, answer()).reader != nullptr);
  CHECK(scene.choice(opening).answered(0, answer({}, 400)).reader == nullptr);
  CHECK(scene.choice(opening).answered(0, answer("Content-Encoding: gzip\r\n")).reader == nullptr);
  CHECK(scene.choice(Came("/?sid=a")).answered(0, answer()).reader == nullptr);
}

TEST_CASE("K4 sticky: an id that nobody knows goes by the client's address") {
  StickyScene scene(By::query, 5);
  StickyScene by_address(By::client_ip, 5);
  for (const char* address : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "198.51.100.9"}) {
    CAPTURE(address);
    const Came unknown("/socket.io/?sid=unknown", {}, address);
    CHECK(scene.order(unknown) == by_address.order(Came("/", {}, address)));
    CHECK(scene.order(Came("/?sid=" + std::string(200, 'a'), {}, address)) == scene.order(unknown));
  }
}

TEST_CASE("K5 sticky: one client's address always has the same server, and the same second one") {
  StickyScene scene(By::client_ip, 5);
  std::set<size_t> all;
  for (int host = 1; host < 100; ++host) {
    const std::string address = "192.0.2." + std::to_string(host);
    const Came came("/", {}, address.c_str());
    const auto order = scene.order(came);
    all.insert(order.front());
    // However busy it is.
    scene.at(order.front()).sessions = 1000;
    CHECK(scene.order(came) == order);
    scene.at(order.front()).sessions = 0;
    CHECK(scene.choice(came).answered(order[0], answer()).what == Sticky::kept);
    scene.at(order[0]).up = false;
    CHECK(scene.order(came).front() == order[1]);
    CHECK(scene.choice(came).answered(order[1], answer()).what == Sticky::moved);
    scene.at(order[0]).up = true;
  }
  CHECK(all.size() == 5);
}

TEST_CASE("K5 sticky: a segment behind the prefix chooses, and without it balance does") {
  StickyScene scene(By::segment, 5);
  scene.config.sticky->segment = 2;
  scene.pool.label = "chat.example.com#/sockjs";
  std::set<size_t> all;
  for (int session = 0; session < 100; ++session) {
    const std::string id = "s" + std::to_string(session);
    const auto order = scene.order(Came("/sockjs/000/" + id + "/xhr"));
    all.insert(order.front());
    // Of another client, too, and with another server segment.
    CHECK(scene.order(Came("/sockjs/999/" + id + "/xhr_send?t=1", {}, "2001:db8::7")) == order);
  }
  CHECK(all.size() == 5);
  std::set<size_t> turns;
  for (int i = 0; i < 20; ++i) turns.insert(scene.order(Came("/sockjs/info")).front());
  CHECK(turns.size() == 5);
  CHECK(scene.choice(Came("/sockjs/info")).answered(0, answer()).what == Sticky::none);
  // A prefix that ends in a slash counts the same.
  const auto without = scene.order(Came("/sockjs/0/abc/xhr"));
  scene.pool.label = "chat.example.com#/sockjs/";
  CHECK(scene.order(Came("/sockjs/0/abc/xhr")) == without);
}

TEST_CASE("sticky: off, nothing is chosen, set or read") {
  StickyScene scene(By::cookie);
  scene.config.sticky.reset();
  const Came came("/?sid=a", "Cookie: " + scene.cookie_of(1) + "\r\n");
  const auto told = scene.choice(came).answered(0, answer());
  CHECK(told.what == Sticky::none);
  CHECK(told.fields.empty());
  CHECK(told.reader == nullptr);
  const Choice choice = scene.choice(came).choice();
  CHECK_FALSE(choice.server.has_value());
  CHECK_FALSE(choice.place.has_value());
}
