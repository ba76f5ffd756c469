#include "gateway/config/schema.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "gateway/config/keys.h"
#include "gateway/config/paths.h"
#include "gateway/config/rule_text.h"

namespace gateway::config {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDigits = "^[0-9]+$";
constexpr std::string_view kDefinitions = "#/definitions/";

// The definitions that many keys refer to.
constexpr const char* kCommon = R"json({
  "switch": {"enum": [true, false, "true", "false", "on", "off"]},
  "time": {
    "description": "60 (seconds), 250ms, 60s, 5m, 4h or 30d.",
    "anyOf": [{"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)?$"}]
  },
  "signed_time": {"anyOf": [{"type": "integer"},
      {"type": "string", "pattern": "^-?[0-9]+(ms|s|m|h|d)?$"}]},
  "size": {
    "description": "65536 (bytes), 64KiB, 1MiB, 2GiB or 1TiB.",
    "anyOf": [{"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+(KiB|MiB|GiB|TiB)?$"}]
  },
  "traffic": {
    "description": "500GB, 2TB, 250MB, 1PB, or bytes; decimal: 1GB is 1000000000 bytes.",
    "anyOf": [{"type": "integer", "minimum": 1000000},
        {"type": "string", "pattern": "^[0-9]+(MB|GB|TB|PB)?$"}]
  },
  "port": {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": "^[0-9]+$"}]
  },
  "ports": {
    "anyOf": [
      {"$ref": "#/definitions/port"},
      {"type": "array", "minItems": 1, "maxItems": 16, "uniqueItems": true,
       "items": {"$ref": "#/definitions/port"}}
    ]
  },
  "file": {"type": "string", "pattern": "^file:.+$"},
  "file_or_variable": {
    "anyOf": [{"$ref": "#/definitions/file"},
      {"type": "string", "pattern": "^\\$\\{.+\\}$"}]
  },
  "name": {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": "^(\\*\\.)?[A-Za-z0-9_.-]+$|^\\[[0-9A-Fa-f:.]+\\]$"
  }
})json";

Json reference(std::string_view name) {
  return {{"$ref", std::string(kDefinitions) + std::string(name)}};
}

// YAML 1.1 reads `off` as false.
Json or_words(Json json, Json words) {
  return {{"anyOf", Json::array({std::move(json), {{"enum", std::move(words)}}})}};
}
Json off(Json json, bool can_be_off) {
  return can_be_off ? or_words(std::move(json), {"off", false}) : json;
}

// `shares`: the maps that a domain and `defaults` both have stand among the definitions.
Json map_schema(const Table& table, const void* object, bool shares = false);

// A rule as what an editor can check.
struct Translator {
  const void* object;  // the defaults around the key

  Json operator()(const Switch& /*rule*/) const { return reference("switch"); }

  Json operator()(const Count& rule) const {
    if (rule.least == rule.most) return {{"enum", {rule.least, std::to_string(rule.least)}}};
    Json forms =
        Json::array({{{"type", "integer"}, {"minimum", rule.least}, {"maximum", rule.most}},
                     {{"type", "string"}, {"pattern", kDigits}}});
    if (rule.none == "off") forms.push_back({{"enum", {"off", false}}});
    if (rule.none == "auto") forms.push_back({{"const", "auto"}});
    return {{"anyOf", std::move(forms)}};
  }

  Json operator()(const Size& rule) const { return off(reference("size"), rule.off); }
  Json operator()(const Traffic& rule) const { return off(reference("traffic"), rule.off); }

