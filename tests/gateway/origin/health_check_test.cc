#include "gateway/origin/health_check.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/tls/origin.h"
#include "gateway/origin/origin_paths.h"
#include "proto/ws/frame.h"
#include "proto/ws/frame_writer.h"
#include "proto/ws/message_reader.h"
#include "tests/gateway/origin/connect_scene.h"
#include "tests/gateway/origin/probing_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using Type = gateway::config::Health::Type;

namespace {

struct Checking final : ProbingScene, HealthCheck::Handler {
  explicit Checking(Type type = Type::tcp) { health().type = type; }

  void begin(uint16_t port, bool over_tls = false) {
    settings.origin.protocol = over_tls ? gateway::config::Origin::Protocol::https
                                        : gateway::config::Origin::Protocol::http;
    made = snapshot(port);
    pool_of(*made).tls = std::move(origin_tls);
    again(port, over_tls);
  }
  void again(uint16_t port, bool over_tls) {
    result.reset();
    check =
        std::make_unique<HealthCheck>(stage.loop, resolver,
                                      HealthCheck::Plan{.pool = pool_of(*made),
                                                        .server = pool_of(*made).servers.front(),
                                                        .target = {.tls = over_tls, .port = port},
                                                        .paths = paths},
                                      *this);
  }
  // Nothing: no verdict came. Empty: passed.
  std::optional<std::string> verdict(FakeOrigin& origin, bool over_tls = false) {
    origins = {&origin};
    begin(origin.port(), over_tls);
    static_cast<void>(run_until([this] { return result.has_value(); }));
    return result;
  }
  std::optional<std::string> verdict(const FakeOrigin::Answer& answer) {
    FakeOrigin origin(answer);
    return verdict(origin);
  }
  void on_checked(std::string failure) override {
    CHECK_FALSE(result.has_value());
    result = std::move(failure);
    check.reset();
  }
  void on_not_checked(const gateway::outcome::Failure&) override {
    not_checked = true;
    check.reset();
  }

  OriginPaths paths{stage.loop, resolver};
  std::shared_ptr<gateway::route::Snapshot> made;
  gateway::net::tls::SslContextPtr origin_tls;
  std::unique_ptr<HealthCheck> check;
  std::optional<std::string> result;
  bool not_checked = false;
};

std::optional<std::string> verdict_of(Type type, const std::string& answer, bool closes = false) {
  Checking scene(type);
  FakeOrigin origin([answer](const std::string&) { return answer; });
  if (closes) origin.close_after_answer();
  return scene.verdict(origin);
}

}  // namespace

TEST_CASE("health check: tcp passes where somebody accepts, and says why where not") {
  Checking scene;
  FakeOrigin origin;
  CHECK(scene.verdict(origin) == "");

  Checking refused;
  const uint16_t closed = ProbingScene::closed_port();
  refused.begin(closed);
  REQUIRE(refused.run_until([&] { return refused.result.has_value(); }));
  CHECK(*refused.result == "127.0.0.1:" + std::to_string(closed) + ": connection refused");
}

TEST_CASE("health check: without a local port it has not been made") {
  Checking scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  // No connection can come from an address of another machine (RFC 5737).
  scene.settings.origin.source = {"192.0.2.55"};
  scene.begin(origin.port());
  CHECK(scene.run_until([&] { return scene.not_checked; }));
  CHECK_FALSE(scene.result.has_value());
}

TEST_CASE("health check: http goes by the status") {
  struct Row {
    int status;
    bool passes;
  };
  for (const Row& row : {Row{200, true},
                         {204, true},
                         {302, true},
                         {399, true},
                         {400, false},
                         {404, false},
                         {503, false}}) {
    CAPTURE(row.status);
    const auto verdict = verdict_of(Type::http, status_answer(row.status));
    CHECK(verdict == (row.passes ? "" : "status " + std::to_string(row.status)));
  }
  Checking scene(Type::http);
  scene.health().expect = {{.first = 401, .last = 401}, {.first = 500, .last = 502}};
  CHECK(scene.verdict([](const std::string&) { return status_answer(401); }) == "");
}

