#include <string>

#include <doctest/doctest.h>

#include "gateway/exchange/exchange.h"
#include "tests/support/exchange_scene.h"

using namespace tests;
using gateway::outcome::Sticky;
using End = MemoryClient::End;

TEST_CASE("K2: an exchange gives the cookie behind the origin's own fields") {
  ExchangeScene scene("", "      sticky: cookie\n");
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
  const auto& sticky = scene.pool().sticky;
  CHECK(scene.client.fields ==
        "Set-Cookie: a=b\r\nSet-Cookie: " + sticky.cookie + "=" + sticky.ids.front() +
            "; Path=/; HttpOnly; SameSite=Lax\r\nCache-Control: private\r\n");
  CHECK(scene.exchange->trail().sticky == Sticky::made);
  CHECK(scene.client.end == End::kept);
}

TEST_CASE("K4: an exchange learns the id that its answer gives, in one read or in many") {
  const std::string packet = "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"]}";
  for (const bool chunked : {false, true}) {
    CAPTURE(chunked);
    ExchangeScene scene("", "      sticky: \"query:sid\"\n");
    Peer& origin = scene.ask(plain_request("GET"));
    if (chunked) {
      scene.say(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const char octet : packet) scene.say(origin, "1\r\n" + std::string(1, octet) + "\r\n");
      scene.say(origin, "0\r\n\r\n");
    } else {
      scene.say(origin, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(packet.size()) +
                            "\r\n\r\n" + packet);
    }
    CHECK(scene.client.body == packet);
    CHECK(scene.client.end == End::kept);
    CHECK(scene.exchange->trail().sticky == Sticky::learned);
    CHECK(scene.pool().sticky.learned->find("lv_VI97HAXpY6yYWAAAC", scene.stage.loop.now()));
  }
}

TEST_CASE("K4: an answer without an id leaves nothing behind") {
  ExchangeScene scene("", "      sticky: \"query:sid\"\n");
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK(scene.client.end == End::kept);
  CHECK(scene.exchange->trail().sticky == Sticky::none);
  CHECK(scene.pool().sticky.learned->size() == 0);
}
