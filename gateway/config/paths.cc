#include "gateway/config/paths.h"

#include <algorithm>
#include <numeric>

#include "gateway/config/findings.h"

namespace gateway::config {

namespace {

constexpr size_t kLongestWord = 64;  // the distance of longer ones is not worth its time

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string joined(std::string_view prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : std::string(prefix) + '.' + std::string(key);
}

// Among words between spaces.
bool has_word(std::string_view words, std::string_view word) {
  const size_t at = words.find(word);
  if (at == std::string_view::npos || word.find(' ') != std::string_view::npos) return false;
  const size_t end = at + word.size();
  const bool begins = at == 0 || words[at - 1] == ' ';
  const bool ends = end == words.size() || words[end] == ' ';
  return (begins && ends) || has_word(words.substr(end), word);
}

// The walk over a table and the tables below it. What stands apart from the file's own keys
// (`defaults`), or repeats them (in a route), is entered only on demand.
class Walk {
 public:
  explicit Walk(bool enters_apart) : enters_apart_(enters_apart) {}

  void enter(const Table& table, const std::string& prefix, const void* object, Effect effect) {
    for (const Field& field : table.fields) add(field, prefix, object, effect);
  }
  std::vector<KeyPath> take() { return std::move(found_); }

 private:
  void add(const Field& field, const std::string& prefix, const void* object, Effect above) {
    const Effect effect = field.more.effect.value_or(above);
    const auto* const map = std::get_if<Map>(&field.rule);
    const bool beside = map != nullptr && map->beside;
    const std::string path = beside ? prefix : joined(prefix, field.name);
    if (!beside) found_.push_back({path, &field, object, effect});
    if (map != nullptr) {
      if (map->again && !enters_apart_) return;
      const Table below = map->keys();
      const void* const usual = map->at(object);
      enter(below, path, usual != nullptr ? usual : below.usual(), effect);
    } else if (const auto* const maps = std::get_if<Maps>(&field.rule)) {
      enter(maps->keys(), path, maps->keys().usual(), effect);
    } else if (const auto* const apart = std::get_if<Apart>(&field.rule)) {
      if (apart->keys == nullptr) return;
      const Table below = apart->keys();
      if (enters_apart_) return enter(below, path, below.usual(), effect);
      for (const Field& name : below.fields)
        found_.push_back({joined(path, name.name), &name, below.usual(), effect});
    }
  }

  bool enters_apart_;
  std::vector<KeyPath> found_;
};

std::vector<KeyPath> walk(const Table& table, bool enters_apart) {
  Walk walk(enters_apart);
  walk.enter(table, {}, table.usual(), Effect::new_sessions);
  return walk.take();
}

// A key that is right but stands on the wrong level, as long as it can only belong in one place.
std::optional<std::string> misplaced(std::span<const KeyPath> paths, std::string_view key) {
  const auto has_name = [key](const KeyPath& known) { return last_part(known.path) == key; };
  const auto found = std::find_if(paths.begin(), paths.end(), has_name);
  if (found == paths.end() || std::find_if(found + 1, paths.end(), has_name) != paths.end()) {
    return std::nullopt;
  }
  return found->path;
}

// The key that others call so: below the map first, then anywhere.
std::optional<std::string> other_word(std::span<const KeyPath> paths, std::string_view map,
                                      std::string_view key) {
  std::optional<std::string> first;
  const std::string below = joined(map, "");
  for (const KeyPath& known : paths) {
    if (!has_word(known.field->more.also, key)) continue;
    if (!map.empty() && known.path.starts_with(below)) return known.path;
    if (!first) first = known.path;
  }
  return first;
}

// Many words have become keys of some corner, which is rarely what is meant on another level; so
// what other gateways say is asked first, and what stands apart last.
std::optional<std::string> meant(const Table& root, std::string_view map, std::string_view key) {
  if (key.size() > kLongestWord) return std::nullopt;
  for (const bool enters_apart : {false, true}) {
    const std::vector<KeyPath> paths = walk(root, enters_apart);
    if (auto found = other_word(paths, map, key)) return found;
    if (auto found = misplaced(paths, key)) return found;
  }
  return std::nullopt;
}

// The table of the map at `path`.
Table table_at(const Table& root, std::string_view path) {
  Table table = root;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    const Field* const field = find_field(table, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
    if (field == nullptr) return table;
    if (const auto* const map = std::get_if<Map>(&field->rule)) table = map->keys();
    if (const auto* const maps = std::get_if<Maps>(&field->rule)) table = maps->keys();
    if (const auto* const apart = std::get_if<Apart>(&field->rule); apart && apart->keys)
      table = apart->keys();
  }
  return table;
}

// "warn" for "warning": a word that was cut short, as long as only one begins with it.
std::optional<std::string_view> completed(std::string_view word,
                                          std::span<const std::string_view> candidates) {
  if (word.size() < 3) return std::nullopt;
  auto begins = [word](std::string_view candidate) { return candidate.starts_with(word); };
  auto found = std::find_if(candidates.begin(), candidates.end(), begins);
  if (found == candidates.end()) return std::nullopt;
  if (std::find_if(found + 1, candidates.end(), begins) != candidates.end()) return std::nullopt;
  return *found;
}

// Levenshtein's distance, where two neighbours that changed places count as one slip.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::vector<KeyPath> paths_in(const Table& table) { return walk(table, false); }

const Field* find_field(const Table& table, std::string_view name) {
  for (const Field& field : table.fields) {
    const auto* const map = std::get_if<Map>(&field.rule);
    if (map != nullptr && map->beside) {
      if (const Field* const found = find_field(map->keys(), name)) return found;
    } else if (field.name == name) {
      return &field;
    }
  }
  return nullptr;
}

std::vector<std::string_view> names_in(const Table& table) {
  std::vector<std::string_view> names;
  for (const Field& field : table.fields) {
    const auto* const map = std::get_if<Map>(&field.rule);
    if (map != nullptr && map->beside) {
      for (const std::string_view name : names_in(map->keys())) names.push_back(name);
    } else {
      names.push_back(field.name);
    }
  }
  return names;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.size() > kLongestWord) return std::nullopt;
  // In a short word two slips leave nothing to recognise.
  size_t best = word.size() <= 4 ? 2 : 3;
  std::optional<std::string_view> found;
  for (std::string_view candidate : candidates) {
    size_t slips = distance(word, candidate);
    if (slips >= best) continue;
    best = slips;
    found = candidate;
  }
  return found ? found : completed(word, candidates);
}

std::string unknown_key(const Table& root, std::string_view path, std::string_view key) {
  const auto names = names_in(table_at(root, path));
  const std::string out = "unknown key " + in_quotes(key);
  if (auto near = nearest(key, names)) return out + ": did you mean " + in_quotes(*near) + "?";
  if (auto other = meant(root, path, key)) return out + ": did you mean " + in_quotes(*other) + "?";
  return out + "; known here: " + one_of(names);
}

std::string one_of(std::span<const std::string_view> names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

}  // namespace gateway::config
