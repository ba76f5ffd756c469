#include "gateway/config/section.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/config/plain_text.h"
#include "gateway/config/units.h"

namespace gateway::config {

namespace {

std::string allowed(const std::string& least, const std::string& most, Off off) {
  std::string out = "allowed is " + least + " to " + most;
  if (off == Off::word) out += ", or off";
  if (off == Off::minus_one) out += ", or off (-1)";
  if (off == Off::not_positive) out += ", or off (0 or -1)";
  return out;
}

std::string allowed(TimeRange range, Off off) {
  return allowed(format_duration(range.least), format_duration(range.most), off);
}

std::string allowed(Range range) {
  return allowed(std::to_string(range.least), std::to_string(range.most), Off::never);
}

bool means_off(milliseconds value, Off off) {
  if (off == Off::not_positive) return value.count() <= 0;
  return off == Off::minus_one && value == std::chrono::seconds{-1};
}

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

}  // namespace

Section::Section(const Node& node, std::string path, Level level, Findings& findings)
    : node_(&node), path_(std::move(path)), level_(std::move(level)), findings_(&findings) {
  bool empty = node.kind == Node::Kind::null || node.kind == Node::Kind::broken;
  if (node.kind != Node::Kind::map && !empty) {
    error(node, path_, std::string("must be a map (key: value), but is ") + kind_name(node.kind));
  }
  for (const Node::Key& key : node.keys) {
    if (findings.full()) break;
    if (!level_.knows(key.name)) findings.error(key.at, path_, unknown_key(level_, key.name));
  }
}

const Node* Section::find(std::string_view key) const {
  assert(level_.knows(key));
  for (size_t i = 0; i < node_->keys.size(); ++i) {
    if (node_->keys[i].name != key) continue;
    const Node& value = node_->items[i];
    return value.kind == Node::Kind::broken ? nullptr : &value;
  }
  return nullptr;
}

bool Section::has(std::string_view key) const {
  return std::any_of(node_->keys.begin(), node_->keys.end(),
                     [key](const Node::Key& known) { return known.name == key; });
}

std::optional<Section> Section::section(std::string_view key) const {
  return section(key, level_.below(key));
}

std::optional<Section> Section::section(std::string_view key, const Level& level) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return Section(*node, path_of(key), level, *findings_);
}

bool Section::list(
    std::string_view key, Range length,
    const std::function<void(const Node& item, const std::string& path)>& each) const {
  const Node* node = find(key);
  if (node == nullptr) return false;
  if (node->kind != Node::Kind::sequence) {
    error(key, std::string("must be a list, but is ") + kind_name(node->kind));
    return false;
  }
  if (node->items.size() < length.least || node->items.size() > length.most) {
    error(key, "has " + std::to_string(node->items.size()) + " entries; " + allowed(length));
    return false;
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    if (node->items[i].kind == Node::Kind::broken) continue;
    each(node->items[i], path_of(key) + '[' + std::to_string(i) + ']');
  }
  return true;
}

Section Section::item(const Node& item, const std::string& path, std::string_view key) const {
  return {item, path, level_.below(key), *findings_};
}

std::optional<std::string> Section::scalar(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  return scalar(*node, path_of(key));
}

