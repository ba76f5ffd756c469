#include "gateway/config/known_keys.h"

#include <fstream>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using nlohmann::json;

namespace {

const json& resolved(const json& schema, const json& node) {
  if (!node.contains("$ref")) return node;
  auto reference = node["$ref"].get<std::string>();
  return schema["definitions"][reference.substr(reference.rfind('/') + 1)];
}

// Every path of properties below a definition; lists are looked through, as known_paths does.
void collect(const json& schema, const json& where, const std::string& prefix,
             std::set<std::string>& out) {
  const json& node = resolved(schema, where);
  if (node.contains("items")) collect(schema, node["items"], prefix, out);
  if (!node.contains("properties")) return;
  for (const auto& [name, below] : node["properties"].items()) {
    std::string path = prefix.empty() ? name : prefix + '.' + name;
    out.insert(path);
    collect(schema, below, path, out);
  }
}

std::set<std::string> known(Scope scope) {
  auto paths = known_paths(scope);
  return {paths.begin(), paths.end()};
}

}  // namespace

TEST_CASE("known keys: the schema for editors has the same keys") {
  std::ifstream in(WEIR_SOURCE_DIR "/conf/schema.json");
  json schema = json::parse(in);
  std::set<std::string> domain;
  collect(schema, schema["definitions"]["domain"], "", domain);
  CHECK(domain == known(Scope::domain));

  std::set<std::string> node;
  collect(schema, schema["definitions"]["node"], "", node);
  // Below defaults the keys are those of a domain.
  std::erase_if(node, [](const std::string& path) {
    return path.starts_with("defaults.") && path.find('.', 9) != std::string::npos;
  });
  CHECK(node == known(Scope::node));
}

TEST_CASE("known keys: a slip is recognised, a different word is not") {
  Level websocket{Scope::domain, "websocket"};
  CHECK(unknown_key(websocket, "conection_timeout") ==
        "unknown key \"conection_timeout\": did you mean \"connection_timeout\"?");
  CHECK(tests::contains(unknown_key(websocket, "enbaled"), "did you mean \"enabled\"?"));
  CHECK_FALSE(tests::contains(unknown_key({Scope::domain, ""}, "routes"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key({Scope::domain, ""}, "limits"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key({Scope::domain, "access"}, "sign"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key({Scope::node, ""}, "routes"), "did you mean"));
}

TEST_CASE("known keys: without a near name the message says what is known") {
  CHECK(unknown_key({Scope::domain, "access"}, "sign") ==
        "unknown key \"sign\"; known here: origins");
  CHECK(tests::contains(unknown_key({Scope::domain, "websocket.keepalive"}, "x"),
                        "known here: interval or timeout"));
}

TEST_CASE("known keys: a key of another level, or another word for it, is recognised") {
  CHECK(tests::contains(unknown_key({Scope::domain, ""}, "connection_timeout"),
                        "did you mean \"websocket.connection_timeout\"?"));
  CHECK(tests::contains(unknown_key({Scope::domain, "websocket"}, "idle_timeout"),
                        "did you mean \"websocket.connection_timeout\"?"));
  CHECK(tests::contains(unknown_key({Scope::domain, ""}, "allowed_origins"),
                        "did you mean \"access.origins\"?"));
}

TEST_CASE("known keys: what others call usage is recognised") {
  struct Row {
    Scope scope;
    const char* word;
    const char* meant;
  };
  for (const Row& row :
       {Row{Scope::node, "metering", "usage"}, Row{Scope::node, "accounting", "usage"},
        Row{Scope::node, "retention", "usage.keep"},
        Row{Scope::node, "flush_interval", "usage.flush_interval"},
        Row{Scope::node, "postgresql", "usage.postgres"},
        Row{Scope::node, "billing", "defaults.usage.billing"},
        Row{Scope::node, "timeout", "drain.timeout"}, Row{Scope::domain, "metering", "usage"},
        Row{Scope::domain, "accounting", "usage"}, Row{Scope::domain, "billing", "usage.billing"},
        Row{Scope::domain, "budget", "usage.budget"},
        Row{Scope::domain, "quota", "usage.budget"}}) {
    CAPTURE(row.word);
    CHECK(tests::contains(unknown_key({row.scope, ""}, row.word),
                          std::string("did you mean \"") + row.meant + "\"?"));
  }
}

TEST_CASE("known keys: dots inside a key do not reach below") {
  CHECK_FALSE(Level{Scope::domain, ""}.knows("websocket.enabled"));
  CHECK(Level{Scope::domain, "websocket"}.knows("enabled"));
  CHECK_FALSE(Level{Scope::domain, "websocket"}.knows(""));
}

TEST_CASE("known keys: a word of any length costs little") {
  CHECK_FALSE(tests::contains(unknown_key({Scope::node, ""}, std::string(1 << 20, 'n')), "mean"));
}
