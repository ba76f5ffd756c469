#include "gateway/cli/tomcat_properties.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "proto/base/text.h"

namespace gateway::cli {

namespace {

constexpr std::string_view kPrefix = "org.apache.tomcat.websocket.";
constexpr std::string_view kConstants = "Constants.";
constexpr std::string_view kSpace = " \t\f\r\n";
constexpr size_t kFarthest = 400;  // bytes from a name to its value, in XML on the next lines

// What Java calls by these names, with the prefix or as a constant of Tomcat's own class.
constexpr std::array<std::string_view, 24> kNames{"IO_TIMEOUT_MS",
                                                  "MAX_REDIRECTIONS",
                                                  "READ_IDLE_TIMEOUT_MS",
                                                  "WRITE_IDLE_TIMEOUT_MS",
                                                  "BLOCKING_SEND_TIMEOUT",
                                                  "SESSION_CLOSE_TIMEOUT",
                                                  "ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT",
                                                  "MAX_HTTP_RESPONSE_HEADER_BYTES",
                                                  "textBufferSize",
                                                  "binaryBufferSize",
                                                  "WS_AUTHENTICATION_USER_NAME",
                                                  "WS_AUTHENTICATION_PASSWORD",
                                                  "WS_AUTHENTICATION_REALM",
                                                  "WS_PROXY_AUTHENTICATION_USER_NAME",
                                                  "WS_PROXY_AUTHENTICATION_PASSWORD",
                                                  "WS_PROXY_AUTHENTICATION_REALM",
                                                  "WS_AUTHENTICATION_PROXY_USER_NAME",
                                                  "WS_AUTHENTICATION_PROXY_PASSWORD",
                                                  "WS_AUTHENTICATION_PROXY_REALM",
                                                  "SSL_PROTOCOLS",
                                                  "SSL_TRUSTSTORE",
                                                  "SSL_TRUSTSTORE_PWD",
                                                  "SSL_CONTEXT",
                                                  "DEFAULT_PROCESS_PERIOD"};
constexpr std::array<std::string_view, 5> kJvmNames{
    "http.proxyHost", "http.proxyPort", "https.proxyHost", "https.proxyPort", "http.nonProxyHosts"};

template <size_t N>
bool holds(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The setting that a word names; nothing: none. `anywhere` is a word in the middle of a line, where
// a bare IO_TIMEOUT_MS may be a variable of somebody's own.
std::optional<std::string_view> setting_of(std::string_view word, bool anywhere) {
  if (holds(kJvmNames, word)) return word;
  if (word.starts_with(kPrefix) && word.size() > kPrefix.size()) return word.substr(kPrefix.size());
  const bool constant = word.starts_with(kConstants);
  if (anywhere && !constant) return std::nullopt;
  if (constant) word.remove_prefix(kConstants.size());
  constexpr std::string_view kSuffix = "_PROPERTY";
  if (word.ends_with(kSuffix)) word.remove_suffix(kSuffix.size());
  return holds(kNames, word) ? std::optional(word) : std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  const char lower = proto::to_lower(c);
  return is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '_' || c == '.';
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// A character of the basic plane in UTF-8; nothing for half of a surrogate pair.
std::string utf8(uint32_t code) {
  if (code >= 0xd800 && code <= 0xdfff) return {};
  const auto octet = [](uint32_t value) { return static_cast<char>(static_cast<uint8_t>(value)); };
  if (code < 0x80) return {octet(code)};
  if (code < 0x800) return {octet(0xc0 | code >> 6), octet(0x80 | (code & 0x3f))};
  return {octet(0xe0 | code >> 12), octet(0x80 | (code >> 6 & 0x3f)), octet(0x80 | (code & 0x3f))};
}

// The four hexadecimal digits behind \u.
std::optional<uint32_t> code_point(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  uint32_t code = 0;
  const char* end = digits.data() + 4;
  const auto read = std::from_chars(digits.data(), end, code, 16);
  return read.ec == std::errc() && read.ptr == end ? std::optional(code) : std::nullopt;
}

// As java.util.Properties reads a value. What is left of control characters is refused where the
// value is used.
std::string unescaped(std::string_view text) {
  constexpr std::string_view kLetters = "tnrf";
  constexpr std::string_view kMeant = "\t\n\r\f";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || ++i == text.size()) {
      if (i < text.size()) out += text[i];
      continue;
    }
    const auto code = text[i] == 'u' ? code_point(text.substr(i + 1)) : std::nullopt;
    const size_t letter = kLetters.find(text[i]);
    if (code) {
      out += utf8(*code);
      i += 4;
    } else {
      out += letter == std::string_view::npos ? text[i] : kMeant[letter];
    }
  }
  return out;
}

// What a value in Java, XML or a shell may be, from behind the name on.
class ValueFinder {
 public:
  explicit ValueFinder(std::string_view behind) : rest_(behind.substr(0, kFarthest)) {}

  // Nothing: none is written there, or it would have to be computed.
  std::optional<std::string> find() {
    if (!rest_.empty() && (rest_[0] == '"' || rest_[0] == '\'')) rest_.remove_prefix(1);
    skip_space();
    if (rest_.starts_with("</")) return element();
    if (rest_.starts_with("value")) return attribute();
    if (rest_.starts_with("=")) return word();
    if (rest_.starts_with(",")) return argument();
    return std::nullopt;
  }

 private:
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
  }

  // <param-name>NAME</param-name> <param-value>VALUE</param-value>
  std::optional<std::string> element() {
    const size_t closed = rest_.find('>');
    const size_t open = rest_.find('<', 1);
    if (closed == std::string_view::npos || open == std::string_view::npos) return std::nullopt;
    const size_t begin = rest_.find('>', open);
    const size_t end = begin == std::string_view::npos ? begin : rest_.find('<', begin);
    if (end == std::string_view::npos || rest_[open + 1] == '/') return std::nullopt;
    return std::string(trim(rest_.substr(begin + 1, end - begin - 1)));
  }