std::optional<std::string> Section::scalar(const Node& node, const std::string& path) const {
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

bool Section::text(std::string_view key, std::string& out) const {
  auto value = scalar(key);
  if (value) out = std::move(*value);
  return value.has_value();
}

bool Section::boolean(std::string_view key, bool& out) const {
  auto value = scalar(key);
  if (!value) return false;
  bool yes = *value == "true" || *value == "on";
  if (!yes && *value != "false" && *value != "off") {
    error(key, in_quotes(*value) + " is neither true (on) nor false (off)");
    return false;
  }
  out = yes;
  return true;
}

bool Section::is_off(std::string_view key) const {
  const Node* node = find(key);
  return node != nullptr && node->kind == Node::Kind::scalar && node->text == "off";
}

bool Section::is_map_or_reported(std::string_view key) const {
  const Node* node = find(key);
  if (node == nullptr) return false;
  if (node->kind == Node::Kind::map || node->kind == Node::Kind::null) return true;
  error(key, std::string("must be off, or a map (key: value), but is ") + kind_name(node->kind));
  return false;
}

std::optional<size_t> Section::pick(const Node& node, const std::string& path,
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

std::optional<uint64_t> Section::number_in(std::string_view key, Range range,
                                           std::string_view none) const {
  auto value = scalar(key);
  if (!value) return std::nullopt;
  std::string or_none = none.empty() ? "" : ", or " + std::string(none);
  auto number = parse_count(*value);
  if (!number) {
    error(key, number.error() + "; " + allowed(range) + or_none);
    return std::nullopt;
  }
  if (*number < range.least || *number > range.most) {
    error(key, in_quotes(*value) + " is out of range; " + allowed(range) + or_none);
    return std::nullopt;
  }
  return *number;
}

bool Section::number(std::string_view key, uint64_t& out, Range range) const {
  auto value = number_in(key, range, {});
  if (value) out = *value;
  return value.has_value();
}

bool Section::number(std::string_view key, uint32_t& out, Range range) const {
  assert(range.most <= UINT32_MAX);
  auto value = number_in(key, range, {});
  if (value) out = static_cast<uint32_t>(*value);
  return value.has_value();
}

bool Section::number(std::string_view key, std::optional<uint64_t>& out, Range range,
                     std::string_view none) const {
  const Node* node = find(key);
  if (node != nullptr && node->kind == Node::Kind::scalar && node->text == none) {
    out.reset();
    return true;
  }
  auto value = number_in(key, range, none);
  if (value) out = *value;
  return value.has_value();
}

std::optional<uint64_t> Section::size_in(std::string_view key, Range range, Off off) const {
  auto value = scalar(key);
  if (!value) return std::nullopt;
  auto bytes = parse_size(*value);
  auto limits = allowed(format_size(range.least), format_size(range.most), off);
  if (!bytes) {
    error(key, bytes.error() + "; " + limits);
  } else if (*bytes < range.least || *bytes > range.most) {
    error(key, in_quotes(*value) + " is out of range; " + limits);
  } else {
    return *bytes;
  }
  return std::nullopt;
}

bool Section::size(std::string_view key, uint64_t& out, Range range) const {
  auto bytes = size_in(key, range, Off::never);
  if (bytes) out = *bytes;
  return bytes.has_value();
}

bool Section::size(std::string_view key, std::optional<uint64_t>& out, Range range) const {
  if (is_off(key)) {
    out.reset();
    return true;
  }
  auto bytes = size_in(key, range, Off::word);
  if (bytes) out = *bytes;
  return bytes.has_value();
}

bool Section::traffic(std::string_view key, std::optional<uint64_t>& out, Range range) const {
  auto value = scalar(key);
  if (!value) return false;
  if (*value == "off") {
    out.reset();
    return true;
  }
  auto bytes = parse_traffic(*value);
  auto limits = allowed(format_traffic(range.least), format_traffic(range.most), Off::word);
  if (!bytes) {
    error(key, bytes.error() + "; " + limits);
  } else if (*bytes < range.least || *bytes > range.most) {
    error(key, in_quotes(*value) + " is out of range; " + limits);
  } else {
    out = *bytes;
    return true;
  }
  return false;
}

bool Section::percent(std::string_view key, double& out, Range range) const {
  auto value = scalar(key);
  if (!value) return false;
  auto percent = parse_percent(*value);
  auto limits =
      allowed(std::to_string(range.least) + '%', std::to_string(range.most) + '%', Off::never);
  if (!percent) {
    error(key, percent.error() + "; " + limits);
  } else if (*percent < static_cast<double>(range.least) ||
             *percent > static_cast<double>(range.most)) {
    error(key, in_quotes(*value) + " is out of range; " + limits);
  } else {
    out = *percent;
    return true;
  }
  return false;
}

std::optional<milliseconds> Section::time_in(std::string_view key, TimeRange range, Off off) const {
  auto value = scalar(key);
  if (!value) return std::nullopt;
  auto time = parse_duration(*value);
  if (!time) {
    error(key, time.error() + "; " + allowed(range, off));
    return std::nullopt;
  }
  if (means_off(*time, off)) return milliseconds{-1};
  if (*time < range.least || *time > range.most) {
    error(key, in_quotes(*value) + " is out of range; " + allowed(range, off));
    return std::nullopt;
  }
  return *time;
}

bool Section::duration(std::string_view key, milliseconds& out, TimeRange range) const {
  auto time = time_in(key, range, Off::never);
  if (time) out = *time;
  return time.has_value();
}

bool Section::duration(std::string_view key, std::optional<milliseconds>& out, TimeRange range,
                       Off off) const {
  if (is_off(key)) {
    out.reset();
    return true;
  }
  auto time = time_in(key, range, off);
  if (!time) return false;
  out = *time;
  if (time->count() < 0) out.reset();
  return true;
}

bool Section::duration_or_default(std::string_view key, milliseconds& out, TimeRange range) const {
  auto value = scalar(key);
  if (!value) return false;
  auto time = parse_duration(*value);
  if (!time || time->count() > 0) return duration(key, out, range);
  findings_->warn(find(key)->at, path_of(key), "W_NOT_POSITIVE",
                  in_quotes(*value) + " is ignored and " + format_duration(out) +
                      " used instead; " + allowed(range, Off::never));
  return false;
}

void Section::error(std::string_view key, const std::string& text) const {
  const Node* node = find(key);
  findings_->error(node != nullptr ? node->at : node_->at, path_of(key), text);
}

void Section::error(const Node& node, const std::string& path, const std::string& text) const {
  findings_->error(node.at, path, text);
}

void Section::warn(std::string_view key, const std::string& code, const std::string& text) const {
  const Node* node = find(key);
  findings_->warn(node != nullptr ? node->at : node_->at, path_of(key), code, text);
}

std::string Section::path_of(std::string_view key) const {
  return (path_.empty() ? "" : path_ + '.') + std::string(key);
}

std::optional<uint64_t> number_of(const Section& section, const Node& node, const std::string& path,
                                  Range range) {
  auto value = section.scalar(node, path);
  if (!value) return std::nullopt;
  auto number = parse_count(*value);
  if (number && *number >= range.least && *number <= range.most) return *number;
  std::string what = number ? in_quotes(*value) + " is out of range" : number.error();
  section.error(node, path, what + "; " + allowed(range));
  return std::nullopt;
}

}  // namespace gateway::config
