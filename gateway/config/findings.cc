#include "gateway/config/findings.h"

#include <utility>

namespace gateway::config {

namespace {

constexpr size_t kLongest = 60;  // bytes of the operator's text in a message

}  // namespace

Findings::Findings(std::string file, std::vector<Problem>& problems)
    : file_(std::move(file)), problems_(problems) {}

void Findings::error(Mark at, const std::string& path, const std::string& text) {
  if (full()) return;
  problems_.push_back({place(at), path, text, false, {}});
  if (++errors_ < kMaxErrors) return;
  problems_.push_back({place(at), {}, "too many problems: the rest is not listed", false, {}});
}

void Findings::warn(Mark at, const std::string& path, const std::string& code,
                    const std::string& text) {
  problems_.push_back({place(at), path, text, true, code});
}

std::string shown(std::string_view text) {
  bool cut = text.size() > kLongest;
  if (cut) {
    text = text.substr(0, kLongest);
    // A cut inside a UTF-8 sequence would print as garbage, so the whole character goes.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.remove_suffix(1);
  }
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return out + (cut ? "…" : "");
}

std::string in_quotes(std::string_view text) { return '"' + shown(text) + '"'; }

}  // namespace gateway::config
