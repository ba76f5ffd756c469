#include <doctest/doctest.h>

#include "gateway/net/dns/resolver.h"
#include "tests/gateway/net/dns/dns_scene.h"
#include "tests/support/loop_stage.h"
#include "tests/support/no_descriptors.h"

using namespace tests;
using namespace gateway::net::dns;

TEST_CASE("FX2 resolver: without a descriptor to ask with the answer says that it is ours") {
  LoopStage stage;
  DnsServer server(stage);
  server.script = [](const zone::Question& question) {
    return question.fitting({zone::address("192.0.2.1", 60)});
  };
  Resolver resolver(stage.loop, server.options());
  std::optional<Resolver::Answer> answer;
  const auto ask = [&] {
    answer.reset();
    return resolver.resolve("a.test", [&answer](const Resolver::Answer& came) { answer = came; });
  };
  {
    const NoDescriptors none;
    const auto query = ask();
    REQUIRE(stage.run_until([&] { return answer.has_value(); }));
    CHECK(answer->addresses.empty());
    CHECK(answer->ours);
    CHECK(answer->error.find("LimitNOFILE") != std::string::npos);
  }
  // It is over with the lack: a failure is kept for a second, so another name is asked for.
  const auto query =
      resolver.resolve("b.test", [&answer](const Resolver::Answer& came) { answer = came; });
  answer.reset();
  REQUIRE(stage.run_until([&] { return answer.has_value(); }));
  CHECK(answer->addresses.size() == 1);
  CHECK_FALSE(answer->ours);
}

TEST_CASE("FX2 resolver: a server that fails is not our own fault") {
  LoopStage stage;
  DnsServer server(stage);
  server.script = [](const zone::Question& question) { return question.answer({}, 2); };
  Resolver resolver(stage.loop, server.options());
  std::optional<Resolver::Answer> answer;
  const auto query =
      resolver.resolve("a.test", [&answer](const Resolver::Answer& came) { answer = came; });
  REQUIRE(stage.run_until([&] { return answer.has_value(); }));
  CHECK(answer->addresses.empty());
  CHECK_FALSE(answer->ours);
}
