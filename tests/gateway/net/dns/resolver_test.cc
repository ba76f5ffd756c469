#include "gateway/net/dns/resolver.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/gateway/net/dns/dns_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::dns;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

// c-ares has a clock of its own. Where an answer comes, however late, its patience is that of
// tests; where none comes the test waits for as long as it has.
const Client::Options kPatient{.first_timeout = patience(10s), .tries = 2};
const Client::Options kShort{.first_timeout = 200ms, .tries = 2};

struct Scene {
  // Answers with these to everybody, for that many seconds.
  void serve(const std::vector<std::string>& addresses, uint32_t ttl) {
    server.script = [addresses, ttl](const zone::Question& question) {
      std::vector<zone::Record> records;
      for (const std::string& one : addresses) records.push_back(zone::address(one, ttl));
      return question.fitting(records);
    };
  }
  void fail(int code) {
    server.script = [code](const zone::Question& question) { return question.answer({}, code); };
  }
  Resolver::Answer ask(const std::string& name = "a.example", const Resolver::Life& life = {}) {
    std::optional<Resolver::Answer> got;
    const auto query =
        resolver.resolve(name, life, [&](const Resolver::Answer& answer) { got = answer; });
    CHECK_FALSE(got.has_value());
    REQUIRE(stage.run_until([&] { return got.has_value(); }));
    return *got;
  }
  std::string first(const Resolver::Life& life = {}) {
    const Resolver::Answer answer = ask("a.example", life);
    return answer.addresses.empty() ? answer.error : answer.addresses[0].host();
  }
  // Waits until what is under way is known.
  void settle(int lookups) {
    REQUIRE(stage.run_until([&] { return server.lookups() >= lookups; }));
    stage.settle();
  }
  void pass(milliseconds time) {
    struct Alarm final : DeadlineWheel::Entry {
      void on_deadline(milliseconds) override { rang = true; }
      bool rang = false;
    } alarm;
    stage.loop.wheel().set(alarm, stage.loop.now() + time);
    REQUIRE(stage.run_until([&] { return alarm.rang; }));
  }

  explicit Scene(const Client::Options& changes = kPatient)
      : resolver(stage.loop, options(server, changes)) {}
  static Client::Options options(const DnsServer& server, Client::Options changes) {
    changes.servers = server.address.to_string();
    return changes;
  }

  LoopStage stage;
  DnsServer server{stage};
  Resolver resolver;
};

std::vector<std::string> hosts(const Resolver::Answer& answer) {
  std::vector<std::string> found;
  for (const Address& one : answer.addresses) found.push_back(one.host());
  std::ranges::sort(found);
  return found;
}

}  // namespace

TEST_CASE("resolver: all A and AAAA records, each address once, and a storm asks once") {
  Scene scene;
  scene.serve({"192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1"}, 60);
  std::vector<std::unique_ptr<Resolver::Query>> queries;
  int answers = 0;
  for (int i = 0; i < 50; ++i) {
    queries.push_back(scene.resolver.resolve("a.example", [&](const Resolver::Answer& answer) {
      CHECK(hosts(answer) == std::vector<std::string>{"192.0.2.1", "192.0.2.2", "2001:db8::1"});
      CHECK(answer.error.empty());
      CHECK_FALSE(answer.stale);
      ++answers;
    }));
  }
  CHECK(answers == 0);
  REQUIRE(scene.stage.run_until([&] { return answers == 50; }));
  CHECK(scene.server.lookups() == 1);
  CHECK(hosts(scene.ask()).size() == 3);
  CHECK(scene.server.lookups() == 1);
}

