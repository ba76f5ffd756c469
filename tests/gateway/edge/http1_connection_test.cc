#include "gateway/edge/http1_connection.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/carriage.h"
#include "tests/support/cuts.h"
#include "tests/support/frames.h"
#include "tests/support/handshakes.h"

using namespace tests;
using namespace std::chrono_literals;
using proto::ws::Opcode;

namespace {

const std::string kPlain = "GET /chat HTTP/1.1\r\nHost: chat.example.com\r\n\r\n";

}  // namespace

TEST_CASE("http1 connection: an upgrade cut anywhere becomes a session, and takes the pass along") {
  const std::string request = upgrade_request();
  for_each_cut(proto::bytes_of(request), [](const Pieces& pieces) {
    Carriage one;
    one.connection->start();
    for (const auto piece : pieces) {
      CHECK(one.overs == 0);
      one.client.send(piece);
    }
    REQUIRE(status_of(one.heard()) == 101);
    CHECK(field_of(one.heard(), "Sec-WebSocket-Accept") == kAccept);
    CHECK(one.overs == 1);
    one.connection.reset();
    CHECK(one.scene.table.size() == 1);
    CHECK(one.scene.admission.held() == 1);
    one.scene.table.at(0).abort();
    one.scene.stage.settle();
    CHECK(one.scene.admission.held() == 0);
  });
}

TEST_CASE("http1 connection: what is glued to the head goes to the session") {
  Carriage one;
  one.connection->start();
  one.say(upgrade_request() + as_text(from_client(Opcode::text, "glued")));
  one.connection.reset();
  one.scene.stage.settle();
  CHECK(body_of(one.heard()) == as_text(from_origin(Opcode::text, "glued")));
}

TEST_CASE("http1 connection: an answer is followed by a FIN, and lingers until the client's") {
  Carriage one;
  one.connection->start();
  one.say(kPlain);
  CHECK(status_of(one.heard()) == 426);
  CHECK(one.client.saw_end());
  CHECK(one.overs == 0);
  one.client.end();
  CHECK(one.overs == 1);
  one.connection.reset();
  CHECK(one.scene.answers(426) == 1);
}

TEST_CASE(
    "E7 http1 connection: a silent client is cut 5 s after its last answer, 2 s after that "
    "to an upgrade, or where places are few") {
  struct Row {
    std::string request;
    bool tight;
    std::chrono::milliseconds after;
  };
  for (const Row& row : {Row{kPlain, false, 5s}, Row{kPlain, true, 2s},
                         Row{upgrade_request({.version = "8"}), false, 2s}}) {
    CAPTURE(row.request);
    CAPTURE(row.tight);
    Carriage one;
    if (row.tight) one.scene.admission.set_limit(0);
    one.connection->start();
    one.say(row.request);
    CHECK(status_of(one.heard()) == 426);
    one.scene.pass(row.after - 100ms);
    CHECK(one.overs == 0);
    one.scene.pass(200ms);
    CHECK(one.overs == 1);
  }
}

TEST_CASE("E7 http1 connection: what comes behind an answer is thrown away, for 30 s at the most") {
  Carriage one;
  one.connection->start();
  one.say(kPlain);
  for (int second = 0; second < 29; ++second) {
    one.scene.pass(1s);
    one.say("and on");
    REQUIRE(one.overs == 0);
  }
  one.scene.pass(1100ms);
  CHECK(one.overs == 1);
}

TEST_CASE(
    "E7 http1 connection: of what comes behind an answer 64 MiB are thrown away, behind that "
    "to an upgrade 256 KiB") {
  for (const bool upgrade : {false, true}) {
    Carriage one;
    one.connection->start();
    one.say(upgrade ? upgrade_request({.version = "8"}) : kPlain);
    const std::string flood(size_t{64} * 1024, 'x');
    for (int i = 0; i < (upgrade ? 4 : 1024); ++i) one.say(flood);
    CHECK(one.overs == 0);
    one.say("x");
    CHECK(one.overs == 1);
  }
}

TEST_CASE("http1 connection: a client that has shut its side still reads its answer") {
  Carriage one;
  one.connection->start();
  one.client.set_room(10);
  one.say(kPlain);
  one.client.end();
  CHECK(one.overs == 0);
  one.client.take();
  CHECK(status_of(one.heard()) == 426);
  CHECK(one.overs == 1);
}

TEST_CASE("http1 connection: header_timeout counts from accept and is answered 408") {
  Carriage one;
  one.connection->start();
  one.scene.pass(6s);
  one.say("GET /");
  one.scene.pass(3900ms);
  CHECK(one.heard().empty());
  one.scene.pass(200ms);
  CHECK(status_of(one.heard()) == 408);
  CHECK(one.scene.unmatched_answers(408) == 1);
}

TEST_CASE("http1 connection: one that leaves in its head leaves no line") {
  for (const bool fails : {false, true}) {
    AccessFile file;
    Carriage one(&file.log());
    one.connection->start();
    one.say("GET /chat HT");
    if (fails) {
      one.client.fail();
    } else {
      one.client.end();
    }
    CHECK(one.overs == 1);
    CHECK(file.lines().empty());
  }
}

TEST_CASE("http1 connection: what this node lacks is told, and not taken for the client's going") {
  AccessFile file;
  Carriage one(&file.log());
  one.connection->start();
  one.client.fail({.code = -ENOMEM, .text = "out of memory"});
  CHECK(one.overs == 1);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].cause() == "overload");
  CHECK(lines[0].initiator() == "gateway");
}

TEST_CASE("http1 connection: a drain sends who has said nothing a FIN, and answers who has") {
  struct Row {
    std::string_view said;
    bool at_once;
    std::string_view heard;
  };
  for (const Row& row : {Row{"", false, ""}, Row{"GET /", false, ""}, Row{"", true, ""},
                         Row{"GET /", true, "HTTP/1.1 503 "}}) {
    CAPTURE(row.said);
    CAPTURE(row.at_once);
    Carriage one;
    one.connection->start();
    one.say(row.said);
    one.scene.context.draining = true;
    if (row.at_once) {
      one.connection->abort();
      CHECK(one.overs == 1);
    } else {
      one.connection->turn_away();
      CHECK(one.overs == 0);
      CHECK(one.client.saw_end() == row.said.empty());
    }
    CHECK(one.heard().starts_with(row.heard));
    if (row.heard.empty()) CHECK(one.heard().empty());
  }
}

TEST_CASE("http1 connection: a head that comes whole within a drain is answered 503") {
  Carriage one;
  one.connection->start();
  one.say(upgrade_request().substr(0, 40));
  one.scene.context.draining = true;
  one.connection->turn_away();
  one.say(upgrade_request().substr(40));
  CHECK(status_of(one.heard()) == 503);
}

TEST_CASE("http1 connection: clear HTTP on a port with TLS hears what is spoken there") {
  for (const bool head : {false, true}) {
    Carriage one;
    one.scene.entrance.tls = true;
    one.connection->refuse_plain(head);
    CHECK(status_of(one.heard()) == 400);
    CHECK(body_of(one.heard()) == (head ? "" : "this port speaks TLS: use wss:// or https://\n"));
    CHECK(one.scene.gate().tls_failed.value() == 1);
  }
}
