#include "gateway/usage/answers/tariffs.h"

#include <doctest/doctest.h>

using gateway::usage::answers::Tariffs;

TEST_CASE("tariffs: every name of a domain stands for the first, letters' case apart") {
  gateway::config::Document document;
  auto& domain = document.domains.emplace_back();
  domain.names = {"Chat.example.com", "*.chat.example.com"};
  domain.usage.overhead_percent = 7;
  const Tariffs tariffs = Tariffs::of(document);
  CHECK(tariffs.label_of("CHAT.example.com") == "chat.example.com");
  CHECK(tariffs.label_of("*.Chat.example.com") == "chat.example.com");
  CHECK(tariffs.label_of("Other.example") == "other.example");
  REQUIRE(tariffs.find("chat.example.com") != nullptr);
  CHECK(tariffs.find("chat.example.com")->overhead_percent == 7);
  CHECK(tariffs.find("other.example") == nullptr);
}

TEST_CASE("FY2 tariffs: a domain's usage stays under the name as it is written") {
  gateway::config::Document document;
  auto& domain = document.domains.emplace_back();
  domain.names = {"[::1]"};
  domain.written = "[0:0:0:0:0:0:0:1]";
  const Tariffs tariffs = Tariffs::of(document);
  CHECK(tariffs.find("[0:0:0:0:0:0:0:1]") != nullptr);
  for (const char* name : {"[::1]", "[0:0:0:0:0:0:0:1]", "[0::1]"})
    CHECK(tariffs.label_of(name) == "[0:0:0:0:0:0:0:1]");
  // What was configured once may have any spelling.
  CHECK(tariffs.label_of("[0::2]") == "[0::2]");
}
