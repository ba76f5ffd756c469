#include "gateway/origin/sid_reader.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"

using namespace tests;
using namespace gateway::origin;
using namespace std::chrono_literals;
using gateway::route::LearnedServers;

namespace {

constexpr uint64_t kServer = 42;

// What is learned of a body that comes at once.
std::string learned_of(const std::string& body, const std::string& id) {
  const auto learned = std::make_shared<LearnedServers>();
  SidReader reader(learned, "sid", kServer);
  const bool told = reader.read(proto::bytes_of(body), 1s);
  CHECK(told == (learned->size() == 1));
  return learned->find(id, 1s) == kServer ? id : "";
}

}  // namespace

TEST_CASE("K4 sid: the open packets of both versions of Engine.IO tell it, however they are cut") {
  for (const std::string& body :
       {std::string("0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
                    "\"pingInterval\":25000,\"pingTimeout\":20000}"),
        std::string("118:0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
                    "\"pingInterval\":25000,\"pingTimeout\":5000}2:40")}) {
    for (size_t cut = 0; cut <= body.size(); ++cut) {
      const auto learned = std::make_shared<LearnedServers>();
      SidReader reader(learned, "sid", kServer);
      const CutInput input(proto::bytes_of(body), cut == 0 || cut == body.size()
                                                      ? std::vector<size_t>{}
                                                      : std::vector<size_t>{cut});
      int told = 0;
      for (const proto::Bytes piece : input.pieces()) told += reader.read(piece, 1s) ? 1 : 0;
      CHECK(told == 1);
      CHECK(reader.done());
      CHECK(learned->find("lv_VI97HAXpY6yYWAAAC", 1s) == kServer);
    }
  }
}

TEST_CASE("K4 sid: only what can be one is taken for one") {
  const std::string longest(64, 'a');
  CHECK(learned_of("{\"sid\":\"" + longest + "\"}", longest) == longest);
  CHECK(learned_of("{\"sid\":\"" + longest + "a\"}", longest + "a").empty());
  CHECK(learned_of("{\"sid\":\"\"}", "").empty());
  CHECK(learned_of("{\"sid\":\"a b\"}", "a b").empty());
  CHECK(learned_of("{\"sid\": \"abc\"}", "abc").empty());
  CHECK(learned_of("{\"csid\":\"abc\"}", "abc").empty());
  CHECK(learned_of("{\"sid\":\"unfinished", "unfinished").empty());
}

TEST_CASE("K4 sid: what does not come within 512 octets is not looked for, and nothing is kept") {
  const std::string member = "\"sid\":\"abc\"";
  CHECK(learned_of(std::string(512 - member.size(), ' ') + member, "abc") == "abc");
  CHECK(learned_of(std::string(513 - member.size(), ' ') + member, "abc").empty());
  const auto learned = std::make_shared<LearnedServers>();
  SidReader reader(learned, "sid", kServer);
  const std::string page(100'000, 'x');
  CHECK_FALSE(reader.read(proto::bytes_of(page), 1s));
  CHECK(reader.done());
  CHECK(learned.use_count() == 1);
  CHECK_FALSE(reader.read(proto::bytes_of(member), 1s));
}
