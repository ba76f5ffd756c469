#include "gateway/config/yaml_lines.h"

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

}  // namespace gateway::config
