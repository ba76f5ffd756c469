#include "gateway/config/manual.h"

#include <sstream>

#include <doctest/doctest.h>

#include "gateway/config/keys.h"
#include "gateway/config/paths.h"
#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using tests::contains;

TEST_CASE("manual: a key has its kind, range, default, effect and a sentence") {
  CHECK(manual("websocket.keepalive.interval", 80) ==
        "Keys of a domain, in domains/*.yaml\n"
        "\n"
        "websocket.keepalive.interval\n"
        "    time, 1s to 1d, or off; default off; a change is for new sessions\n"
        "    Between two pings.\n");
  CHECK(contains(*manual("workers", 80),
                 "number, 1 to 256, or auto; default auto; a change needs a restart\n"));
  CHECK(contains(*manual("listeners.name", 80), "text; required; a change acts at once\n"));
  CHECK(contains(*manual("tls.min_version", 80), "1.2 or 1.3; default \"1.2\";"));
}

TEST_CASE("manual: a path has all that is below it, in the node file and in a domain") {
  const std::string usage = manual("usage", 80).value();
  CHECK(usage.starts_with("Keys of weir.yaml\n\nusage\n"));
  CHECK(contains(usage, "\nusage.postgres.url\n"));
  CHECK(contains(usage, "\nKeys of a domain, in domains/*.yaml\n\nusage\n"));
  CHECK(contains(usage, "\nusage.budget.soft\n"));
  CHECK_FALSE(contains(usage, "websocket"));
  const std::string all = manual("", 80).value();
  for (const Table& table : {keys(Of<Document>{}), keys(Of<Domain>{})}) {
    for (const KeyPath& key : paths_in(table)) {
      CAPTURE(key.path);
      CHECK(contains(all, "\n\n" + key.path + "\n    "));
      CHECK(key.field->doc.ends_with('.'));
    }
  }
}

TEST_CASE("manual: lines keep to the columns there are") {
  for (const size_t columns : {60, 80, 120}) {
    std::istringstream lines(manual("", columns).value());
    size_t longest = 0;
    for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
    CHECK(longest <= columns);
    CHECK(longest > columns - 10);
  }
}

TEST_CASE("manual: no password stands in a default") {
  CHECK_FALSE(contains(*manual("", 80), "***"));
}

TEST_CASE("manual: what is no key is answered with what was probably meant") {
  CHECK_FALSE(manual("websocket.keepalive.intervall", 80));
  CHECK_FALSE(manual("websocket.keep", 80));
  CHECK(unknown_path("websocket.keepalive.intervall") ==
        "\"websocket.keepalive.intervall\" is no key: did you mean websocket.keepalive.interval?");
  CHECK(unknown_path("jitter") ==
        "\"jitter\" is no key: did you mean websocket.max_lifetime.jitter?");
  CHECK(unknown_path("defaults.websocket.on_disable") ==
        "\"defaults.websocket.on_disable\" is no key: did you mean websocket.on_disable?");
  CHECK(contains(unknown_path("postgres.url"), "usage.postgres.url or origin.forward_proxy.url?"));
  CHECK(unknown_path("zzz") == "\"zzz\" is no key; without a path all are told");
}
