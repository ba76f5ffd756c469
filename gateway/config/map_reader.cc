#include "gateway/config/map_reader.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/config/paths.h"
#include "gateway/config/plain_text.h"
#include "gateway/config/rule_text.h"
#include "gateway/config/units.h"

namespace gateway::config {

namespace {

const char* kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "empty";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::broken:
      return "broken";
  }
  return "";
}

// " with url": what a map must hold.
std::string with_required(const Table& keys) {
  std::string out;
  for (const Field& field : keys.fields) {
    if (!field.more.required.empty())
      out += (out.empty() ? " with " : " and ") + std::string(field.name);
  }
  return out;
}

}  // namespace

MapReader::MapReader(const Node& node, std::string path, const Table& keys, Findings& findings)
    : node_(&node),
      path_(std::move(path)),
      keys_(keys),
      root_(keys),
      root_length_(path_.size()),
      findings_(&findings) {
  report_unknown();
}

MapReader::MapReader(const Node& node, std::string path, const Table& keys, const MapReader& above)
    : node_(&node),
      path_(std::move(path)),
      keys_(keys),
      root_(above.root_),
      root_length_(above.root_length_),
      findings_(above.findings_) {
  report_unknown();
}

void MapReader::report_unknown() const {
  const bool empty = node_->kind == Node::Kind::null || node_->kind == Node::Kind::broken;
  if (node_->kind != Node::Kind::map && !empty) {
    error(*node_, path_,
          std::string("must be a map (key: value), but is ") + kind_name(node_->kind));
  }
  for (const Node::Key& key : node_->keys) {
    if (findings_->full()) break;
    if (find_field(keys_, key.name) != nullptr) continue;
    findings_->error(key.at, path_, unknown_key(root_, path_in_root(), key.name));
  }
}

// Without the indexes of lists: "origin.servers".
std::string MapReader::path_in_root() const {
  std::string out;
  bool index = false;
  for (const char c : std::string_view(path_).substr(root_length_)) {
    index = index || c == '[';
    if (!index && !(out.empty() && c == '.')) out += c;
    if (c == ']') index = false;
  }
  return out;
}

const Node* MapReader::find(std::string_view key) const {
  assert(find_field(keys_, key) != nullptr);
  for (size_t i = 0; i < node_->keys.size(); ++i) {
    if (node_->keys[i].name != key) continue;
    const Node& value = node_->items[i];
    return value.kind == Node::Kind::broken ? nullptr : &value;
  }
  return nullptr;
}

bool MapReader::has(std::string_view key) const {
  return std::any_of(node_->keys.begin(), node_->keys.end(),
                     [key](const Node::Key& known) { return known.name == key; });
}

std::optional<MapReader> MapReader::below(std::string_view key, const Table& keys) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return MapReader(*node, path_of(key), keys, *this);
}

bool MapReader::is_map_or_reported(std::string_view key, const Table& keys) const {
  const Node* node = find(key);
  if (node == nullptr) return false;
  if (node->kind == Node::Kind::map || node->kind == Node::Kind::null) return true;
  error(key, "must be off, or a map (key: value)" + with_required(keys) + ", but is " +
                 kind_name(node->kind));
  return false;
}

bool MapReader::list(
    std::string_view key, Range length,
    const std::function<void(const Node& item, const std::string& path)>& each) const {
  const Node* node = find(key);
  if (node == nullptr) return false;
  if (node->kind != Node::Kind::sequence) {
    error(key, std::string("must be a list, but is ") + kind_name(node->kind));
    return false;
  }
  if (node->items.size() < length.least || node->items.size() > length.most) {
    error(key, "has " + std::to_string(node->items.size()) + " entries; allowed is " +
                   range_text(Count{length.least, length.most}));
    return false;
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    if (node->items[i].kind == Node::Kind::broken) continue;
    each(node->items[i], path_of(key) + '[' + std::to_string(i) + ']');
  }
  return true;
}

MapReader MapReader::item(const Node& item, const std::string& path, const Table& keys) const {
  return {item, path, keys, *this};
}

MapReader MapReader::rooted(const Table& root) const {
  MapReader map = *this;
  map.root_ = root;
  map.root_length_ = path_.size();
  return map;
}

std::optional<std::string> MapReader::scalar(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return scalar(*node, path_of(key));
}

std::optional<std::string> MapReader::scalar(const Node& node, const std::string& path) const {
  if (node.kind == Node::Kind::broken) return std::nullopt;
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::scalar && node.text.empty())) {
    error(node, path, "has no value: write one, or remove the key");
    return std::nullopt;
  }
  if (node.kind != Node::Kind::scalar) {
    error(node, path, std::string("must be a single value, but is ") + kind_name(node.kind));
    return std::nullopt;
  }
  if (has_control_character(node.text)) {
    error(node, path, "contains a control character or a line break");
    return std::nullopt;
  }
  return node.text;
}

bool MapReader::is_word(std::string_view key, std::string_view word) const {
  const Node* node = find(key);
  return node != nullptr && node->kind == Node::Kind::scalar && node->text == word;
}

bool MapReader::is_scalar(std::string_view key) const {
  const Node* node = find(key);
  return node != nullptr && node->kind == Node::Kind::scalar && !node->text.empty();
}

std::optional<size_t> MapReader::pick(const Node& node, const std::string& path,
                                      std::span<const std::string_view> words) const {
  auto value = scalar(node, path);
  if (!value) return std::nullopt;
  auto found = std::find(words.begin(), words.end(), *value);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string text = in_quotes(*value) + " is not known here; allowed is " + one_of(words);
  if (auto near = nearest(*value, words)) text += "; did you mean " + in_quotes(*near) + "?";
  error(node, path, text);
  return std::nullopt;
}

void MapReader::error(std::string_view key, const std::string& text) const {
  const Node* node = find(key);
  findings_->error(node != nullptr ? node->at : node_->at, path_of(key), text);
}

void MapReader::error(const Node& node, const std::string& path, const std::string& text) const {
  findings_->error(node.at, path, text);
}

void MapReader::warn(std::string_view key, const std::string& code, const std::string& text) const {
  const Node* node = find(key);
  findings_->warn(node != nullptr ? node->at : node_->at, path_of(key), code, text);
}

std::string MapReader::path_of(std::string_view key) const {
  return (path_.empty() ? "" : path_ + '.') + std::string(key);
}

std::optional<uint64_t> number_of(const MapReader& map, const Node& node, const std::string& path,
                                  Range range) {
  auto value = map.scalar(node, path);
  if (!value) return std::nullopt;
  auto number = parse_count(*value);
  if (number && *number >= range.least && *number <= range.most) return *number;
  std::string what = number ? in_quotes(*value) + " is out of range" : number.error();
  map.error(node, path, what + "; allowed is " + range_text(Count{range.least, range.most}));
  return std::nullopt;
}

}  // namespace gateway::config