TEST_CASE("FX7 health check: http goes by the status, whether a body ends or not") {
  for (const char* rest : {"\r\nhalf", "Content-Length: 9\r\n\r\nhalf",
                           "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"}) {
    for (const bool ends : {false, true}) {
      CAPTURE(rest);
      CAPTURE(ends);
      CHECK(verdict_of(Type::http, "HTTP/1.1 200 OK\r\n" + std::string(rest), ends) == "");
      CHECK(verdict_of(Type::http, "HTTP/1.1 503 No\r\n" + std::string(rest), ends) ==
            "status 503");
    }
  }
}

TEST_CASE("health check: http asks for the path with the host of a session") {
  Checking scene(Type::http);
  scene.health().path = "/health?deep=1";
  FakeOrigin origin([](const std::string&) { return status_answer(200); });
  CHECK(scene.verdict(origin) == "");
  REQUIRE(origin.requests.size() == 1);
  CHECK(origin.requests[0].starts_with("GET /health?deep=1 HTTP/1.1\r\n"));
  CHECK(field_of(origin.requests[0], "Host") == "chat.example.com");

  Checking own(Type::http);
  own.health().host.clear();
  own.settings.origin.host_header = gateway::config::Origin::Host::origin;
  CHECK(own.verdict(origin) == "");
  CHECK(field_of(origin.requests[1], "Host") == "127.0.0.1:" + std::to_string(origin.port()));

  Checking wildcard(Type::http);
  wildcard.health().host = "*.example.com";
  CHECK(wildcard.verdict(origin) == "");
  CHECK(field_of(origin.requests[2], "Host") == "health.example.com");
}

TEST_CASE("health check: an answer that is none, is late or has no end fails") {
  CHECK(verdict_of(Type::http, "") == "no answer within 100ms");
  CHECK(verdict_of(Type::http, "HTTP/1.1 200 OK\r\nServer: dri") == "no answer within 100ms");
  CHECK(verdict_of(Type::http, "SSH-2.0-OpenSSH_9.2\r\n")
            .value_or("")
            .starts_with("the answer is not HTTP/1.1"));
  CHECK(verdict_of(Type::http, "HTTP/1.1 200 OK\r\n", true) ==
        "the connection was closed in the middle of the answer");
  Checking scene(Type::http);
  FakeOrigin mute([](const std::string&) { return std::string(); });
  mute.close_after_answer();
  CHECK(scene.verdict(mute) == "the connection was closed without an answer");
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  CHECK(verdict_of(Type::http, interim + status_answer(200)) ==
        "one interim answer after the other");
  CHECK(verdict_of(Type::http, "HTTP/1.1 100 Continue\r\n\r\n" + status_answer(200)) == "");
  CHECK(verdict_of(Type::http, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'a')) ==
        "the answer has a head of more than 16KiB: origin.max_response_head allows no more");
  std::string fields;
  for (int i = 0; i < 201; ++i) fields += "A: b\r\n";
  CHECK(verdict_of(Type::http, "HTTP/1.1 200 OK\r\n" + fields + "\r\n") ==
        "the answer has more than 200 fields in its head: origin.max_response_headers allows no "
        "more");
}

TEST_CASE("health check: websocket upgrades, closes with 1000 and waits for the answer") {
  Checking scene(Type::websocket);
  FakeOrigin origin(upgrade_answer);
  origin.answer_close_with(proto::ws::close_frame(proto::ws::CloseCode::normal, {}, std::nullopt));
  CHECK(scene.verdict(origin) == "");
  const std::string said = origin.last_rest();
  proto::ws::MessageReader reader(proto::ws::Sender::client, 1000);
  proto::Bytes bytes = proto::bytes_of(said);
  const auto event = reader.read(bytes);
  REQUIRE(std::holds_alternative<proto::ws::Close>(event));
  CHECK(std::get<proto::ws::Close>(event).code == proto::ws::CloseCode::normal);
}