  // name="NAME" value="VALUE"
  std::optional<std::string> attribute() {
    rest_.remove_prefix(std::string_view("value").size());
    skip_space();
    if (!rest_.starts_with("=")) return std::nullopt;
    rest_.remove_prefix(1);
    skip_space();
    return quoted();
  }

  // -DNAME=VALUE
  std::optional<std::string> word() {
    rest_.remove_prefix(1);
    if (!rest_.empty() && (rest_[0] == '"' || rest_[0] == '\'')) return quoted();
    return std::string(rest_.substr(0, rest_.find_first_of(" \t\r\n\"'")));
  }

  // put("NAME", "VALUE"), put("NAME", Long.valueOf(5000L))
  std::optional<std::string> argument() {
    rest_.remove_prefix(1);
    skip_space();
    for (const std::string_view call : {"Long.valueOf(", "Integer.valueOf(", "String.valueOf(",
                                        "Long.parseLong(", "Integer.parseInt("}) {
      if (!rest_.starts_with(call)) continue;
      rest_.remove_prefix(call.size());
      skip_space();
    }
    if (!rest_.empty() && rest_[0] == '"') return followed_by_end(quoted());
    size_t size = rest_.starts_with("-") ? 1 : 0;
    std::string number(rest_.substr(0, size));
    for (; size < rest_.size() && (is_digit(rest_[size]) || rest_[size] == '_'); ++size) {
      if (rest_[size] != '_') number += rest_[size];
    }
    if (number.empty() || number == "-") return std::nullopt;
    if (size < rest_.size() && (rest_[size] == 'L' || rest_[size] == 'l')) ++size;
    rest_.remove_prefix(size);
    return followed_by_end(number);
  }

  // "60" + "000" or 60 * 1000 is nothing that is read here.
  std::optional<std::string> followed_by_end(const std::optional<std::string>& value) {
    skip_space();
    const bool ended = rest_.empty() || rest_[0] == ')' || rest_[0] == ';' || rest_[0] == ',';
    return ended ? value : std::nullopt;
  }

  std::optional<std::string> quoted() {
    if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\'')) return std::nullopt;
    const char quote = rest_[0];
    std::string value;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        rest_.remove_prefix(i + 1);
        return value;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value += rest_[i];
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  TomcatReading read() {
    while (at_ < text_.size()) read_line();
    return std::move(reading_);
  }

 private:
  void read_line() {
    const size_t begin = at_;
    const size_t first = ++line_;
    const std::string_view line = next_line();
    const std::string_view trimmed = trim(line);
    const bool comment = trimmed.empty() || trimmed[0] == '#' || trimmed[0] == '!' ||
                         trimmed.starts_with("//") || trimmed.starts_with("<!--");
    if (comment || read_property(std::string(trimmed), first)) return;
    read_words(begin, line.size(), first);
  }

  std::string_view next_line() {
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  // NAME = VALUE, as java.util.Properties has it. False: the line is none of ours in that form.
  bool read_property(std::string line, size_t first) {
    size_t end = 0;
    while (end < line.size() && is_word(line[end])) ++end;
    const auto name = setting_of(std::string_view(line).substr(0, end), false);
    const size_t separator = line.find_first_not_of(kSpace, end);
    const bool in_code = separator != std::string::npos && line[separator] == ',';
    if (!name || in_code) return false;
    const std::string known(*name);
    while (goes_on(line) && at_ < text_.size()) {
      line.pop_back();
      ++line_;
      line += trim(next_line());
    }
    size_t value = std::min(separator, line.size());
    if (value < line.size() && (line[value] == '=' || line[value] == ':')) ++value;
    add(known, unescaped(trim(std::string_view(line).substr(value))), first);
    return true;
  }

  static bool goes_on(const std::string& line) {
    const size_t last = line.find_last_not_of('\\');
    const size_t slashes = line.size() - (last == std::string::npos ? 0 : last + 1);
    return slashes % 2 == 1;
  }

  // Words anywhere in a line, each with its value behind it.
  void read_words(size_t begin, size_t size, size_t line) {
    for (size_t i = begin; i < begin + size;) {
      if (!is_word(text_[i])) {
        ++i;
        continue;
      }
      size_t end = i;
      while (end < begin + size && is_word(text_[end])) ++end;
      // -Dhttp.proxyHost: the letter belongs to the option.
      const bool option = i > 0 && text_[i - 1] == '-' && text_[i] == 'D';
      const auto name =
          setting_of(text_.substr(i + (option ? 1 : 0), end - i - (option ? 1 : 0)), true);
      if (name) read_value(std::string(*name), end, line);
      i = end;
    }
  }

  void read_value(const std::string& name, size_t behind, size_t line) {
    if (auto value = ValueFinder(text_.substr(behind)).find()) {
      add(name, std::move(*value), line);
    } else {
      reading_.complaints.push_back(
          {line, name + " has no value that can be read here: write it as " + name + "=VALUE"});
    }
  }

  void add(const std::string& name, std::string value, size_t line) {
    for (const TomcatProperty& known : reading_.properties) {
      if (known.name != name) continue;
      if (known.value != value) {
        reading_.complaints.push_back({line, name + " is given a second value; the first is in " +
                                                 "line " + std::to_string(known.line)});
      }
      return;
    }
    reading_.properties.push_back({name, std::move(value), line});
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 0;
  TomcatReading reading_;
};

}  // namespace

TomcatReading read_tomcat(std::string_view text) { return Reader(text).read(); }

}  // namespace gateway::cli
