#include "gateway/cli/doctor/socket_io.h"

#include <string>

#include <doctest/doctest.h>

using namespace gateway::cli::doctor;

namespace {

// As socket.io 4.8.4 and 2.5.1 write them.
const std::string kFour =
    R"(0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})";
const std::string kThree =
    R"(96:0{"sid":"Ab-_x0123456789AAAAA","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000}2:40)";

}  // namespace

TEST_CASE("socket.io: targets of both revisions") {
  CHECK(poll_target("/socket.io/", Revision::four) == "/socket.io/?EIO=4&transport=polling");
  CHECK(poll_target("/socket.io/", Revision::three) == "/socket.io/?EIO=3&transport=polling&b64=1");
  CHECK(upgrade_target("/io/", Revision::four) == "/io/?EIO=4&transport=websocket");
  CHECK(upgrade_target("/io/", Revision::four, "a-1") == "/io/?EIO=4&transport=websocket&sid=a-1");
  CHECK(name_of(Revision::four) == "socket.io 4");
  CHECK(name_of(Revision::three) == "socket.io 2");
}

TEST_CASE("socket.io: an open packet of each revision") {
  const auto four = read_open_packet(kFour);
  REQUIRE(four);
  CHECK(four->revision == Revision::four);
  CHECK(four->sid == "lv_VI97HAXpY6yYWAAAC");
  CHECK(four->offers_websocket);
  const auto three = read_open_packet(kThree);
  REQUIRE(three);
  CHECK(three->revision == Revision::three);
  CHECK(three->sid == "Ab-_x0123456789AAAAA");
  CHECK(three->offers_websocket);
}

TEST_CASE("socket.io: a server that polls alone offers no websocket") {
  CHECK_FALSE(read_open_packet(R"(0{"sid":"a","upgrades":[]})")->offers_websocket);
  CHECK_FALSE(read_open_packet(R"(0{"sid":"a"})")->offers_websocket);
  CHECK_FALSE(
      read_open_packet(R"(0{"sid":"a","upgrades":["x"],"y":["websocket"]})")->offers_websocket);
}

TEST_CASE("socket.io: what is cut short before its sid, or is something else, opens nothing") {
  const size_t sid_ends = kFour.find("\",\"upgrades");
  for (size_t size = 0; size <= sid_ends; ++size)
    CHECK_FALSE(read_open_packet(kFour.substr(0, size)));
  for (const char* other : {"", "0", "0{}", "1{\"sid\":\"a\"}", ":0{\"sid\":\"a\"}", "<html>",
                            R"({"code":1,"message":"Session ID unknown"})", "999"})
    CHECK_FALSE(read_open_packet(other));
}

TEST_CASE("socket.io: a sid that could end the request target is none") {
  for (const char* bad : {"", "a b", "a&b=1", "a\r\nHost: x", "a#", "a%20"})
    CHECK_FALSE(read_open_packet(std::string(R"(0{"sid":")") + bad + "\"}"));
}
