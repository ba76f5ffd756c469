#include "gateway/config/key_places.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"
#include "tests/support/folder.h"

using namespace gateway::config;

namespace {

std::string at(const Position& place) {
  return place.file + ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
}

constexpr const char* kYaml =
    "listeners: [{ name: web, ports: [8080] }]\n"
    "defaults:\n"
    "  origin:\n"
    "    tls:\n"
    "      verify: false\n"
    "domains:\n"
    "  - domain: a.example.com\n"
    "    websocket: { enabled: true, connection_timeout: 60s }\n"
    "    origin:\n"
    "      servers: [{ address: 10.0.0.5 }]\n"
    "      tls:\n"
    "        ca: system\n";

}  // namespace

TEST_CASE(
    "FY20 key places: a key, else what it inherits, else the map around it, else the domain") {
  const auto reading = read_text(kYaml, "t.yaml");
  REQUIRE(reading.document.domains.size() == 1);
  const KeyPlaces& places = reading.document.domains[0].places;
  CHECK(at(places.of("domain")) == "t.yaml:7:5");
  CHECK(at(places.of("websocket.connection_timeout")) == "t.yaml:8:33");
  CHECK(at(places.of("origin.tls.ca")) == "t.yaml:12:9");
  CHECK(at(places.of("origin.tls.verify")) == "t.yaml:5:7");
  CHECK(at(places.of("origin.tls.client_key")) == "t.yaml:11:7");
  CHECK(at(places.of("origin.warm")) == "t.yaml:9:5");
  CHECK(at(places.of("kind")) == "t.yaml:7:5");
  CHECK(at(KeyPlaces().of("kind")) == ":0:0");
}

TEST_CASE(
    "FY20 key places: a key of a domain's own file stands there, an inherited one in the node's") {
  const tests::Folder folder;
  const std::string node = folder.write(
      "weir.yaml", std::string(tests::kListener) +
                       "defaults:\n  origin: { tls: { verify: false } }\ndomains: d.yaml\n");
  const std::string own =
      folder.write("d.yaml",
                   "domain: a.example.com\nwebsocket:\n  enabled: true\norigin:\n  servers:\n"
                   "    - { address: 10.0.0.5 }\n\nkind: cdn\nhttp2: true\n");
  const auto reading = read_files(node);
  std::vector<std::string> problems;
  for (const auto& problem : reading.problems) problems.push_back(to_string(problem));
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].starts_with(node + ":3:20: origin.tls.verify: W_NOT_VERIFIED: "));
  CHECK(problems[1].starts_with(own + ":8:1: kind: domain a.example.com: "));
  CHECK(problems[2].starts_with(own + ":9:1: http2: domain a.example.com: "));
}
