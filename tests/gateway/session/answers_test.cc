// What an upgrade makes of answers that are not as they should be.
#include <string>

#include <doctest/doctest.h>

#include "tests/support/names.h"
#include "tests/support/upgrade_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;

namespace {

// The first of two servers answers so; the second is there for a retry.
struct TwoServers {
  TwoServers() {
    scene.config.origin.retries.budget_percent = 100;
    scene.add_server(second.address().port());
    scene.config.origin.servers[1].priority = 30;
  }
  gateway::route::Backend& backend() { return scene.backend_of(0); }
  // Lets what is given out by a timer of one second happen.
  void pass_a_second() {
    scene.turn();
    scene.stage.loop.wheel().advance(scene.stage.loop.now() + 1100ms);
  }
  void check_passed(int status, std::string_view body) {
    REQUIRE(scene.finished());
    REQUIRE(scene.refusals == 1);
    CHECK(scene.refused.status == status);
    CHECK(status_of(scene.refused.response) == status);
    CHECK(body_of(scene.refused.response) == body);
    CHECK(field_of(scene.refused.response, "Content-Length") == std::to_string(body.size()));
    CHECK(scene.refused.unfinished);
    CHECK(scene.retries == 0);
    CHECK(backend().failures_in_a_row == 0);
    CHECK_FALSE(readable(second.fd()));
    CHECK(scene.setbacks.find("answered " + std::to_string(status) + ", its body did not end") !=
          std::string::npos);
  }
  RawListener second;
  UpgradeScene scene;
};

struct Unending {
  std::string_view fields;
  std::string_view sent;
  std::string_view body;
};
constexpr Unending kUnending[] = {
    {"", "half", "half"},
    {"", "", ""},
    {"Content-Length: 9\r\n", "half", "half"},
    {"Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n", "half"},
    {"Transfer-Encoding: chunked\r\n", "9\r\nhalf", "half"},
    {"Transfer-Encoding: chunked\r\n", "", ""},
};

std::string head_of(int status, std::string_view fields) {
  return "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + std::string(fields) + "\r\n";
}

constexpr std::string_view kChallenge = "WWW-Authenticate: Basic realm=\"origin\"\r\n";

}  // namespace

TEST_CASE("FX7 upgrade: an answer whose body never ends is passed on with what came") {
  for (const int status : {401, 403, 404, 200, 500, 503}) {
    for (const Unending& one : kUnending) {
      CAPTURE(status);
      CAPTURE(one.fields);
      CAPTURE(one.sent);
      TwoServers two;
      RawPeer peer = two.scene.ask();
      peer.send(head_of(status, one.fields) + std::string(one.sent));
      two.pass_a_second();
      two.check_passed(status, one.body);
    }
  }
}

TEST_CASE("FX7 upgrade: so is one whose body is cut short, reset or malformed") {
  struct Row {
    std::string_view fields;
    std::string_view sent;
    std::string_view body;
  };
  for (const bool reset : {false, true}) {
    for (const Row& row : {Row{"Content-Length: 9\r\n", "half", "half"},
                           Row{"Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n", "half"},
                           Row{"Transfer-Encoding: chunked\r\n", "4\r\nha", "ha"}}) {
      CAPTURE(reset);
      CAPTURE(row.sent);
      TwoServers two;
      RawPeer peer = two.scene.ask();
      peer.send(head_of(403, row.fields) + std::string(row.sent));
      two.scene.turn();
      if (reset) {
        peer.reset();
      } else {
        peer.shut();
      }
      two.check_passed(403, row.body);
    }
  }
  TwoServers two;
  RawPeer peer = two.scene.ask();
  peer.send(head_of(403, "Transfer-Encoding: chunked\r\n") + "4\r\nhalf\r\nxyz\r\n");
  two.check_passed(403, "half");
}

TEST_CASE("FX7 upgrade: a body that comes in drops is waited for one second in all") {
  TwoServers two;
  RawPeer peer = two.scene.ask();
  peer.send(head_of(403, ""));
  two.scene.turn();
  const auto began = two.scene.stage.loop.now();
  two.scene.stage.loop.wheel().advance(began + 900ms);
  peer.send("x");
  two.scene.turn();
  two.scene.stage.loop.wheel().advance(began + 1100ms);
  CHECK(two.scene.done());
  CHECK(two.scene.refused.status == 403);
}

TEST_CASE("FX7 upgrade: an endless body is cut at its limit, and that is no setback") {
  TwoServers two;
  RawPeer peer = two.scene.ask();
  peer.send(head_of(403, "") + std::string(size_t{100} * 1024, 'x'));
  REQUIRE(two.scene.finished());
  CHECK(two.scene.refused.status == 403);
  CHECK_FALSE(two.scene.refused.unfinished);
  CHECK(body_of(two.scene.refused.response).size() == two.scene.question->patience().most_body);
}