TEST_CASE("resolver: an answer is used for its TTL, and renewed behind the question's back") {
  Scene scene;
  const Resolver::Life any{.min = 0ms, .max = 1h};
  scene.serve({"192.0.2.1"}, 1);
  CHECK(scene.first(any) == "192.0.2.1");
  scene.serve({"192.0.2.2"}, 1);
  CHECK(scene.first(any) == "192.0.2.1");
  CHECK(scene.server.lookups() == 1);
  scene.pass(1100ms);
  const Resolver::Answer old = scene.ask("a.example", any);
  CHECK(old.addresses[0].host() == "192.0.2.1");
  CHECK(old.stale);
  scene.settle(2);
  CHECK(scene.first(any) == "192.0.2.2");
  CHECK(scene.server.lookups() == 2);
}

TEST_CASE("resolver: floor and ceiling are each question's own, and the most demanding one wins") {
  Scene scene;
  scene.serve({"192.0.2.1"}, 0);
  const Resolver::Life patient{.min = 1h, .max = 1h};
  CHECK(scene.first(patient) == "192.0.2.1");
  CHECK(scene.first(patient) == "192.0.2.1");
  CHECK(scene.server.lookups() == 1);
  scene.serve({"192.0.2.2"}, 3600);
  CHECK(scene.ask("a.example", {.min = 0ms, .max = 1h}).stale);
  scene.settle(2);
  CHECK(scene.first(patient) == "192.0.2.2");
  scene.pass(50ms);
  CHECK_FALSE(scene.ask("a.example", patient).stale);
  CHECK(scene.ask("a.example", {.min = 0ms, .max = 20ms}).stale);
  scene.settle(3);
  CHECK(scene.server.lookups() == 3);
}

TEST_CASE("resolver: an alias counts with its own TTL, and the highest bit means none") {
  for (const uint32_t ttl : {0U, 0x80000000U, 0xffffffffU}) {
    CAPTURE(ttl);
    Scene scene;
    scene.server.script = [ttl](const zone::Question& question) {
      if (question.type != zone::kA) return question.answer({});
      return question.answer({{.type = zone::kCname, .ttl = ttl, .data = zone::label("b.example")},
                              {.type = zone::kA,
                               .ttl = 3600,
                               .data = "\xc0\x00\x02\x07"s,
                               .owner = zone::label("b.example")}});
    };
    const Resolver::Life any{.min = 0ms, .max = 24h};
    CHECK(scene.first(any) == "192.0.2.7");
    CHECK(scene.ask("a.example", any).stale);
  }
}

TEST_CASE("resolver: when DNS fails the last good answer stays, and says that it is old") {
  for (const int how : {0, 1, 2}) {
    CAPTURE(how);
    // One that is silent is known by the time that it lets pass.
    Scene scene(how == 1 ? Client::Options{.first_timeout = 1s, .tries = 1} : kPatient);
    const Resolver::Life now{.min = 0ms, .max = 0ms};
    scene.serve({"192.0.2.1"}, 60);
    CHECK(scene.first() == "192.0.2.1");
    if (how == 0) scene.fail(zone::kServerFailure);
    if (how == 1) scene.server.script = nullptr;
    if (how == 2) scene.fail(0);  // no data
    CHECK(scene.first(now) == "192.0.2.1");
    Resolver::Answer answer;
    for (int i = 0; i < 1000 && answer.error.empty(); ++i) {
      scene.pass(20ms);
      answer = scene.ask("a.example", now);
    }
    CHECK_FALSE(answer.error.empty());
    CHECK(answer.addresses.size() == 1);
    CHECK(answer.stale);
    // A failure is not repeated at once.
    const int asked = scene.server.questions;
    CHECK(scene.first(now) == "192.0.2.1");
    scene.stage.settle();
    CHECK(scene.server.questions == asked);
    if (how != 0) continue;
    // And is forgotten with the next success.
    scene.serve({"192.0.2.2"}, 60);
    scene.pass(Resolver::kKeepBad);
    static_cast<void>(scene.first(now));
    scene.settle(asked / 2 + 1);
    answer = scene.ask();
    CHECK(answer.addresses[0].host() == "192.0.2.2");
    CHECK(answer.error.empty());
    CHECK_FALSE(answer.stale);
  }
}

