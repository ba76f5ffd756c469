// One map of the file while it is read: finds keys, checks types and ranges, reports what is wrong
// with its place.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "gateway/config/findings.h"
#include "gateway/config/known_keys.h"
#include "gateway/config/words.h"
#include "gateway/config/yaml_tree.h"

namespace gateway::config {

// Both ends are allowed.
struct TimeRange {
  milliseconds least;
  milliseconds most;
};
struct Range {
  uint64_t least;
  uint64_t most;
};

// How a field says "no limit": not at all, `off`, `off` or -1, `off` or anything that is not
// positive.
enum class Off { never, word, minus_one, not_positive };

// Every reader leaves its argument as it was (the default, or what `defaults:` gave) when the key
// is absent or wrong, and returns whether a good value was there. Tree and findings outlive the
// section.
class Section {
 public:
  // `path` is shown to the operator ("domains[0].websocket"). Reports unknown keys at once. A map
  // that was left empty counts as one without keys, anything else that is not a map is an error.
  Section(const Node& node, std::string path, Level level, Findings& findings);

  // The value of a key; nullptr when it is absent or already reported as broken.
  const Node* find(std::string_view key) const;
  // True also for a key whose value is broken.
  bool has(std::string_view key) const;
  // The map below a key; nothing when it is absent.
  std::optional<Section> section(std::string_view key) const;
  // The same, for a map whose keys are those of another level.
  std::optional<Section> section(std::string_view key, const Level& level) const;
  // The map below a key, to be read into `out`, which then holds something; the word `off` empties
  // `out` instead.
  template <class T>
  std::optional<Section> section_or_off(std::string_view key, std::optional<T>& out) const {
    if (is_off(key)) {
      out.reset();
      return std::nullopt;
    }
    if (!is_map_or_reported(key)) return std::nullopt;
    if (!out) out.emplace();
    return section(key);
  }
  // Calls `each` with every item of the list below `key` and its path. False when the list is
  // absent or has a wrong length.
  bool list(std::string_view key, Range length,
            const std::function<void(const Node& item, const std::string& path)>& each) const;
  Section item(const Node& item, const std::string& path, std::string_view key) const;

  // The text of a scalar without control characters; nothing (and reported) when it is empty or not
  // a scalar.
  std::optional<std::string> scalar(std::string_view key) const;
  std::optional<std::string> scalar(const Node& node, const std::string& path) const;
  bool text(std::string_view key, std::string& out) const;
  bool boolean(std::string_view key, bool& out) const;
  // True when the value is the word `off`.
  bool is_off(std::string_view key) const;
  bool number(std::string_view key, uint64_t& out, Range range) const;
  bool number(std::string_view key, uint32_t& out, Range range) const;
  // `none` is the word for "no number": auto.
  bool number(std::string_view key, std::optional<uint64_t>& out, Range range,
              std::string_view none) const;
  bool size(std::string_view key, uint64_t& out, Range range) const;
  // `off` is nothing.
  bool size(std::string_view key, std::optional<uint64_t>& out, Range range) const;
  // Decimal units; `off` is nothing.
  bool traffic(std::string_view key, std::optional<uint64_t>& out, Range range) const;
  bool percent(std::string_view key, double& out, Range range) const;
  bool duration(std::string_view key, milliseconds& out, TimeRange range) const;
  bool duration(std::string_view key, std::optional<milliseconds>& out, TimeRange range,
                Off off) const;
  // As Tomcat: a time that is not positive is a warning, and what was there before stays.
  bool duration_or_default(std::string_view key, milliseconds& out, TimeRange range) const;

  template <class E, size_t N>
  bool choice(std::string_view key, E& out, const Words<E, N>& words) const {
    const Node* node = find(key);
    return node != nullptr && choice(*node, path_of(key), out, words);
  }
  template <class E, size_t N>
  bool choice(const Node& node, const std::string& path, E& out, const Words<E, N>& words) const {
    std::array<std::string_view, N> texts;
    for (size_t i = 0; i < N; ++i) texts[i] = words[i].text;
    auto index = pick(node, path, texts);
    if (index) out = words[*index].value;
    return index.has_value();
  }

  // Reports at the value of `key`, or at the map itself when the key is absent.
  void error(std::string_view key, const std::string& text) const;
  void error(const Node& node, const std::string& path, const std::string& text) const;
  void warn(std::string_view key, const std::string& code, const std::string& text) const;

  Findings& findings() const { return *findings_; }
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  Place place() const { return findings_->place(node_->at); }
  const Node& node() const { return *node_; }

 private:
  bool is_map_or_reported(std::string_view key) const;
  std::optional<size_t> pick(const Node& node, const std::string& path,
                             std::span<const std::string_view> words) const;
  std::optional<uint64_t> size_in(std::string_view key, Range range, Off off) const;
  std::optional<milliseconds> time_in(std::string_view key, TimeRange range, Off off) const;
  std::optional<uint64_t> number_in(std::string_view key, Range range, std::string_view none) const;

  const Node* node_;
  std::string path_;
  Level level_;
  Findings* findings_;
};

// A whole number in a range, as a list item may hold it (ports).
std::optional<uint64_t> number_of(const Section& section, const Node& node, const std::string& path,
                                  Range range);

}  // namespace gateway::config