TEST_CASE("FX7 upgrade: a challenge is answered though its body does not end") {
  for (const Unending& one : kUnending) {
    CAPTURE(one.fields);
    CAPTURE(one.sent);
    TwoServers two;
    auto& auth = two.scene.config.origin.auth.emplace();
    auth.credentials.username = "user";
    auth.credentials.password = "secret";
    auth.allow_basic_plaintext = true;
    RawPeer peer = two.scene.ask();
    peer.send(head_of(401, std::string(kChallenge) + std::string(one.fields)) +
              std::string(one.sent));
    two.pass_a_second();
    RawPeer again = two.scene.next(two.scene.origin);
    CHECK(field_of(again.received, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
    again.send(head_of(401, std::string(kChallenge) + std::string(one.fields)) +
               std::string(one.sent));
    two.pass_a_second();
    REQUIRE(two.scene.finished());
    CHECK(two.scene.failure.cause == Cause::origin_auth);
    CHECK(two.backend().failures_in_a_row == 0);
  }
}

TEST_CASE("FX7 upgrade: a redirect is followed though its body does not end") {
  TwoServers two;
  RawPeer peer = two.scene.ask();
  peer.send(head_of(302, "Location: /there\r\n") + "half");
  two.pass_a_second();
  RawPeer there = two.scene.next(two.scene.origin);
  CHECK(there.received.starts_with("GET /there HTTP/1.1\r\n"));
  there.send(switching_answer(there.received));
  REQUIRE(two.scene.finished());
  CHECK(two.scene.upgrades == 1);
  CHECK(two.scene.setbacks.find("answered 302, its body did not end") != std::string::npos);
}

TEST_CASE("FX8 upgrade: an answer that has no body by its status is passed on at once") {
  for (const int status : {204, 304}) {
    for (const std::string_view fields :
         {"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n",
          ""}) {
      CAPTURE(status);
      CAPTURE(fields);
      UpgradeScene scene;
      RawPeer peer = scene.ask();
      peer.send(head_of(status, std::string("ETag: \"x\"\r\n") + std::string(fields)) + "stray");
      REQUIRE(scene.finished());
      REQUIRE(scene.refusals == 1);
      CHECK(scene.refused.status == status);
      CHECK_FALSE(scene.refused.unfinished);
      CHECK(body_of(scene.refused.response).empty());
      CHECK(field_of(scene.refused.response, "Content-Length").empty());
      CHECK(field_of(scene.refused.response, "Transfer-Encoding").empty());
      CHECK(field_of(scene.refused.response, "ETag") == "\"x\"");
      CHECK(scene.setbacks.empty());
    }
  }
}

TEST_CASE("FX8 upgrade: an interim answer has no body, whatever its fields say") {
  for (const std::string_view fields :
       {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    CAPTURE(fields);
    UpgradeScene scene;
    RawPeer peer = scene.ask();
    peer.send(head_of(103, fields) + switching_answer(peer.received));
    REQUIRE(scene.finished());
    CHECK(scene.upgrades == 1);
  }
}

TEST_CASE("FY25 upgrade: a Location that names a server of the origin names the client's Host") {
  struct Row {
    std::string location;
    std::string passed;
    bool client_tls = false;
  };
  const Row rows[] = {
      {"http://127.0.0.1/x?y=1#z", "http://chat.example.com:8080/x?y=1#z"},
      {"http://127.0.0.1:22/x", "http://chat.example.com:8080/x"},
      {"http://127.0.0.1", "http://chat.example.com:8080"},
      {"ws://127.0.0.1:22?q", "ws://chat.example.com:8080?q"},
      {"//127.0.0.1:22/x", "//chat.example.com:8080/x"},
      {"HTTP://[::FFFF:127.0.0.1]:22/x", "http://chat.example.com:8080/x"},
      {"http://Pool.Example:1/x", "http://chat.example.com:8080/x"},
      {"http://[2001:DB8:0::1]/x", "http://chat.example.com:8080/x"},
      // A client on TLS is told of no way back; the port of a Host is that of its scheme.
      {"http://127.0.0.1:22/x", "https://chat.example.com:8080/x", true},
      {"wss://127.0.0.1:22/x", "wss://chat.example.com:8080/x", true},
      {"https://127.0.0.1:22/x", "https://chat.example.com/x"},
      // These name nobody inside.
      {"/x//127.0.0.1", "/x//127.0.0.1"},
      {"x?to=http://127.0.0.1/", "x?to=http://127.0.0.1/"},
      {"http://elsewhere.test:22/127.0.0.1", "http://elsewhere.test:22/127.0.0.1"},
      {"http://chat.example.com:22/x", "http://chat.example.com:22/x"},
      {"http://127.0.0.10/x", "http://127.0.0.10/x"},
  };
  for (const int status : {302, 201, 404, 503}) {
    for (const Row& row : rows) {
      CAPTURE(status);
      CAPTURE(row.location);
      UpgradeScene scene;
      scene.config.origin.max_redirects = 0;
      scene.config.origin.retries.attempts = 0;
      scene.asked.host = "chat.example.com:8080";
      scene.client_tls = row.client_tls;
      scene.config.origin.protocol = gateway::config::Origin::Protocol::http;
      scene.add_server(scene.server);
      for (const char* host : {"pool.example", "2001:db8::1"}) {
        gateway::config::Server other = scene.server;
        other.host = host;
        other.priority = 30;
        scene.add_server(other);
      }
      RawPeer peer = scene.ask();
      peer.send(head_of(status, "Location: " + row.location + "\r\nContent-Location: " +
                                    row.location + "\r\nContent-Length: 0\r\n"));
      REQUIRE(scene.finished());
      CHECK(scene.refused.status == status);
      CHECK(field_of(scene.refused.response, "Location") == row.passed);
      CHECK(field_of(scene.refused.response, "Content-Location") == row.passed);
    }
  }
}

TEST_CASE("FY25 upgrade: the Host that the origin was sent, and its address, are inside, too") {
  for (const char* location : {"http://inner.example:81/x", "http://127.0.0.1:9/x"}) {
    UpgradeScene scene;
    Names names(scene.stage);
    names.set("pool.example", {"127.0.0.1"});
    scene.names = &names.resolver;
    allow_loopback(scene.config.origin);
    scene.config.origin.host_header = gateway::config::Origin::Host::fixed;
    scene.config.origin.fixed_host = "inner.example";
    scene.server.host = "pool.example";
    RawPeer peer = scene.ask();
    CHECK(field_of(peer.received, "Host") == "inner.example");
    peer.send(head_of(302, "Location: " + std::string(location) + "\r\nContent-Length: 0\r\n"));
    REQUIRE(scene.finished());
    CHECK(scene.refused.status == 302);
    CHECK(field_of(scene.refused.response, "Location") == "http://chat.example.com/x");
    scene.journey.reset();
  }
}

TEST_CASE("FY10 upgrade: the fields of an answer are counted by max_response_headers") {
  for (const int more : {106, 194, 195}) {
    CAPTURE(more);
    UpgradeScene scene;
    RawPeer peer = scene.ask();
    std::string fields = "X-Last: 1\r\nSet-Cookie: a=b\r\nVary: *\r\n";  // 3, and 3 of the 101
    for (int i = 0; i < more; ++i) fields += "A: b\r\n";
    peer.send(switching_answer(peer.received, fields));
    REQUIRE(scene.finished());
    CHECK((scene.upgrades == 1) == (more <= 194));
    if (scene.failures == 0) continue;
    CHECK(scene.failure.cause == Cause::origin_bad_upgrade);
    CHECK(scene.failure.status == 502);
    CHECK(scene.failure.why ==
          "the origin's answer has more than 200 fields in its head: origin.max_response_headers "
          "allows no more");
  }
  UpgradeScene ten;
  ten.config.origin.max_response_headers = 10;
  RawPeer peer = ten.ask();
  peer.send(switching_answer(peer.received,
                             "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\n"
                             "A: 8\r\n"));
  REQUIRE(ten.finished());
  CHECK(ten.failure.why.find("more than 10 fields") != std::string::npos);
}

TEST_CASE("FY21 upgrade: an answer that has begun is to go on within io_timeout") {
  for (const std::string_view begun :
       {"H", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso", "HTTP/1.1 403 No\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 1"}) {
    CAPTURE(begun);
    UpgradeScene scene;
    RawPeer peer = scene.ask();
    peer.send(begun);
    scene.turn();
    CHECK_FALSE(scene.done());
    scene.stage.loop.wheel().advance(scene.stage.loop.now() + 5100ms);
    REQUIRE(scene.done());
    CHECK(scene.failure.cause == Cause::origin_timeout);
    CHECK(scene.failure.status == 504);
    CHECK(scene.failure.retry == gateway::outcome::Retry::elsewhere);
    CHECK(scene.failure.why ==
          "the origin fell silent in the middle of its answer, for longer than io_timeout");
  }
}

TEST_CASE("FY21 upgrade: before the first byte, and behind an interim answer, it has longer") {
  for (const std::string_view begun : {"", "HTTP/1.1 103 Early Hints\r\n\r\n"}) {
    CAPTURE(begun);
    UpgradeScene scene;
    RawPeer peer = scene.ask();
    peer.send(begun);
    scene.turn();
    scene.stage.loop.wheel().advance(scene.stage.loop.now() + 10s);
    CHECK_FALSE(scene.done());
    scene.stage.loop.wheel().advance(scene.stage.loop.now() + 31s);
    CHECK(scene.failure.why == "the origin did not answer within request_timeout");
  }
}

TEST_CASE("FY21 upgrade: request_timeout ends an answer that began, when it is the shorter one") {
  UpgradeScene scene;
  scene.config.origin.request_timeout = 2s;
  RawPeer peer = scene.ask();
  peer.send("HTTP/1.1 ");
  scene.turn();
  scene.stage.loop.wheel().advance(scene.stage.loop.now() + 2100ms);
  REQUIRE(scene.done());
  CHECK(scene.failure.why == "the origin did not answer within request_timeout");
}
