#include "gateway/edge/client_connection.h"

#include <linux/sockios.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"
#include "tests/support/frames.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Document;
using proto::ws::Opcode;

namespace {

std::string text_of(const std::vector<uint8_t>& octets) { return {octets.begin(), octets.end()}; }
const std::string kFromClient = text_of(from_client(Opcode::text, "from the client"));
const std::string kFromOrigin = text_of(from_origin(Opcode::text, "from the origin"));

void with_echo(Document& document) {
  document.domains[0].origin.builtin = gateway::config::Origin::Builtin::echo;
  document.domains[0].origin.servers.clear();
}

}  // namespace

TEST_CASE("client connection: an upgrade becomes a session, and is gone itself") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client(upgrade_request({.target = "/chat?token=secret"}));
  RawPeer origin = stage.asked();
  CHECK(origin.received.starts_with("GET /chat?token=secret HTTP/1.1\r\n"));
  origin.send(switching_answer(origin.received, "Set-Cookie: a=b\r\n"));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  CHECK(status_of(client.received) == 101);
  CHECK(field_of(client.received, "Upgrade") == "websocket");
  CHECK(field_of(client.received, "Connection") == "Upgrade");
  CHECK(field_of(client.received, "Sec-WebSocket-Accept") == kAccept);
  CHECK(field_of(client.received, "Set-Cookie") == "a=b");
  CHECK(stage.clients.size() == 0);
  CHECK(stage.table.size() == 1);
  CHECK(stage.admission.held() == 1);
  CHECK(stage.answers(101) == 1);
  client.send(kFromClient);
  CHECK(stage.has(origin, kFromClient));
  origin.send(kFromOrigin);
  CHECK(stage.has(client, kFromOrigin));

  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "open");
  CHECK(lines[0]["uri"] == "/chat");
  CHECK(lines[0]["origin_addr"] == stage.origin.address().to_string());
  CHECK(lines[0]["config_generation"] == 7);
  CHECK(lines[0].dump().find("secret") == std::string::npos);
  stage.scribe.access = nullptr;
}

TEST_CASE("client connection: the request may come octet by octet") {
  EdgeStage stage;
  RawPeer client = stage.client();
  for (const char octet : upgrade_request()) {
    client.send({&octet, 1});
    stage.stage.settle();
  }
  RawPeer origin = stage.asked();
  origin.send(switching_answer(origin.received));
  CHECK(stage.has(client, "\r\n\r\n"));
}

TEST_CASE(
    "client connection: bytes glued to the request wait for the 101, those glued to it come") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request() + kFromClient);
  RawPeer origin = stage.asked();
  stage.stage.settle();
  origin.read();
  CHECK(body_of(origin.received).empty());
  client.send(kFromClient);  // while the origin is asked
  stage.stage.settle();
  origin.read();
  CHECK(body_of(origin.received).empty());
  origin.send(switching_answer(origin.received) + kFromOrigin);
  REQUIRE(stage.has(client, kFromOrigin));
  CHECK(body_of(client.received) == kFromOrigin);
  REQUIRE(stage.has(origin, kFromClient + kFromClient));
  CHECK(body_of(origin.received) == kFromClient + kFromClient);
}

