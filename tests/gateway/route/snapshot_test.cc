#include "gateway/route/snapshot.h"

#include <memory>

#include <doctest/doctest.h>

using gateway::config::Origin;
using gateway::metrics::Nameless;
using gateway::metrics::Registry;
using gateway::metrics::Traffic;
using gateway::route::Backend;
using gateway::route::Domain;

TEST_CASE("domain: traffic is counted at its server, and what goes elsewhere under one name") {
  Registry registry(2);
  gateway::config::Domain config;
  Domain domain;
  domain.config = &config;
  domain.counters = registry.domain("chat.example.com");
  for (const char* name : {"10.0.0.5:80", "10.0.0.6:80"}) {
    domain.servers.push_back({.host = name,
                              .port = 80,
                              .address = std::nullopt,
                              .backend = std::make_shared<Backend>("chat.example.com", name),
                              .traffic = registry.origin("chat.example.com", name)});
  }
  for (const auto& server : domain.servers) {
    CHECK(&domain.traffic_of(server.backend.get(), 0) == server.traffic[0]);
    CHECK(&domain.traffic_of(server.backend.get(), 1) == server.traffic[1]);
  }
  const auto nameless = [&](Nameless which) -> Traffic* {
    return &domain.counters[1]->nameless_origins[static_cast<size_t>(which)];
  };
  CHECK(&domain.traffic_of(nullptr, 1) == nameless(Nameless::redirect));
  config.origin.builtin = Origin::Builtin::echo;
  CHECK(&domain.traffic_of(nullptr, 1) == nameless(Nameless::echo));
}
