#include "gateway/route/stickiness.h"

#include <algorithm>
#include <cctype>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/building.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace gateway::route;
using gateway::config::Origin;

namespace {

const std::vector<std::string> kServers{"10.0.0.5:8080", "10.0.0.6:8080"};

NodeKey key(const std::string& text) {
  return [text] { return proto::Result<std::string, std::string>(text); };
}

Stickiness made(const std::string& node_key, const std::string& pool = "a.example#/") {
  Origin origin;
  origin.sticky.emplace();
  auto result = make_stickiness(origin, pool, kServers, key(node_key));
  REQUIRE(result.has_value());
  return std::move(*result);
}

}  // namespace

TEST_CASE("K1 stickiness: an id is 16 characters from which the server cannot be told") {
  const Stickiness sticky = made(std::string(32, 'k'));
  REQUIRE(sticky.ids.size() == 2);
  for (const std::string& id : sticky.ids) {
    CHECK(id.size() == 16);
    CHECK(std::ranges::all_of(id, [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    }));
  }
  // $ printf 'a.example#/\n10.0.0.5:8080' | openssl dgst -sha256 -hmac kkkk… -binary | basenc
  // --base64url
  CHECK(sticky.ids[0] == "t168R0HLcvlBeFon");
  CHECK(sticky.ids[0] != sticky.ids[1]);
  CHECK(made(std::string(32, 'k')).ids == sticky.ids);
  CHECK(made(std::string(32, 'l')).ids[0] != sticky.ids[0]);
  CHECK(made(std::string(32, 'k'), "b.example#/").ids[0] != sticky.ids[0]);
}

TEST_CASE("K1 stickiness: a cookie is called by its pool, unless it has a name") {
  const std::string name = made("k").cookie;
  CHECK(name.size() == 13);
  CHECK(name.starts_with("weir_"));
  CHECK(name.find_first_not_of("0123456789abcdef", 5) == std::string::npos);
  CHECK(made("other").cookie == name);
  CHECK(made("k", "a.example#/socket.io/").cookie != name);
  Origin origin;
  origin.sticky.emplace().name = "route";
  CHECK(make_stickiness(origin, "a.example#/", kServers, key("k"))->cookie == "route");
}

TEST_CASE("K1 stickiness: nodes with one key file agree, whatever ends its last line") {
  const Folder folder;
  const std::string text(32, 's');
  Origin origin;
  origin.sticky.emplace().key_file = folder.write("key", text);
  const auto ids = make_stickiness(origin, "a.example#/", kServers, key("n"))->ids;
  CHECK(ids == made(text).ids);
  folder.write("key", text + "\r\n");
  CHECK(make_stickiness(origin, "a.example#/", kServers, key("n"))->ids == ids);
  folder.write("key", std::string(31, 's') + "\n");
  const auto brief = make_stickiness(origin, "a.example#/", kServers, key("n"));
  REQUIRE_FALSE(brief.has_value());
  CHECK(brief.error().find("less than 32 bytes") != std::string::npos);
  origin.sticky->key_file = folder.file("none");
  CHECK_FALSE(make_stickiness(origin, "a.example#/", kServers, key("n")).has_value());
}

TEST_CASE("K1 stickiness: a key that cannot be had is the cookie's problem alone") {
  const NodeKey none = [] {
    return proto::Result<std::string, std::string>(proto::Unexpected{std::string("no key")});
  };
  Origin origin;
  origin.sticky.emplace();
  CHECK_FALSE(make_stickiness(origin, "a.example#/", kServers, none).has_value());
  using By = gateway::config::Sticky::By;
  for (const By by : {By::client_ip, By::segment, By::query}) {
    origin.sticky->by = by;
    const auto sticky = make_stickiness(origin, "a.example#/", kServers, none);
    REQUIRE(sticky.has_value());
    CHECK(sticky->cookie.empty());
    CHECK((sticky->learned != nullptr) == (by == By::query));
  }
}

TEST_CASE("K1 builder: another key is another domain, and the same key the same one") {
  const Folder folder;
  const std::string domain =
      "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
      "    origin: { servers: [{ address: \"127.0.0.1:1\" }], protocol: http, max_redirects: 0,\n"
      "              sticky: { by: cookie, key: \"file:" +
      folder.write("key", std::string(32, 'a')) + "\" } }\n";
  Building building;
  const auto first = building.snapshot(domain);
  const auto same = building.snapshot(domain, *first);
  CHECK(same->domains.front() == first->domains.front());
  folder.write("key", std::string(32, 'b'));
  const auto next = building.snapshot(domain, *first);
  CHECK(next->domains.front() != first->domains.front());
  CHECK(next->pools.front()->sticky.ids != first->pools.front()->sticky.ids);
}

TEST_CASE("K4 builder: what was learned stays known when something else of the domain changes") {
  const auto domain = [](const std::string& more) {
    return "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
           "    origin: { servers: [{ address: \"127.0.0.1:1\" }], protocol: http,\n"
           "              max_redirects: 0, sticky: \"query:sid\"" +
           more + " }\n";
  };
  Building building;
  const auto first = building.snapshot(domain(""));
  const auto next = building.snapshot(domain(", connect_timeout: 3s"), *first);
  REQUIRE(next->domains.front() != first->domains.front());
  CHECK(next->pools.front()->sticky.learned == first->pools.front()->sticky.learned);
  CHECK(first->pools.front()->sticky.learned != nullptr);
}

TEST_CASE("K1 builder: a cookie without a key of the operator's needs one of the node") {
  const std::string domain =
      "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
      "    origin: { servers: [{ address: \"127.0.0.1:1\" }], sticky: cookie }\n";
  Building building;
  REQUIRE(building.build(domain).has_value());
  building.node_key = {};
  const auto built = building.build(domain);
  REQUIRE_FALSE(built.has_value());
  CHECK(to_string(built.error().front()).find("origin.sticky") != std::string::npos);
}
