#include "gateway/cli/yaml_block.h"

namespace gateway::cli {

namespace {
constexpr size_t kColumns = 110;  // of a comment
}  // namespace

void YamlBlock::key(std::string_view name, std::string_view value) {
  text_.append(indent_).append(name).append(": ").append(value).append("\n");
}

void YamlBlock::block(std::string_view name, const YamlBlock& below) {
  if (below.empty()) return;
  text_.append(indent_).append(name).append(":\n").append(below.text_);
}

void YamlBlock::comment(std::string_view text) {
  while (!text.empty()) {
    size_t size = text.size();
    if (size > kColumns) {
      size = text.rfind(' ', kColumns);
      if (size == std::string_view::npos || size == 0) size = text.size();
    }
    text_.append(indent_).append("# ").append(text.substr(0, size)).append("\n");
    text.remove_prefix(size);
    if (!text.empty()) text.remove_prefix(1);
  }
}

std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace gateway::cli
