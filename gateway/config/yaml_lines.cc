#include "gateway/config/yaml_lines.h"

#include <algorithm>

namespace gateway::config {

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    // The reader lets no control character through; a document built in code could have one.
    if (byte < 0x20 || byte == 0x7F) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string quote_lines(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\n\r\t"), text.size());
    const std::string line = quote(text.substr(0, end));
    out.append(line, 1, line.size() - 2);
    if (end < text.size()) out += text[end] == '\n' ? "\\n" : text[end] == '\r' ? "\\r" : "\\t";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '"';
}

}  // namespace gateway::config
