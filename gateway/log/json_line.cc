#include "gateway/log/json_line.h"

#include <array>
#include <charconv>

#include "proto/base/utf8.h"

namespace gateway::log {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Printable ASCII that stands for itself, as nearly all that is written does.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

size_t plain_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && kPlain[static_cast<uint8_t>(text[length])]) ++length;
  return length;
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
  while (true) {
    const size_t plain = plain_length(value);
    line_ += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) return;
    const auto c = static_cast<uint8_t>(value.front());
    const size_t length = proto::utf8_length(value);
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