TEST_CASE("resolver: without a good answer a failure is told in words, and kept for a second") {
  struct Row {
    int code;
    std::string error;
  };
  for (const Row& row :
       {Row{zone::kNoSuchName, "there is no such name"},
        Row{zone::kServerFailure, "the DNS servers fail, refuse or cannot be reached"},
        Row{0, "the name has no address"}}) {
    Scene scene;
    scene.fail(row.code);
    const Resolver::Answer answer = scene.ask();
    CHECK(answer.error == row.error);
    CHECK(answer.addresses.empty());
    CHECK_FALSE(answer.stale);
    const int asked = scene.server.questions;
    CHECK(scene.first() == row.error);
    CHECK(scene.server.questions == asked);
    if (row.code != zone::kNoSuchName) continue;
    scene.serve({"192.0.2.1"}, 60);
    scene.pass(Resolver::kKeepBad);
    CHECK(scene.first() == "192.0.2.1");
  }
}

TEST_CASE("resolver: a name that is gone takes its addresses along") {
  Scene scene;
  const Resolver::Life now{.min = 0ms, .max = 0ms};
  scene.serve({"192.0.2.1"}, 60);
  CHECK(scene.first() == "192.0.2.1");
  scene.fail(zone::kNoSuchName);
  CHECK(scene.first(now) == "192.0.2.1");
  scene.settle(2);
  CHECK(scene.first() == "there is no such name");
}

TEST_CASE("resolver: servers that do not answer are given up") {
  Scene scene(kShort);
  CHECK(scene.first() == "the DNS servers do not answer");
  CHECK(scene.server.questions == 4);  // two tries of each family
}

TEST_CASE("resolver: a truncated answer is asked for again over TCP") {
  for (const bool tcp_works : {true, false}) {
    CAPTURE(tcp_works);
    Scene scene(tcp_works ? kPatient : kShort);
    scene.server.script = [tcp_works](const zone::Question& question) {
      if (!question.tcp) return question.answer({}, 0, true);
      return tcp_works ? question.fitting({zone::address("192.0.2.1", 60)}) : std::string();
    };
    CHECK(scene.first() == (tcp_works ? "192.0.2.1" : "the DNS servers do not answer"));
    CHECK(scene.server.over_tcp >= 2);
  }
}

