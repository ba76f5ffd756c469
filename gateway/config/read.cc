#include "gateway/config/read.h"

#include <algorithm>
#include <utility>

#include "gateway/config/paths.h"
#include "gateway/config/rule_text.h"
#include "gateway/config/units.h"

namespace gateway::config {

namespace {

using proto::Result;

// The value of a key that can be "none": not given, the word for none, or a value.
template <class T>
struct Given {
  bool good = false;
  std::optional<T> value;
};
template <class T>
Given<T> given(std::optional<T> value) {
  return {value.has_value(), value};
}

// A value that was parsed, in its range; nothing (and reported) when it is not.
template <class T, class Rule>
std::optional<T> in_range(const MapReader& map, std::string_view key, const std::string& written,
                          const Result<T, std::string>& parsed, const Rule& rule) {
  if (parsed && *parsed >= static_cast<T>(rule.least) && *parsed <= static_cast<T>(rule.most))
    return *parsed;
  const std::string what = parsed ? in_quotes(written) + " is out of range" : parsed.error();
  map.error(key, what + "; allowed is " + range_text(rule));
  return std::nullopt;
}

template <class Rule>
Given<uint64_t> number(const MapReader& map, std::string_view key, const Rule& rule, bool none,
                       Result<uint64_t, std::string> (*parse)(std::string_view)) {
  if (none) return {true, std::nullopt};
  const auto written = map.scalar(key);
  if (!written) return {};
  return given(in_range(map, key, *written, parse(*written), rule));
}

bool means_off(milliseconds value, Off off) {
  if (off == Off::not_positive) return value.count() <= 0;
  return off == Off::minus_one && value == seconds{-1};
}

Given<milliseconds> time(const MapReader& map, std::string_view key, const Duration& rule,
                         milliseconds before) {
  const bool can_be_off = rule.off != Off::never && rule.off != Off::ignored;
  if (can_be_off && map.is_off(key)) return {true, std::nullopt};
  const auto written = map.scalar(key);
  if (!written) return {};
  const auto parsed = parse_duration(*written);
  if (parsed && means_off(*parsed, rule.off)) return {true, std::nullopt};
  if (parsed && rule.off == Off::ignored && parsed->count() <= 0) {
    map.warn(key, "W_NOT_POSITIVE",
             in_quotes(*written) + " is ignored and " + format_duration(before) +
                 " used instead; allowed is " + range_text(rule));
    return {};
  }
  return given(in_range(map, key, *written, parsed, rule));
}

void take(const MapReader& map, const Field& field, const Bound<Switch>& rule, void* object) {
  if (const auto value = value_of(map, field.name, rule)) rule.set(object, *value);
}

void take(const MapReader& map, const Field& field, const Bound<Count>& rule, void* object) {
  const bool none = !rule.none.empty() && map.is_word(field.name, rule.none);
  const auto value = number(map, field.name, rule, none, parse_count);
  if (value.good) rule.set(object, value.value);
}

void take(const MapReader& map, const Field& field, const Bound<Size>& rule, void* object) {
  const auto value = number(map, field.name, rule, rule.off && map.is_off(field.name), parse_size);
  if (value.good) rule.set(object, value.value);
}

void take(const MapReader& map, const Field& field, const Bound<Traffic>& rule, void* object) {
  const auto value =
      number(map, field.name, rule, rule.off && map.is_off(field.name), parse_traffic);
  if (value.good) rule.set(object, value.value);
}

void take(const MapReader& map, const Field& field, const Bound<Percent>& rule, void* object) {
  const auto written = map.scalar(field.name);
  if (!written) return;
  const auto value = in_range(map, field.name, *written, parse_percent(*written), rule);
  if (value) rule.set(object, *value);
}

void take(const MapReader& map, const Field& field, const Bound<Duration>& rule, void* object) {
  const auto value = time(map, field.name, rule, rule.get(object).value_or(milliseconds{}));
  if (!value.good) return;
  rule.set(object, value.value);
  if (rule.whole_seconds && *value.value % seconds{1} != milliseconds{})
    map.error(field.name, "must be whole seconds");
}

void take(const MapReader& map, const Field& field, const Bound<OneOf>& rule, void* object) {
  if (const auto index = value_of(map, field.name, rule)) rule.set(object, *index);
}

void take(const MapReader& map, const Field& field, const Bound<Text>& rule, void* object) {
  if (auto text = value_of(map, field.name, rule)) rule.set(object, std::move(*text));
}

// A map whose keys stand beside others is there when any of its keys is.
bool is_written(const MapReader& map, const Table& keys) {
  const auto names = names_in(keys);
  return std::any_of(names.begin(), names.end(),
                     [&map](std::string_view name) { return map.has(name); });
}

void take_brief(const MapReader& map, const Field& field, const Field& first, void* object);

void take(const MapReader& map, const Field& field, const Map& rule, void* object) {
  const Table keys = rule.keys();
  if (rule.beside) {
    if (rule.presence == Map::Presence::always || is_written(map, keys))
      read(map, keys, rule.make(object));
    return;
  }
  if (rule.presence == Map::Presence::or_off) {
    if (map.is_off(field.name)) return rule.clear(object);
    if (rule.brief && map.is_scalar(field.name))
      return take_brief(map, field, keys.fields.front(), rule.make(object));
    if (!map.is_map_or_reported(field.name, keys)) return;
  }
  if (const auto below = map.below(field.name, keys)) read(*below, keys, rule.make(object));
}

void take(const MapReader& map, const Field& field, const Maps& rule, void* object) {
  const Table keys = rule.keys();
  bool first = true;
  map.list(field.name, {rule.least, rule.most}, [&](const Node& node, const std::string& path) {
    if (std::exchange(first, false)) rule.clear(object);
    void* const item = rule.add(object);
    if (node.kind != Node::Kind::scalar) return read(map.item(node, path, keys), keys, item);
    map.error(node, path,
              "must be a map: write { " + std::string(keys.fields.front().name) + ": " +
                  in_quotes(node.text) + " }");
  });
}

void take(const MapReader& map, const Field& field, const Custom& rule, void* object) {
  rule.read(map, field.name, object);
}

void take(const MapReader& /*map*/, const Field& /*field*/, const Apart& /*rule*/,
          void* /*object*/) {}

// The value of `field` is that of the first key of the map in its place.
void take_brief(const MapReader& map, const Field& field, const Field& first, void* object) {
  Field brief = first;
  brief.name = field.name;
  std::visit([&](const auto& rule) { take(map, brief, rule, object); }, brief.rule);
}

}  // namespace

void read(const MapReader& map, const Table& table, void* object) {
  if (table.put != nullptr) table.put(object, map.place());
  for (const Field& field : table.fields) {
    if (!field.more.required.empty() && !map.has(field.name))
      map.error(field.name, "is missing: " + std::string(field.more.required));
    std::visit([&](const auto& rule) { take(map, field, rule, object); }, field.rule);
  }
  if (table.finish != nullptr) table.finish(map, object);
}

std::optional<bool> value_of(const MapReader& map, std::string_view key, const Switch& /*rule*/) {
  const auto value = map.scalar(key);
  if (!value) return std::nullopt;
  const bool yes = *value == "true" || *value == "on";
  if (yes || *value == "false" || *value == "off") return yes;
  map.error(key, in_quotes(*value) + " is neither true (on) nor false (off)");
  return std::nullopt;
}

std::optional<uint64_t> value_of(const MapReader& map, std::string_view key, const Count& rule) {
  return number(map, key, rule, false, parse_count).value;
}

std::optional<milliseconds> value_of(const MapReader& map, std::string_view key,
                                     const Duration& rule) {
  return time(map, key, rule, {}).value;
}

std::optional<size_t> value_of(const MapReader& map, std::string_view key, const OneOf& rule) {
  const Node* const node = map.find(key);
  return node == nullptr ? std::nullopt : map.pick(*node, map.path_of(key), rule.words);
}

std::optional<std::string> value_of(const MapReader& map, std::string_view key, const Text& rule) {
  auto text = map.scalar(key);
  if (!text || rule.problem == nullptr) return text;
  // A wrong name is kept all the same, so that later rules do not miss it.
  if (const auto problem = rule.problem(*text)) map.error(key, *problem);
  return text;
}

}  // namespace gateway::config
