#include "gateway/config/changes.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;

namespace {

using Paths = std::vector<std::string>;

Document with(const std::string& keys) {
  return read_text(std::string(tests::kListener) + "node: a\ndomains: []\n" + keys, "t.yaml")
      .document;
}

// What a change from nothing to `keys` leaves to a restart.
Paths left_by(const std::string& keys) { return changed_for_restart(with(""), with(keys)); }

}  // namespace

TEST_CASE("changes: what needs a restart is told by the key that says so") {
  CHECK(left_by("").empty());
  CHECK(left_by("workers: 3\n") == Paths{"workers"});
  CHECK(left_by("state_dir: /srv\n") == Paths{"state_dir"});
  CHECK(left_by("admin: { listen: \"127.0.0.1:1\" }\n") == Paths{"admin.listen"});
  CHECK(left_by("log: { access: { query: redacted } }\n") == Paths{"log.access"});
  CHECK(left_by("usage: { keep: 1d, postgres: { url: \"host=h\" } }\n") == Paths{"usage"});
  CHECK(left_by("resolver: { tries: 1 }\n") == Paths{"resolver"});
  CHECK(left_by("reload: { on_change: on }\n") == Paths{"reload.on_change"});
  CHECK(left_by("workers: 3\nreload: { on_change: on }\n") == Paths{"workers", "reload.on_change"});
}

TEST_CASE("changes: what a reload brings into force is not told") {
  CHECK(left_by("log: { level: debug }\n").empty());
  CHECK(left_by("drain: { timeout: 1s }\nlimits: { max_headers: 20 }\n").empty());
  CHECK(left_by("defaults: { websocket: { enabled: true } }\n").empty());
}

TEST_CASE("changes: a password that changes is a change") {
  Document now = with("usage: { postgres: { url: \"host=h password=a\" } }\n");
  Document next = now;
  next.usage.postgres->url = "host=h password=b";
  CHECK(changed_for_restart(now, next) == Paths{"usage"});
}
