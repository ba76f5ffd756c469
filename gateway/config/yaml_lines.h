// YAML as it is printed for the operator: lines, and the values on them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// Lines of YAML at a depth of two spaces each.
class Lines {
 public:
  void line(const std::string& text) { out_ += std::string(depth_, ' ') + text + '\n'; }
  void key(std::string_view name, std::string_view value) {
    line(std::string(name) + ": " + std::string(value));
  }
  void open(std::string_view name) {
    line(std::string(name) + ':');
    depth_ += 2;
  }
  // A list item whose keys follow on the next lines.
  void open_item(std::string_view name, std::string_view value) {
    line("- " + std::string(name) + ": " + std::string(value));
    depth_ += 2;
  }
  void close() { depth_ -= 2; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  size_t depth_ = 0;
};

// Quotes every text that came from outside, so that none of it can be read as something else.
std::string quote(std::string_view text);
std::string truth(bool value);
std::string time_or_off(const std::optional<milliseconds>& time);
std::vector<std::string> texts_of(const std::vector<Network>& networks);

template <class T>
std::string quote_all(const std::vector<T>& items) {
  std::string out = "[";
  for (const T& item : items) {
    if (out.size() > 1) out += ", ";
    if constexpr (std::is_integral_v<T>) {
      out += std::to_string(item);
    } else {
      out += quote(item);
    }
  }
  return out + ']';
}

// The map below `origin:`.
void print_origin(Lines& lines, const Origin& origin);

}  // namespace gateway::config
