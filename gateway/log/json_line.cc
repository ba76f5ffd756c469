#include "gateway/log/json_line.h"

#include <array>
#include <charconv>

namespace gateway::log {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the UTF-8 character that `text` begins with; 0: it begins with none (RFC 3629 §4).
size_t utf8_length(std::string_view text) {
  const auto at = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto follows = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
  const uint8_t first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && at(1) < 0xA0;
    const bool surrogate = first == 0xED && at(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && at(1) < 0x90;
    const bool beyond = first == 0xF4 && at(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

void JsonLine::begin(std::string_view name) {
  if (line_.size() > 1) line_ += ',';
  line_ += '"';
  line_ += name;
  line_ += "\":";
}

void JsonLine::append_escaped(std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  value = value.substr(0, kMaxValue);
  while (!value.empty()) {
    const auto c = static_cast<uint8_t>(value.front());
    const size_t length = utf8_length(value);
    if (c == '"' || c == '\\') {
      line_ += '\\';
      line_ += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7F) {
      line_ += "\\u00";
      line_ += kHex[c >> 4];
      line_ += kHex[c & 0xF];
    } else if (length == 0) {
      line_ += kReplacement;
    } else {
      line_ += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) {
  begin(name);
  line_ += '"';
  append_escaped(value);
  line_ += '"';
  return *this;
}

JsonLine& JsonLine::text_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

JsonLine& JsonLine::number(std::string_view name, int64_t value) {
  begin(name);
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  line_.append(digits.data(), end);
  return *this;
}

JsonLine& JsonLine::count(std::string_view name, uint64_t value) {
  begin(name);
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  line_.append(digits.data(), end);
  return *this;
}

JsonLine& JsonLine::flag(std::string_view name, bool value) {
  begin(name);
  line_ += value ? "true" : "false";
  return *this;
}

std::string JsonLine::take() {
  line_ += '}';
  return std::move(line_);
}

}  // namespace gateway::log