  Json operator()(const Percent& rule) const {
    return {{"anyOf",
             Json::array({{{"type", "number"}, {"minimum", rule.least}, {"maximum", rule.most}},
                          {{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)?%?$"}}})}};
  }

  Json operator()(const Duration& rule) const {
    switch (rule.off) {
      case Off::never:
        return reference("time");
      case Off::word:
        return off(reference("time"), true);
      case Off::minus_one:
        return or_words(reference("time"), {"off", false, -1});
      case Off::not_positive:
        return or_words(reference("time"), {"off", false, 0, -1});
      case Off::ignored:
        break;
    }
    return reference("signed_time");
  }

  // A word that YAML reads as something else is taken as that, too.
  Json operator()(const OneOf& rule) const {
    Json words = Json::array();
    for (const std::string_view word : rule.words) words.push_back(word);
    for (const std::string_view word : rule.words) {
      double number = 0;
      const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
      if (word == "off") words.push_back(false);
      if (read.ptr == word.data() + word.size()) words.push_back(number);
    }
    return {{"enum", std::move(words)}};
  }

  Json operator()(const Text& rule) const {
    Json json = {{"type", "string"}, {"minLength", 1}};
    if (!rule.pattern.empty()) json["pattern"] = rule.pattern;
    return json;
  }

  // An empty map says nothing where there is one by default; elsewhere it lacks something.
  Json operator()(const Map& rule) const {
    const void* const usual = rule.at(object);
    const Table keys = rule.keys();
    Json json = map_schema(keys, usual != nullptr ? usual : keys.usual());
    Json types = Json::array({"object"});
    if (usual != nullptr) types.push_back("null");
    if (rule.presence == Map::Presence::or_off) {
      types.push_back("string");
      types.push_back("boolean");
      json["pattern"] = "^off$";
      json["not"] = {{"const", true}};
    }
    json["type"] = types.size() == 1 ? types.front() : types;
    if (!rule.brief) return json;
    const Field& first = keys.fields.front();
    return {{"anyOf", Json::array({std::visit(Translator{keys.usual()}, first.rule), json})}};
  }

  Json operator()(const Maps& rule) const {
    const Table keys = rule.keys();
    return {{"type", "array"},
            {"minItems", rule.least},
            {"maxItems", rule.most},
            {"items", map_schema(keys, keys.usual(), rule.fresh != nullptr)}};
  }

  Json operator()(const Custom& rule) const { return Json::parse(rule.schema); }

  Json operator()(const Apart& rule) const {
    if (rule.keys == nullptr) return Json::parse(rule.schema);
    Json json = map_schema(rule.keys(), rule.keys().usual(), true);
    json["type"] = {"object", "null"};
    return json;
  }
};

// "No byte from either side. 1s to 30d, default 60s."
std::string description(const Field& field, const void* object) {
  std::string out(field.doc);
  const std::string range = range_text(field.rule);
  const std::string usual = default_text(field, object);
  if (!range.empty()) out += ' ' + range + (usual.empty() ? "." : ", default " + usual + '.');
  if (range.empty() && !usual.empty()) out += " Default " + usual + '.';
  return out;
}

std::string definition_of(const Field& field) {
  return field.name == "usage" ? "domain_usage" : std::string(field.name);
}

Json key_schema(const Field& field, const void* object) {
  Json json = std::visit(Translator{object}, field.rule);
  json["description"] = description(field, object);
  return json;
}

void add_keys(const Table& table, const void* object, bool shares, Json& properties,
              Json& required) {
  for (const Field& field : table.fields) {
    const auto* const map = std::get_if<Map>(&field.rule);
    if (map != nullptr && map->beside) {
      const void* const below = map->at(object);
      add_keys(map->keys(), below != nullptr ? below : map->keys().usual(), false, properties,
               required);
      continue;
    }
    const std::string name(field.name);
    const bool shared = shares && find_field(keys(Of<Defaults>{}), name) != nullptr;
    properties[name] = shared ? reference(definition_of(field)) : key_schema(field, object);
    if (!field.more.required.empty()) required.push_back(name);
  }
}

Json map_schema(const Table& table, const void* object, bool shares) {
  Json properties = Json::object();
  Json required = Json::array();
  add_keys(table, object, shares, properties, required);
  Json json = {{"type", "object"}, {"additionalProperties", false}};
  json["properties"] = std::move(properties);
  if (!required.empty()) json["required"] = std::move(required);
  return json;
}

Json definitions() {
  Json all = Json::parse(kCommon);
  const Table domain_keys = keys(Of<Domain>{});
  for (const Field& field : domain_keys.fields) {
    if (find_field(keys(Of<Defaults>{}), field.name) == nullptr) continue;
    all[definition_of(field)] = key_schema(field, domain_keys.usual());
  }
  Json domain = map_schema(domain_keys, domain_keys.usual(), true);
  domain["oneOf"] = {{{"required", {"domain"}}}, {{"required", {"names"}}}};
  domain["description"] = "One accelerated domain.";
  all["domain"] = std::move(domain);
  Json node = map_schema(keys(Of<Document>{}), keys(Of<Document>{}).usual());
  node["description"] = "The node file, weir.yaml.";
  all["node"] = std::move(node);
  return all;
}

}  // namespace

std::string schema() {
  Json root = {{"$schema", "http://json-schema.org/draft-07/schema#"},
               {"title", "Weir configuration: weir.yaml and domains/*.yaml"},
               {"description",
                "For editors: types and names. Ranges of times and sizes, and the rules between "
                "keys, are checked by `weir check`."}};
  root["oneOf"] = Json::array({reference("node"), reference("domain")});
  root["definitions"] = definitions();
  return root.dump(2) + '\n';
}

}  // namespace gateway::config
