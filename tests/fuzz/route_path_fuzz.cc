// Any bytes as the path of a request: its readings hold what they promise, and the one of a server
// that decodes once is what a second, plainer reader finds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "proto/http1/path_forms.h"
#include "tests/fuzz/require.h"

namespace {

using tests::require;

int value_of(char c) {
  const std::string_view digits = "0123456789abcdef";
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  const size_t at = digits.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string without_encodings(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool encoded =
        text.size() > 2 && text[0] == '%' && value_of(text[1]) >= 0 && value_of(text[2]) >= 0;
    out += encoded ? static_cast<char>(value_of(text[1]) * 16 + value_of(text[2])) : text[0];
    text.remove_prefix(encoded ? 3 : 1);
  }
  return out;
}

// Octet by octet, with a stack of what was read of each folder.
std::string second_reading(std::string_view path) {
  std::deque<std::string> folders;
  std::string segment;
  bool parameter = false;
  bool folder = true;  // what was read ends in a slash
  const auto end_segment = [&](bool slash) {
    const bool up = segment == "..";
    const bool stays = segment.empty() || segment == ".";
    if (up && !folders.empty()) folders.pop_back();
    if (!up && !stays) folders.push_back(segment);
    folder = slash || up || segment == "." || (segment.empty() && folder);
    segment.clear();
    parameter = false;
  };
  for (const char c : without_encodings(path)) {
    if (c == '/' || c == '\\') {
      end_segment(true);
    } else if (c == ';' || parameter) {
      parameter = true;
    } else {
      segment += c;
    }
  }
  end_segment(false);
  std::string out;
  for (const std::string& one : folders) out += "/" + one;
  return folder || out.empty() ? out + "/" : out;
}

bool has_dot_segment(const std::string& path) {
  const std::string all = path + "/";
  return all.find("/./") != std::string::npos || all.find("/../") != std::string::npos;
}

void check_resolved(const std::string& reading) {
  require(reading.starts_with('/'));
  require(reading.find_first_of("\\;") == std::string::npos);
  require(reading.find("//") == std::string::npos);
  require(!has_dot_segment(reading));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 8192) return 0;
  // A request's target begins with a slash, and holds visible ASCII alone.
  std::string path = "/";
  for (size_t i = 0; i < size; ++i) {
    if (data[i] > ' ' && data[i] <= '~' && data[i] != '?' && data[i] != '#')
      path += static_cast<char>(data[i]);
  }
  const auto [raw, once, twice] = proto::http1::path_readings(path);
  require(raw == path);
  check_resolved(once);
  check_resolved(twice);
  require(once == second_reading(path));
  require(twice == second_reading(once));
  if (proto::http1::reads_one_way(path)) require(once == path && twice == path);
  if (path.find('%') == std::string::npos) require(once == twice);
  const bool nul = once.find('\0') != std::string::npos || twice.find('\0') != std::string::npos;
  if (nul) require(proto::http1::has_encoded_nul(path));
  return 0;
}
