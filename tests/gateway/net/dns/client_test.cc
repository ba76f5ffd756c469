#include "gateway/net/dns/client.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/gateway/net/dns/dns_scene.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::dns;
using namespace std::chrono_literals;

TEST_CASE(
    "FY9 dns client: a name with the dot of the root is looked up as it is, without a search "
    "list") {
  LoopStage stage;
  DnsServer server(stage);
  std::set<std::string> asked;
  // What the search list would find, and nothing else.
  server.script = [&asked](const zone::Question& question) {
    asked.insert(question.name);
    if (question.name.ends_with("corp.test"))
      return question.fitting({zone::address("192.0.2.66", 60)});
    if (question.name == "origin.example")
      return question.fitting({zone::address("192.0.2.9", 60)});
    return question.answer({}, zone::kNoSuchName);
  };
  Folder folder;
  const std::string path =
      folder.write("resolv.conf", "nameserver 127.0.0.1\nsearch corp.test\noptions ndots:3\n");
  Resolver resolver(
      stage.loop,
      {.resolv_conf = path, .port = server.address.port(), .first_timeout = 9s, .tries = 1});
  const auto look_up = [&](const std::string& name) {
    std::optional<Resolver::Answer> got;
    const auto query =
        resolver.resolve(name, [&](const Resolver::Answer& answer) { got = answer; });
    REQUIRE(stage.run_until([&] { return got.has_value(); }));
    return got->addresses.empty() ? got->error : got->addresses[0].host();
  };
  CHECK(look_up("origin.example") == "192.0.2.66");
  asked.clear();
  CHECK(look_up("origin.example.") == "192.0.2.9");
  CHECK(look_up("nobody.example.") == "there is no such name");
  CHECK(look_up("host.") == "there is no such name");
  CHECK(asked == std::set<std::string>{"origin.example", "nobody.example", "host"});
  // The file has its names without the dot.
  CHECK(look_up("localhost.") == look_up("localhost"));
  const std::string label(61, 'a');
  const std::string longest = label + "." + label + "." + label + "." + label + "." + "aaaaa.";
  CHECK(longest.size() == 254);
  CHECK(look_up(longest) == "there is no such name");
}

TEST_CASE("dns client: new servers in resolv.conf are asked what the old ones left open") {
  LoopStage stage;
  DnsServer old_server(stage);
  DnsServer new_server(stage, "127.0.0.2", old_server.address.port());
  Folder folder;
  const std::string path = folder.write("resolv.conf", "nameserver 127.0.0.1\n");
  Resolver resolver(stage.loop, {.resolv_conf = path,
                                 .port = old_server.address.port(),
                                 .first_timeout = 9s,
                                 .tries = 1,
                                 .reread_interval = 0ms});
  new_server.script = [](const zone::Question& question) {
    return question.fitting({zone::address("192.0.2.9", 60)});
  };
  std::vector<std::string> told;
  const auto note = [&](const Resolver::Answer& answer) {
    REQUIRE(answer.addresses.size() == 1);
    told.push_back(answer.addresses[0].host());
  };
  const auto open = resolver.resolve("a.example", note);
  REQUIRE(stage.run_until([&] { return old_server.lookups() == 1; }));
  folder.write("resolv.conf.new", "nameserver 127.0.0.2\n");
  REQUIRE(::rename((path + ".new").c_str(), path.c_str()) == 0);
  const auto other = resolver.resolve("b.example", note);
  REQUIRE(stage.run_until([&] { return told.size() == 2; }));
  CHECK(told == std::vector<std::string>{"192.0.2.9", "192.0.2.9"});
  CHECK(new_server.lookups() == 2);
}
