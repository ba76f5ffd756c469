#include "proto/http1/path_forms.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace proto::http1 {

namespace {

constexpr int kMaxLayers = 8;  // of encoding; no server is known to take off more than three

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// What is no encoding stays as it is, as most servers leave it that do not refuse it.
std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool whole = text[i] == '%' && i + 2 < text.size();
    const auto high = whole ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = whole ? hex_digit(text[i + 2]) : std::nullopt;
    out += high && low ? static_cast<char>(*high << 4 | *low) : text[i];
    if (high && low) i += 2;
  }
  return out;
}

std::string joined(const std::vector<std::string_view>& segments, bool ends_in_slash) {
  std::string out;
  for (const std::string_view segment : segments) out.append("/").append(segment);
  if (ends_in_slash || out.empty()) out += '/';
  return out;
}

// Segment by segment (RFC 3986 §5.2.4), without parameters and empty segments.
std::string resolved(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_in_slash = false;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, end);
    segment = segment.substr(0, segment.find(';'));
    const bool dot = segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!segment.empty() && !dot) segments.push_back(segment);
    // What a dot segment stands for is a folder.
    ends_in_slash = end < path.size() || dot || (segment.empty() && ends_in_slash);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return joined(segments, ends_in_slash);
}

std::string decoded(std::string_view path) {
  std::string text = percent_decoded(path);
  std::ranges::replace(text, '\\', '/');
  return resolved(text);
}

}  // namespace

bool has_encoded_nul(std::string_view path) {
  std::string text(path);
  // Each layer costs a walk over the path, and a path may hold thousands of them.
  for (int layer = 0; layer < kMaxLayers && text.find('%') != std::string::npos; ++layer) {
    std::string next = percent_decoded(text);
    if (next.find('\0') != std::string::npos) return true;
    if (next == text) break;
    text = std::move(next);
  }
  return false;
}

bool reads_one_way(std::string_view path) {
  if (path.find_first_of("%\\;") != path.npos || path.find("//") != path.npos) return false;
  return path.find("/.") == path.npos;
}

std::array<std::string, 3> path_readings(std::string_view path) {
  std::string once = decoded(path);
  std::string twice = decoded(once);
  return {std::string(path), std::move(once), std::move(twice)};
}

}  // namespace proto::http1
