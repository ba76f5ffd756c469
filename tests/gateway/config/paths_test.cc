#include "gateway/config/paths.h"

#include <fstream>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "gateway/config/keys.h"
#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using nlohmann::json;

namespace {

const json& resolved(const json& schema, const json& node) {
  if (!node.contains("$ref")) return node;
  auto reference = node["$ref"].get<std::string>();
  return schema["definitions"][reference.substr(reference.rfind('/') + 1)];
}

// Every path of properties below a definition; lists are looked through, as paths_in does, and a
// map that is one of several forms.
void collect(const json& schema, const json& where, const std::string& prefix,
             std::set<std::string>& out) {
  const json& node = resolved(schema, where);
  if (node.contains("items")) collect(schema, node["items"], prefix, out);
  if (node.contains("anyOf")) {
    for (const json& form : node["anyOf"]) {
      if (form.contains("properties")) collect(schema, form, prefix, out);
    }
  }
  if (!node.contains("properties")) return;
  for (const auto& [name, below] : node["properties"].items()) {
    std::string path = prefix.empty() ? name : prefix + '.' + name;
    out.insert(path);
    collect(schema, below, path, out);
  }
}

std::set<std::string> known(const Table& table) {
  std::set<std::string> paths;
  for (const KeyPath& known : paths_in(table)) paths.insert(known.path);
  return paths;
}

const Table kNode = keys(Of<Document>{});
const Table kDomain = keys(Of<Domain>{});

}  // namespace

TEST_CASE("paths: the schema for editors has the same keys") {
  std::ifstream in(WEIR_SOURCE_DIR "/conf/schema.json");
  json schema = json::parse(in);
  std::set<std::string> domain;
  collect(schema, schema["definitions"]["domain"], "", domain);
  // Below a route some keys are those of a domain, too.
  std::erase_if(domain, [](const std::string& path) {
    return path.starts_with("routes.http.") || path.starts_with("routes.websocket.") ||
           path.starts_with("routes.origin.");
  });
  CHECK(domain == known(kDomain));

  std::set<std::string> node;
  collect(schema, schema["definitions"]["node"], "", node);
  // Below defaults the keys are those of a domain.
  std::erase_if(node, [](const std::string& path) {
    return path.starts_with("defaults.") && path.find('.', 9) != std::string::npos;
  });
  CHECK(node == known(kNode));
}

TEST_CASE("paths: a slip is recognised, a different word is not") {
  CHECK(unknown_key(kDomain, "websocket", "conection_timeout") ==
        "unknown key \"conection_timeout\": did you mean \"connection_timeout\"?");
  CHECK(tests::contains(unknown_key(kDomain, "websocket", "enbaled"), "did you mean \"enabled\"?"));
  CHECK_FALSE(tests::contains(unknown_key(kDomain, "", "weather"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key(kDomain, "", "limits"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key(kDomain, "access", "sign"), "did you mean"));
  CHECK_FALSE(tests::contains(unknown_key(kNode, "", "weather"), "did you mean"));
}

TEST_CASE("paths: without a near name the message says what is known") {
  CHECK(unknown_key(kDomain, "access", "sign") == "unknown key \"sign\"; known here: origins");
  CHECK(tests::contains(unknown_key(kDomain, "websocket.keepalive", "x"),
                        "known here: interval or timeout"));
}

TEST_CASE("paths: a key of another level, or another word for it, is recognised") {
  CHECK(tests::contains(unknown_key(kDomain, "", "connection_timeout"),
                        "did you mean \"websocket.connection_timeout\"?"));
  CHECK(tests::contains(unknown_key(kDomain, "websocket", "idle_timeout"),
                        "did you mean \"websocket.connection_timeout\"?"));
  CHECK(tests::contains(unknown_key(kDomain, "", "allowed_origins"),
                        "did you mean \"access.origins\"?"));
}

TEST_CASE("paths: what others call usage is recognised") {
  struct Row {
    const Table& table;
    const char* word;
    const char* meant;
  };
  for (const Row& row :
       {Row{kNode, "metering", "usage"}, Row{kNode, "accounting", "usage"},
        Row{kNode, "retention", "usage.keep"}, Row{kNode, "flush_interval", "usage.flush_interval"},
        Row{kNode, "postgresql", "usage.postgres"}, Row{kNode, "billing", "defaults.usage.billing"},
        Row{kNode, "timeout", "drain.timeout"}, Row{kDomain, "metering", "usage"},
        Row{kDomain, "accounting", "usage"}, Row{kDomain, "billing", "usage.billing"},
        Row{kDomain, "budget", "usage.budget"}, Row{kDomain, "quota", "usage.budget"}}) {
    CAPTURE(row.word);
    CHECK(tests::contains(unknown_key(row.table, "", row.word),
                          std::string("did you mean \"") + row.meant + "\"?"));
  }
}

TEST_CASE("paths: dots inside a key do not reach below") {
  CHECK(find_field(kDomain, "websocket.enabled") == nullptr);
  CHECK(find_field(keys(Of<WebSocket>{}), "enabled") != nullptr);
  CHECK(find_field(keys(Of<WebSocket>{}), "") == nullptr);
}

TEST_CASE("paths: keys that stand beside others are found among them") {
  CHECK(find_field(keys(Of<OriginAuth>{}), "username") != nullptr);
  CHECK(find_field(keys(Of<OriginAuth>{}), "") == nullptr);
}

TEST_CASE("paths: a word of any length costs little") {
  CHECK_FALSE(tests::contains(unknown_key(kNode, "", std::string(1 << 20, 'n')), "mean"));
}