TEST_CASE("health check: who has upgraded is alive, whatever comes of the Close") {
  Checking silent(Type::websocket);
  CHECK(silent.verdict(upgrade_answer) == "");
  Checking chatty(Type::websocket);
  CHECK(chatty.verdict([](const std::string& request) {
    return upgrade_answer(request) +
           proto::ws::frame(proto::ws::Opcode::text, proto::bytes_of("hello"), std::nullopt);
  }) == "");
  Checking broken(Type::websocket);
  CHECK(broken.verdict([](const std::string& request) {
    return upgrade_answer(request) + "\xff\xff\xff\xff";
  }) == "");
  Checking huge(Type::websocket);
  CHECK(huge.verdict([](const std::string& request) {
    return upgrade_answer(request) + std::string("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
  }) == "");
  Checking cut(Type::websocket);
  FakeOrigin origin(upgrade_answer);
  origin.close_after_answer();
  CHECK(cut.verdict(origin) == "");
}

TEST_CASE("health check: an upgrade is judged as that of a session is") {
  CHECK(verdict_of(Type::websocket, status_answer(200)) == "status 200 instead of 101");
  CHECK(verdict_of(Type::websocket, status_answer(503)) == "status 503 instead of 101");
  CHECK(verdict_of(Type::websocket,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Accept: d3Jvbmc=\r\n\r\n")
            .value_or("")
            .starts_with("the 101 is not valid"));
  // What was not offered must not be chosen.
  Checking scene(Type::websocket);
  const auto verdict = scene.verdict([](const std::string& request) {
    std::string answer = upgrade_answer(request);
    return answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  });
  CHECK(verdict.value_or("").starts_with("the 101 is not valid"));
}

TEST_CASE("health check: where origins want a PROXY header, a check has one, too") {
  Checking scene(Type::http);
  scene.settings.origin.proxy_protocol = gateway::config::Origin::ProxyProtocol::v1;
  FakeOrigin origin([](const std::string&) { return status_answer(200); });
  CHECK(scene.verdict(origin) == "");
  REQUIRE(origin.requests.size() == 1);
  CHECK(origin.requests[0].starts_with("PROXY "));
  CHECK(origin.requests[0].find("\r\nGET / HTTP/1.1\r\n") != std::string::npos);
}

TEST_CASE("health check: over TLS the handshake belongs to it") {
  auto context = gateway::net::tls::make_origin_context({});
  REQUIRE(context.has_value());
  Checking scene;
  scene.origin_tls = std::move(*context);
  // It accepts and says nothing.
  FakeOrigin origin;
  CHECK(scene.verdict(origin, true) == "no connection within 100ms");
}

TEST_CASE("health check: tcp over TLS waits for the tickets, so that the next one resumes") {
  gateway::net::tls::OriginSessions sessions;
  const TlsOrigin origin("chat.example.com");
  const RawListener listener;
  Recorder told;
  std::vector<bool> resumed;
  Checking scene;
  scene.health().timeout = 10s;  // a handshake is no small thing under a sanitizer
  scene.origin_tls = origin.trusting(&sessions);
  const auto serve = [&](bool ends) {
    REQUIRE(scene.stage.run_until([&] { return readable(listener.fd()); }));
    const auto far = origin.serve(scene.stage, listener.accept(), told);
    if (ends) told.end_hook = [&] { far->end(); };
    REQUIRE(scene.stage.run_until([&] { return scene.result.has_value(); }));
    CHECK(*scene.result == "");
    resumed.push_back(far->facts().resumed);
    told.end_hook = {};
  };
  const uint16_t port = listener.address().port();
  scene.begin(port, true);
  serve(true);
  scene.again(port, true);
  serve(false);
  CHECK(resumed == std::vector<bool>{false, true});
}

TEST_CASE("health check: destroying it gives up in silence") {
  for (const Type type : {Type::tcp, Type::http, Type::websocket}) {
    Checking scene(type);
    FakeOrigin origin(upgrade_answer);
    scene.origins = {&origin};
    scene.begin(origin.port());
    if (type != Type::tcp) REQUIRE(scene.run_until([&] { return !origin.requests.empty(); }));
    scene.check.reset();
    scene.stage.settle();
    CHECK_FALSE(scene.result.has_value());
  }
}
