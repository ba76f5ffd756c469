// Writes one map of a configuration file, with comments: what Weir itself proposes to an operator.
#pragma once

#include <string>
#include <string_view>

namespace gateway::cli {

class YamlBlock {
 public:
  explicit YamlBlock(size_t indent) : indent_(indent, ' ') {}

  // `value` is YAML already.
  void key(std::string_view name, std::string_view value);
  // A map or list below `name`; nothing when it is empty.
  void block(std::string_view name, const YamlBlock& below);
  void comment(std::string_view text);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string indent_;
  std::string text_;
};

// A text of any UTF-8 as a scalar in double quotes.
[[nodiscard]] std::string yaml_text(std::string_view text);

}  // namespace gateway::cli
