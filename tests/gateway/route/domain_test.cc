#include "gateway/route/domain.h"

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using gateway::metrics::Nameless;
using gateway::metrics::Registry;
using gateway::metrics::Traffic;
using namespace gateway::route;

namespace {

// To a pool of that label.
Route route_to(const std::string& prefix, const std::string& label) {
  auto pool = std::make_unique<Pool>();
  pool->label = label;
  return {.prefix = prefix, .action = ToPool{std::move(pool)}};
}

}  // namespace

TEST_CASE("domain: the longest prefix that ends at a segment has the path") {
  Domain domain;
  CHECK(domain.add(route_to("/chat", "chat")));
  CHECK(domain.add({.prefix = "/chat/echo/", .action = Echo{}}));
  CHECK(domain.add(route_to("/", "all")));
  CHECK(domain.add(route_to("/chat/rooms", "rooms")));
  const auto label_of = [&domain](const std::string& path) {
    const Route* route = domain.route_of(path);
    REQUIRE(route != nullptr);
    return route->pool() != nullptr ? route->pool()->label : std::string("echo");
  };
  CHECK(label_of("/") == "all");
  CHECK(label_of("/chat") == "chat");
  CHECK(label_of("/chat/") == "chat");
  CHECK(label_of("/chat/1") == "chat");
  CHECK(label_of("/chats") == "all");
  CHECK(label_of("/chat/rooms") == "rooms");
  CHECK(label_of("/chat/rooms/1/2") == "rooms");
  CHECK(label_of("/chat/roomservice") == "chat");
  CHECK(label_of("/chat/echo") == "chat");
  CHECK(label_of("/chat/echo/") == "echo");
  CHECK(label_of("/Chat") == "all");
}

TEST_CASE("domain: a path that no route covers has none, and a prefix is taken once") {
  Domain domain;
  CHECK(domain.route_of("/") == nullptr);
  CHECK(domain.add(route_to("/chat", "chat")));
  CHECK_FALSE(domain.add(route_to("/chat", "again")));
  CHECK(domain.routes.size() == 1);
  CHECK(domain.route_of("/") == nullptr);
  CHECK(domain.route_of("/chat")->pool()->label == "chat");
}

TEST_CASE("domain: traffic is counted at its server, and what goes elsewhere under one name") {
  Registry registry(2);
  auto pool = std::make_unique<Pool>();
  for (const char* name : {"10.0.0.5:80", "10.0.0.6:80"}) {
    pool->servers.push_back({.host = name,
                             .port = 80,
                             .address = std::nullopt,
                             .backend = std::make_shared<Backend>("chat.example.com", name),
                             .counters = registry.origin("chat.example.com", name)});
  }
  Domain domain;
  domain.counters = registry.domain("chat.example.com");
  domain.add({.prefix = "/", .action = ToPool{std::move(pool)}});
  domain.add({.prefix = "/echo", .action = Echo{}});
  const Route& route = *domain.route_of("/");
  for (const auto& server : route.pool()->servers) {
    CHECK(&domain.traffic_of(route, server.backend.get(), 0) == &server.counters[0]->traffic);
    CHECK(&domain.traffic_of(route, server.backend.get(), 1) == &server.counters[1]->traffic);
  }
  const auto nameless = [&](Nameless which) -> Traffic* {
    return &domain.counters[1]->nameless_origins[static_cast<size_t>(which)];
  };
  CHECK(&domain.traffic_of(route, nullptr, 1) == nameless(Nameless::redirect));
  CHECK(&domain.traffic_of(*domain.route_of("/echo"), nullptr, 1) == nameless(Nameless::echo));
}
