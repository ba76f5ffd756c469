#include "gateway/config/print.h"

#include "gateway/config/keys.h"
#include "gateway/config/units.h"
#include "gateway/config/yaml_lines.h"

namespace gateway::config {

namespace {

using Shown = std::optional<std::string>;

Shown text_of(const Bound<Switch>& rule, const void* object) {
  const bool yes = rule.get(object);
  return rule.says_on ? (yes ? "on" : "off") : (yes ? "true" : "false");
}

Shown text_of(const Bound<Count>& rule, const void* object) {
  const auto number = rule.get(object);
  return number ? std::to_string(*number) : std::string(rule.none);
}

Shown text_of(const Bound<Size>& rule, const void* object) {
  const auto bytes = rule.get(object);
  return bytes ? format_size(*bytes) : "off";
}

Shown text_of(const Bound<Traffic>& rule, const void* object) {
  const auto bytes = rule.get(object);
  return bytes ? format_traffic(*bytes) : "off";
}

Shown text_of(const Bound<Percent>& rule, const void* object) {
  std::string percent = format_percent(rule.get(object));
  if (rule.bare) percent.pop_back();
  return percent;
}

Shown text_of(const Bound<Duration>& rule, const void* object) {
  const auto time = rule.get(object);
  return time ? format_duration(*time) : "off";
}

// A word that could be read as a number stands in quotes.
Shown text_of(const Bound<OneOf>& rule, const void* object) {
  const std::string_view word = rule.words[rule.get(object)];
  const bool number = word.front() >= '0' && word.front() <= '9';
  return number ? quote(word) : std::string(word);
}

// The reader takes no empty text.
Shown text_of(const Bound<Text>& rule, const void* object) {
  const std::string text = rule.get(object);
  return text.empty() ? Shown() : quote(text);
}

std::string on_one_line(const Table& table, const void* object) {
  std::string out = "{ ";
  for (const Field& field : table.fields) {
    const Shown value = value_text(field, object);
    if (!value) continue;
    if (out.size() > 2) out += ", ";
    out += std::string(field.name) + ": " + *value;
  }
  return out + " }";
}

Shown text_of(const Map& rule, const void* object) {
  const Table keys = rule.keys();
  const void* const below = rule.at(object);
  if (below == nullptr) return rule.presence == Map::Presence::or_off ? Shown("off") : Shown();
  return keys.layout == Layout::line ? on_one_line(keys, below) : Shown();
}

Shown text_of(const Maps& /*rule*/, const void* /*object*/) { return std::nullopt; }

Shown text_of(const Custom& rule, const void* object) { return rule.print(object); }

Shown text_of(const Apart& /*rule*/, const void* /*object*/) { return std::nullopt; }

// `over`: what is the same there goes without saying; null: nothing does.
void print(Lines& lines, const Table& table, const void* object, const void* over = nullptr);

void print_items(Lines& lines, const Field& field, const Maps& maps, const void* object) {
  // A list that must not be empty is left out when it is, since the reader would refuse it; so is
  // one whose items only say what is different.
  if (maps.item(object, 0) == nullptr && (maps.least > 0 || maps.fresh != nullptr)) return;
  const Table keys = maps.keys();
  const auto fresh = maps.fresh != nullptr ? maps.fresh(object) : nullptr;
  lines.open(field.name);
  for (size_t i = 0; const void* const item = maps.item(object, i); ++i) {
    if (keys.layout == Layout::line) {
      lines.line("- " + on_one_line(keys, item));
      continue;
    }
    lines.open_item();
    print(lines, keys, item, fresh.get());
    lines.close();
  }
  lines.close();
}

void print(Lines& lines, const Table& table, const void* object, const void* over) {
  for (const Field& field : table.fields) {
    if (over != nullptr && field.same(object, over)) continue;
    if (const Shown value = value_text(field, object)) {
      lines.key(field.name, *value);
    } else if (const auto* const maps = std::get_if<Maps>(&field.rule)) {
      print_items(lines, field, *maps, object);
    } else if (const auto* const map = std::get_if<Map>(&field.rule)) {
      const void* const below = map->at(object);
      if (below == nullptr) continue;
      if (!map->beside) lines.open(field.name);
      print(lines, map->keys(), below, over != nullptr ? map->at(over) : nullptr);
      if (!map->beside) lines.close();
    }
  }
}

void print_domain(Lines& lines, const Domain& domain) {
  if (!domain.place.file.empty()) {
    lines.line("# from " + quote(domain.place.file) + ", line " +
               std::to_string(domain.place.line));
  }
  lines.open_item();
  print(lines, keys(Of<Domain>{}), &domain);
  lines.close();
}

}  // namespace

std::string print(const Document& document) {
  Lines lines;
  print(lines, keys(Of<Document>{}), &document);
  if (document.domains.empty()) {
    lines.key("domains", "[]");
    return lines.take();
  }
  lines.open("domains");
  for (const Domain& domain : document.domains) print_domain(lines, domain);
  lines.close();
  return lines.take();
}

std::optional<std::string> value_text(const Field& field, const void* object) {
  return std::visit([object](const auto& rule) { return text_of(rule, object); }, field.rule);
}

}  // namespace gateway::config
