#include "gateway/usage/tariffs.h"

#include <doctest/doctest.h>

using gateway::usage::Tariffs;

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
