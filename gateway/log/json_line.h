// Builds one log line as a JSON object. Written for the handshake's path, where a JSON tree would
// cost more than the parsing of the request; values come from peers, so every one is escaped and
// cut to a length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::log {

class JsonLine {
 public:
  static constexpr size_t kMaxValue = 2048;  // bytes of one text, before escaping

  JsonLine() { line_.reserve(1024); }

  // Control characters are escaped; what is not UTF-8 becomes U+FFFD.
  JsonLine& text(std::string_view name, std::string_view value);
  // Left out when there is nothing to say.
  JsonLine& text_if(std::string_view name, std::string_view value);
  JsonLine& number(std::string_view name, int64_t value);
  JsonLine& count(std::string_view name, uint64_t value);
  JsonLine& flag(std::string_view name, bool value);

  // The whole object, without a line end.
  std::string take();

 private:
  void begin(std::string_view name);
  void append_escaped(std::string_view value);

  std::string line_ = "{";
};

}  // namespace gateway::log
