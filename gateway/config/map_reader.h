// One map of the file while it is read: finds keys and reports what is wrong with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config/field.h"
#include "gateway/config/findings.h"
#include "gateway/config/yaml_tree.h"

namespace gateway::config {

// Both ends are allowed.
struct Range {
  uint64_t least;
  uint64_t most;
};

// Tree and findings outlive the reader. What is absent, wrong or broken is reported at most once.
class MapReader {
 public:
  // `path` is shown to the operator ("domains[0]"); `keys` are those of the map. Reports unknown
  // keys at once. A map that was left empty counts as one without keys, anything else that is not
  // a map is an error.
  MapReader(const Node& node, std::string path, const Table& keys, Findings& findings);

  // The value of a key; nullptr when it is absent or already reported as broken.
  const Node* find(std::string_view key) const;
  // True also for a key whose value is broken.
  bool has(std::string_view key) const;
  // The map below a key; nothing when it is absent.
  std::optional<MapReader> below(std::string_view key, const Table& keys) const;
  // True when the value is a map, or empty. Reports anything else that is there: `off` is what the
  // caller has asked for before.
  bool is_map_or_reported(std::string_view key, const Table& keys) const;
  // Calls `each` with every item of the list below `key` and its path. False when the list is
  // absent or has a wrong length.
  bool list(std::string_view key, Range length,
            const std::function<void(const Node& item, const std::string& path)>& each) const;
  MapReader item(const Node& item, const std::string& path, const Table& keys) const;
  // The same map, whose keys are told as those of `root`: where others repeat a part of it.
  MapReader rooted(const Table& root) const;

  // The text of a scalar without control characters; nothing (and reported) when it is empty or not
  // a scalar.
  std::optional<std::string> scalar(std::string_view key) const;
  std::optional<std::string> scalar(const Node& node, const std::string& path) const;
  // True when the value is this word.
  bool is_word(std::string_view key, std::string_view word) const;
  bool is_off(std::string_view key) const { return is_word(key, "off"); }
  // True when there is a value, and it is neither a list nor a map.
  bool is_scalar(std::string_view key) const;
  // Which of the words the value is.
  std::optional<size_t> pick(const Node& node, const std::string& path,
                             std::span<const std::string_view> words) const;

  // Reports at the value of `key`, or at the map itself when the key is absent.
  void error(std::string_view key, const std::string& text) const;
  void error(const Node& node, const std::string& path, const std::string& text) const;
  void warn(std::string_view key, const std::string& code, const std::string& text) const;

  Findings& findings() const { return *findings_; }
  std::string path_of(std::string_view key) const;
  Position place() const { return findings_->place(node_->at); }
  const Node& node() const { return *node_; }

 private:
  MapReader(const Node& node, std::string path, const Table& keys, const MapReader& above);
  void report_unknown() const;
  std::string path_in_root() const;

  const Node* node_;
  std::string path_;
  Table keys_;
  Table root_;          // of the file, or of the domain that the map is in
  size_t root_length_;  // how much of the path leads to the root
  Findings* findings_;
};

// A whole number in a range, as a list item may hold it (ports).
std::optional<uint64_t> number_of(const MapReader& map, const Node& node, const std::string& path,
                                  Range range);

// A list whose items are texts: `parse` gives a Result of the item or of what is wrong with it.
// Nothing when the list is absent or has a wrong length.
template <class T, class Parse>
std::optional<std::vector<T>> list_of(const MapReader& map, std::string_view key, Range length,
                                      const Parse& parse) {
  std::vector<T> items;
  const bool given = map.list(key, length, [&](const Node& node, const std::string& path) {
    const auto text = map.scalar(node, path);
    if (!text) return;
    auto item = parse(*text);
    if (!item) return map.error(node, path, item.error());
    items.push_back(std::move(*item));
  });
  return given ? std::optional(std::move(items)) : std::nullopt;
}

}  // namespace gateway::config