TEST_CASE("resolver: thousands of records become a list of 64") {
  Scene scene;
  scene.server.script = [](const zone::Question& question) {
    if (!question.tcp) return question.answer({}, 0, true);
    std::vector<zone::Record> records;
    for (int i = 0; i < 4000 && question.type == zone::kA; ++i)
      records.push_back(
          zone::address("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 60));
    return question.answer(records);
  };
  CHECK(scene.ask().addresses.size() == Client::kMaxAddresses);
}

TEST_CASE("resolver: aliases that lead in a circle lead nowhere") {
  Scene scene;
  scene.server.script = [](const zone::Question& question) {
    const std::string a = zone::label("a.example");
    const std::string b = zone::label("b.example");
    std::vector<zone::Record> records;
    for (int i = 0; i < 5; ++i) {
      records.push_back({.type = zone::kCname, .ttl = 60, .data = b, .owner = a});
      records.push_back({.type = zone::kCname, .ttl = 60, .data = a, .owner = b});
    }
    return question.answer(records);
  };
  CHECK(scene.first() == "the name has no address");
}

TEST_CASE("resolver: garbage, answers to other questions and foreign records give no address") {
  std::mt19937 random(7);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    Scene scene({.first_timeout = 20ms, .tries = 1});
    scene.server.script = [&](const zone::Question& question) {
      std::string out = question.answer({zone::address("192.0.2.1", 60)});
      if (round == 0) out.assign(12, '\xff');
      if (round == 1) out[0] = static_cast<char>(out[0] + 1);    // another question's number
      if (round == 2) out[13] = static_cast<char>(out[13] + 1);  // another name
      if (round == 3)
        out = question.answer(
            {{.type = zone::kA, .ttl = 60, .data = "abcd", .owner = zone::label("evil.example")}});
      if (round == 4) out = question.answer({{.type = question.type, .ttl = 60, .data = "abc"}});
      if (round == 5)
        out = question.answer({{.type = zone::kCname, .ttl = 60, .data = "\xc0\x0c"}});
      if (round == 6) out.resize(out.size() - 3);
      if (round == 7) out[7] = '\x7f';  // announces more records than there are
      // The number stays, so that it is read; the rest may be anything.
      for (size_t i = 2; round > 7 && i < out.size(); ++i) {
        if (random() % 4 == 0) out[i] = static_cast<char>(random());
      }
      return out;
    };
    const Resolver::Answer answer = scene.ask();
    CHECK(answer.addresses.size() <= 2);
    if (round <= 7) CHECK(answer.addresses.empty());
    CHECK(answer.addresses.empty() == !answer.error.empty());
  }
}

TEST_CASE("resolver: /etc/hosts and addresses need no server") {
  Scene scene;
  for (const std::string name : {"localhost", "127.0.0.1", "::1"}) {
    CAPTURE(name);
    const Resolver::Answer answer = scene.ask(name);
    CHECK_FALSE(answer.addresses.empty());
    CHECK_FALSE(answer.stale);
  }
  CHECK(scene.server.questions == 0);
}

TEST_CASE("FY32 resolver: tells what stands in /etc/hosts from what DNS says") {
  Scene scene;
  std::ifstream file("/etc/hosts");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    for (std::string name; words >> (address.empty() ? address : name);) {
      if (name.empty()) continue;
      CAPTURE(name);
      CHECK(scene.ask(name).written);
    }
  }
  for (const std::string name : {"localhost", "127.0.0.1"}) {
    CAPTURE(name);
    CHECK(scene.ask(name).written);
  }
  // A server that is asked about one below it may say what the name means, and nothing else.
  scene.server.script = [](const zone::Question& question) {
    const bool good = question.name.starts_with("good");
    return question.fitting({zone::address(good ? "127.0.0.1" : "169.254.169.254", 60)});
  };
  CHECK(scene.ask("good.localhost").written);
  const Resolver::Answer bad = scene.ask("bad.localhost");
  CHECK(bad.written == bad.addresses.front().host().starts_with("127."));
  for (const uint32_t ttl : {0U, 60U}) {
    scene.server.script = [ttl](const zone::Question& question) {
      return question.fitting({zone::address("127.0.0.1", ttl)});
    };
    for (const std::string& name : {"a" + std::to_string(ttl) + ".example",
                                    "notlocalhost" + std::to_string(ttl) + ".example"}) {
      CAPTURE(name);
      const Resolver::Answer answer = scene.ask(name);
      REQUIRE_FALSE(answer.addresses.empty());
      CHECK_FALSE(answer.written);
    }
  }
}

TEST_CASE("resolver: what cannot be a name fails without a look-up") {
  Scene scene;
  CHECK(scene.ask(std::string(254, 'a')).error == "name is longer than 253 bytes");
  CHECK(scene.ask("").error == "not a host name");
  CHECK(scene.ask(std::string("a.example\0.b", 12)).error == "not a host name");
  CHECK_FALSE(scene.ask(std::string(200, 'a') + ".example").error.empty());  // a label over 63
  CHECK_FALSE(scene.ask("a..example").error.empty());
  CHECK(scene.server.questions == 0);
}

