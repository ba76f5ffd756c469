// YAML as it is printed for the operator: lines, and the values on them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gateway::config {

// Lines of YAML at a depth of two spaces each.
class Lines {
 public:
  void line(std::string_view text) {
    out_ += std::string(depth_, ' ') + (item_ ? "- " : "") + std::string(text) + '\n';
    if (std::exchange(item_, false)) depth_ += 2;
  }
  void key(std::string_view name, std::string_view value) {
    line(std::string(name) + ": " + std::string(value));
  }
  void open(std::string_view name) {
    line(std::string(name) + ':');
    depth_ += 2;
  }
  // The next line is the first of a list's item, the others follow below it.
  void open_item() { item_ = true; }
  void close() { depth_ -= 2; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  size_t depth_ = 0;
  bool item_ = false;
};

// Quotes every text that came from outside, so that none of it can be read as something else.
std::string quote(std::string_view text);
// The same of a text that may have several lines and tabs.
std::string quote_lines(std::string_view text);

template <class T>
std::string quote_all(const std::vector<T>& items) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ", ";
    if constexpr (std::is_integral_v<T>) {
      out += std::to_string(item);
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
      out += quote(item);
    } else {
      out += quote(to_string(item));
    }
  }
  return out + ']';
}

}  // namespace gateway::config