TEST_CASE(
    "client connection: a flood before the 101 is not read beyond a cap, and all of it comes") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  const std::string frame = text_of(from_client(Opcode::binary, std::string(60'000, 'f')));
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += frame;  // 12 MB: more than the kernel holds
  size_t sent = 0;
  const auto push = [&] {
    size_t more = 0;
    do {
      more = client.send(std::string_view(flood).substr(sent));
      sent += more;
      stage.stage.settle();
    } while (more > 0);
  };
  push();
  CHECK(sent < flood.size());
  CHECK(stage.clients.size() == 1);
  origin.send(switching_answer(origin.received));
  const size_t head = origin.received.size();
  CHECK(stage.until([&] {
    sent += client.send(std::string_view(flood).substr(sent));
    origin.read();
    return origin.received.size() == head + flood.size();
  }));
  CHECK(body_of(origin.received) == flood);
}

namespace {

// What lies in the kernel on its way from that client: not sent yet, or unread at the other end of
// the connection, which this process holds.
size_t unread_of(const RawPeer& client) {
  int unsent = 0;
  REQUIRE(::ioctl(client.fd(), SIOCOUTQNSD, &unsent) == 0);
  const auto ours = gateway::net::Address::local_of(client.fd());
  for (int fd = 3; fd < 1024; ++fd) {
    const auto peer = gateway::net::Address::peer_of(fd);
    int unread = 0;
    if (peer && *peer == *ours && ::ioctl(fd, FIONREAD, &unread) == 0)
      return static_cast<size_t>(unread + unsent);
  }
  FAIL("the other end is not there");
  return 0;
}

}  // namespace

TEST_CASE("FX14 client connection: what is glued to the request is kept up to the cap alone") {
  constexpr size_t kCap = size_t{16} * 1024;
  const std::string frame = text_of(from_client(Opcode::binary, std::string(60'000, 'f')));
  const std::string flood = frame + frame + frame + frame;
  for (const size_t at_once : {flood.size(), size_t{20'000}, size_t{100}}) {
    CAPTURE(at_once);
    EdgeStage stage;
    const std::string head = upgrade_request();
    RawPeer client = stage.client(head + flood.substr(0, at_once));
    RawPeer origin = stage.asked();
    size_t sent = at_once + client.send(std::string_view(flood).substr(at_once));
    stage.stage.settle();
    CHECK(sent - unread_of(client) <= kCap);
    // It has not only been left: as much as may be kept is.
    CHECK(sent - unread_of(client) > kCap / 2);
    origin.send(switching_answer(origin.received));
    const size_t asked = origin.received.size();
    CHECK(stage.until([&] {
      sent += client.send(std::string_view(flood).substr(sent));
      origin.read();
      return origin.received.size() == asked + flood.size();
    }));
    CHECK(body_of(origin.received) == flood);
  }
}

TEST_CASE("client connection: one that leaves while the origin is asked takes the origin with it") {
  for (const bool resets : {false, true}) {
    CAPTURE(resets);
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked();
    if (resets) {
      client.reset();
    } else {
      client.close();
    }
    CHECK(stage.answered(origin));
    CHECK(stage.clients.size() == 0);
    CHECK(stage.admission.held() == 0);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["return_code"] == 499);
    CHECK(lines[0]["close_cause"] == "client_abort");
  }
}

TEST_CASE("client connection: one that leaves in the middle of its head leaves nothing behind") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client("GET /chat HTTP/1.1\r\n");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  client.close();
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));
  CHECK(file.lines().empty());
}

TEST_CASE("client connection: the second server is tried when the first was asked nothing") {
  const RawListener second;
  EdgeStage stage([&second](Document& document) {
    auto& servers = document.domains[0].origin.servers;
    servers[0].port = RawListener().address().port();
    servers.push_back({.host = "127.0.0.1", .port = second.address().port(), .place = {}});
  });
  for (int round = 1; round <= 2; ++round) {
    CAPTURE(round);
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked(second);
    origin.send(switching_answer(origin.received));
    CHECK(stage.has(client, "101 Switching"));
  }
  // Each began with another server; one of them found the first one dead.
  CHECK(stage.origin_failures(gateway::outcome::Cause::origin_connect) == 1);
  CHECK(stage.answers(502) == 0);
}

TEST_CASE("client connection: the second server is asked when the first gives no answer") {
  const RawListener second;
  EdgeStage stage([&second](Document& document) {
    document.domains[0].origin.servers.push_back(
        {.host = "127.0.0.1", .port = second.address().port(), .place = {}});
  });
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  origin.close();
  RawPeer next = stage.asked(second);
  next.send(switching_answer(next.received));
  CHECK(stage.has(client, "101 Switching"));
}

TEST_CASE("client connection: when no server is left the last failure is answered") {
  EdgeStage stage([](Document& document) {
    const uint16_t closed = RawListener().address().port();
    document.domains[0].origin.servers.assign(3,
                                              {.host = "127.0.0.1", .port = closed, .place = {}});
  });
  RawPeer client = stage.client(upgrade_request());
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 502);
  CHECK(stage.origin_failures(gateway::outcome::Cause::origin_connect) == 3);
}

TEST_CASE("client connection: the origin's refusal is passed on whole") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  origin.send("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 401);
  CHECK(field_of(client.received, "WWW-Authenticate") == "Basic");
  CHECK(body_of(client.received) == "who?");
  CHECK(stage.answers(401) == 1);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["close_cause"] == "origin_refused_upgrade");
  CHECK(lines[0]["close_initiator"] == "origin");
  CHECK(lines[0]["return_code"] == 401);
}

TEST_CASE("client connection: a refusal reaches a client that has ended its side and reads late") {
  EdgeStage stage;
  stage.send_buffer = stage.receive_buffer = 4096;
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  const std::string body(size_t{64} * 1024, 'b');
  origin.send("HTTP/1.1 500 Broken\r\nContent-Length: 65536\r\n\r\n" + body);
  REQUIRE(stage.until([&] { return stage.answers(500) == 1; }));
  client.shut();
  stage.stage.settle();
  // More than the kernel took at once, so that some of it waits here.
  CHECK(stage.clients.size() == 1);
  REQUIRE(stage.answered(client));
  CHECK(client.error == 0);
  CHECK(body_of(client.received) == body);
  stage.pass(3s);
  CHECK(stage.clients.size() == 0);
}

TEST_CASE("client connection: what is sent after a refusal is thrown away, up to a cap") {
  EdgeStage stage;
  RawPeer client = stage.client("nonsense\r\n\r\n");
  REQUIRE(stage.has(client, "\r\n\r\n"));
  const std::string flood(size_t{64} * 1024, 'x');
  CHECK(stage.until([&] {
    client.send(flood);
    return stage.clients.size() == 0;
  }));
}

namespace {

void turn_all_away(EdgeStage& stage) {
  stage.surroundings.draining = true;
  for (size_t i = stage.clients.size(); i > 0; --i) stage.clients.at(i - 1).turn_away();
}

}  // namespace

TEST_CASE(
    "FY16 client connection: a drain sends who has said nothing a FIN, and no reset after it") {
  EdgeStage stage;
  RawPeer silent = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  turn_all_away(stage);
  CHECK(stage.answered(silent));
  CHECK(silent.received.empty());
  // Its request crosses the FIN.
  silent.send(upgrade_request());
  stage.stage.settle();
  silent.send("and more");
  stage.stage.settle();
  CHECK(stage.clients.size() == 1);
  silent.ended = false;
  silent.read();
  CHECK(silent.ended);
  CHECK(silent.error == 0);
  stage.pass(3s);
  CHECK(stage.clients.size() == 0);
}

TEST_CASE("FY16 client connection: 1,000 requests in flight at the drain are all answered 503") {
  for (int round = 0; round < 10; ++round) {
    EdgeStage stage;
    std::vector<RawPeer> peers;
    const std::string whole = upgrade_request();
    // Some are accepted and unread, some have half a head, some stand in the listener's queue.
    for (int i = 0; i < 40; ++i) peers.push_back(stage.client());
    for (int i = 0; i < 30; ++i) peers.push_back(stage.client(whole.substr(0, 40)));
    REQUIRE(stage.until([&] { return stage.clients.size() == 70; }));
    stage.stage.settle();
    for (size_t i = 0; i < 40; ++i) peers[i].send(whole);
    for (int i = 0; i < 30; ++i) peers.push_back(stage.client(whole));
    stage.surroundings.draining = true;
    stage.stop_listening();
    turn_all_away(stage);
    for (size_t i = 40; i < 70; ++i) peers[i].send(whole.substr(40));
    for (RawPeer& peer : peers) {
      REQUIRE(stage.answered(peer));
      CHECK(peer.error == 0);
      CHECK(status_of(peer.received) == 503);
      CHECK(body_of(peer.received) == "this node is being drained\n");
    }
  }
}

TEST_CASE("FY16 client connection: half a head hears 503 within header_timeout, or at the end") {
  for (const bool in_time : {true, false}) {
    CAPTURE(in_time);
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer begun = stage.client("GET /");
    RawPeer asking = stage.client(upgrade_request());
    const RawPeer origin = stage.asked();
    REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
    stage.stage.settle();
    turn_all_away(stage);
    CHECK(stage.clients.size() == 2);
    if (in_time) {
      stage.pass(11s);
    } else {
      while (stage.clients.size() > 0) stage.clients.at(0).abort();
      REQUIRE(stage.answered(asking));
      CHECK(status_of(asking.received) == 503);
    }
    REQUIRE(stage.answered(begun));
    CHECK(begun.error == 0);
    CHECK(status_of(begun.received) == 503);
    for (const auto& line : file.lines()) {
      CHECK(line["close_cause"] == "drain");
      CHECK(line["close_initiator"] == "gateway");
    }
  }
}

TEST_CASE("FY1 client connection: an answer to HEAD has no body") {
  struct Row {
    int status;
    std::string text;
  };
  const std::string host = "Host: chat.example.com\r\n";
  for (const Row& row : {
           Row{426, "HEAD / HTTP/1.1\r\n" + host + "\r\n"},
           Row{404, "HEAD / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n"},
           Row{400, "HEAD / HTTP/1.1\r\n\r\n"},                     // no Host
           Row{400, "HEAD / HTTP/1.1\r\n" + host + host + "\r\n"},  // refused by the gate
           Row{400, "HEAD / HTTP/1.1\nHost"},                       // refused at this byte
           Row{414, "HEAD /" + std::string(9000, 'a')},
           Row{400, "HEAD" + upgrade_request().substr(3)},
           Row{426, "HEAD" + upgrade_request({.version = "8"}).substr(3)},
       }) {
    CAPTURE(row.text.substr(0, 60));
    EdgeStage stage;
    RawPeer client = stage.client(row.text);
    REQUIRE(stage.answered(client));
    CHECK((status_of(client.received) == row.status || status_of(client.received) == 400));
    CHECK(field_of(client.received, "Content-Length") != "0");
    CHECK(body_of(client.received).empty());
  }
  // Half of one, and one that looks like it.
  EdgeStage stage;
  RawPeer half = stage.client("HEAD / HTTP/1.1\r\nHost:");
  RawPeer other = stage.client("HEADS / HTTP/1.1\r\nHost:");
  REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
  stage.stage.settle();
  stage.pass(11s);
  for (RawPeer* peer : {&half, &other}) {
    REQUIRE(stage.answered(*peer));
    CHECK(status_of(peer->received) == 408);
  }
  CHECK(body_of(half.received).empty());
  CHECK_FALSE(body_of(other.received).empty());
}

TEST_CASE(
    "FY11 client connection: Expect: 100-continue without a body is ignored, and stays here") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request({.fields = "Expect: 100-continue\r\n"}));
  RawPeer origin = stage.asked();
  CHECK(field_of(origin.received, "Expect").empty());
  origin.send(switching_answer(origin.received));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  CHECK(status_of(client.received) == 101);
}

TEST_CASE("client connection: a drain closes who has asked nothing, and nobody else") {
  EdgeStage stage;
  RawPeer silent = stage.client();
  RawPeer begun = stage.client("GET /");
  RawPeer asking = stage.client(upgrade_request());
  const RawPeer origin = stage.asked();
  REQUIRE(stage.until([&] { return stage.clients.size() == 3; }));
  stage.stage.settle();
  turn_all_away(stage);
  CHECK(stage.answered(silent));
  CHECK(silent.received.empty());
  silent.close();
  CHECK(stage.until([&] { return stage.clients.size() == 2; }));
}

TEST_CASE("client connection: the built-in origin answers messages and chooses a subprotocol") {
  EdgeStage stage(with_echo);
  RawPeer client =
      stage.client(upgrade_request({.fields = "Sec-WebSocket-Protocol: a, b\r\n"}) + kFromClient);
  const std::string echoed = text_of(from_origin(Opcode::text, "from the client"));
  REQUIRE(stage.has(client, echoed));
  CHECK(status_of(client.received) == 101);
  CHECK(field_of(client.received, "Sec-WebSocket-Protocol") == "a");
}