TEST_CASE("resolver: remembers a limited number of names") {
  Scene scene;
  for (size_t i = 0; i < Resolver::kMaxNames + 100; ++i) {
    const std::string name = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    static_cast<void>(scene.resolver.resolve(name, [](const Resolver::Answer&) {}));
    if (i % 500 == 0) scene.stage.settle();
  }
  scene.stage.settle();
  CHECK(scene.resolver.names() == Resolver::kMaxNames);
  CHECK(scene.ask("10.1.0.1").addresses.size() == 1);
}

TEST_CASE("resolver: a query that is destroyed hears nothing, from inside another's answer, too") {
  Scene scene;
  scene.serve({"192.0.2.1"}, 60);
  int answers = 0;
  std::unique_ptr<Resolver::Query> first;
  std::unique_ptr<Resolver::Query> second;
  auto unwanted =
      scene.resolver.resolve("a.example", [&](const Resolver::Answer&) { answers += 100; });
  first = scene.resolver.resolve("a.example", [&](const Resolver::Answer&) {
    ++answers;
    first.reset();
    second.reset();
  });
  second = scene.resolver.resolve("a.example", [&](const Resolver::Answer&) { answers += 10; });
  unwanted.reset();
  REQUIRE(scene.stage.run_until([&] { return answers > 0; }));
  scene.stage.settle();
  CHECK(answers == 1);
}

TEST_CASE("resolver: may be destroyed with questions open, and nobody waits for their answers") {
  LoopStage stage;
  DnsServer server(stage);
  auto resolver = std::make_unique<Resolver>(stage.loop, server.options());
  int answers = 0;
  const auto count = [&](const Resolver::Answer&) { ++answers; };
  const auto asked = resolver->resolve("a.example", count);
  const auto known = resolver->resolve("127.0.0.1", count);
  const auto bad = resolver->resolve(std::string(300, 'a'), count);
  REQUIRE(stage.run_until([&] { return server.lookups() == 1; }));
  const auto later = resolver->resolve("127.0.0.2", count);
  const int before = answers;
  resolver.reset();
  stage.settle();
  CHECK(answers == before);
}

TEST_CASE("resolver: what one has learned another knows, also when the servers fail") {
  Scene scene;
  KnownNames shared;
  Resolver::Answer told;
  const auto ask = [&](Resolver& resolver, const Resolver::Life& life) {
    bool answered = false;
    const auto query = resolver.resolve("a.example", life, [&](const Resolver::Answer& answer) {
      told = answer;
      answered = true;
    });
    REQUIRE(scene.stage.run_until([&] { return answered; }));
    return told.addresses.empty() ? told.error : told.addresses[0].host();
  };
  const auto settings = Scene::options(scene.server, kPatient);
  Resolver first(scene.stage.loop, settings, &shared);
  Resolver second(scene.stage.loop, settings, &shared);
  Resolver third(scene.stage.loop, settings, &shared);
  const Resolver::Life brief{.min = 0ms, .max = 20ms};
  scene.serve({"192.0.2.1"}, 60);
  CHECK(ask(first, {}) == "192.0.2.1");
  CHECK(ask(second, {}) == "192.0.2.1");
  CHECK(scene.server.lookups() == 1);
  scene.fail(zone::kServerFailure);
  scene.pass(50ms);
  // Never asked before, and what it hears of has outlived its time.
  CHECK(ask(third, brief) == "192.0.2.1");
  CHECK(told.stale);
  scene.settle(2);
  CHECK(ask(third, brief) == "192.0.2.1");
  // A newer answer replaces what another still has.
  scene.serve({"192.0.2.2"}, 60);
  scene.pass(1100ms);
  CHECK(ask(first, brief) == "192.0.2.1");
  scene.settle(3);
  CHECK(ask(second, brief) == "192.0.2.2");
  // Gone is gone for all who ask anew.
  scene.fail(zone::kNoSuchName);
  scene.pass(1100ms);
  static_cast<void>(ask(first, brief));
  scene.settle(4);
  Resolver fourth(scene.stage.loop, settings, &shared);
  CHECK(ask(fourth, {}) == "there is no such name");
}
