#include "gateway/server/restart_keys.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using gateway::config::Document;
using gateway::server::keys_that_wait;

TEST_CASE("restart keys: each key that has changed is named, and no other") {
  const Document now;
  CHECK(keys_that_wait(now, now, 2).empty());
  const std::vector<std::pair<const char*, std::function<void(Document&)>>> changes = {
      {"node", [](Document& next) { next.node = "other"; }},
      {"workers", [](Document& next) { next.workers = 3; }},
      {"state_dir", [](Document& next) { next.state_dir = "/other"; }},
      {"admin.listen", [](Document& next) { next.admin.port = 1; }},
      {"log.access", [](Document& next) { next.log.access.path.reset(); }},
      {"usage", [](Document& next) { next.usage.sessions = false; }},
      {"resolver", [](Document& next) { next.resolver.tries = 9; }},
      {"reload.on_change", [](Document& next) { next.reload.on_change = true; }},
  };
  for (const auto& [key, change] : changes) {
    CAPTURE(key);
    Document next;
    change(next);
    CHECK(keys_that_wait(now, next, 2) ==
          std::vector<std::string>{std::string(key) +
                                   " has changed: that takes effect with a restart"});
  }
}

TEST_CASE("restart keys: what a reload takes over waits for nothing") {
  const Document now;
  Document next;
  next.workers = 2;  // as many as run
  next.drain.timeout = std::chrono::seconds(1);
  next.log.level = gateway::config::Log::Level::error;
  next.limits.max_head = 1024;
  next.domains.emplace_back();
  CHECK(keys_that_wait(now, next, 2).empty());
}
