#include "gateway/config/yaml_lines.h"

#include "gateway/config/units.h"

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

std::string truth(bool value) { return value ? "true" : "false"; }

std::string time_or_off(const std::optional<milliseconds>& time) {
  return time ? format_duration(*time) : "off";
}

std::vector<std::string> texts_of(const std::vector<Network>& networks) {
  std::vector<std::string> texts;
  texts.reserve(networks.size());
  for (const Network& network : networks) texts.push_back(to_string(network));
  return texts;
}

}  // namespace gateway::config
