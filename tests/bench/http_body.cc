#include "tests/bench/http_body.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace bench {

namespace {

constexpr std::string_view kEndMark = "\r\n\r\n";
constexpr size_t kMostLine = 256;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void take_field(std::string_view line, HttpHead& head) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, "Content-Length")) {
    uint64_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    head.length = length;
  } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
    head.chunked = equals_ignoring_case(value, "chunked");
  } else if (equals_ignoring_case(name, "Connection")) {
    head.closes = equals_ignoring_case(value, "close");
  }
}

}  // namespace

HttpHead read_http_head(std::string_view text) {
  HttpHead head;
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    if (end == std::string_view::npos || end == 0) break;
    const std::string_view line = text.substr(0, end);
    if (head.start_line.empty())
      head.start_line = line;
    else
      take_field(line, head);
    text.remove_prefix(end + 2);
  }
  return head;
}

bool HeadBuffer::feed(Bytes& in) {
  const size_t before = head_.size();
  head_.append(in.begin(), in.end());
  const size_t found = head_.find(kEndMark, before < 3 ? 0 : before - 3);
  if (found == std::string::npos) {
    in = {};
    return false;
  }
  const size_t size = found + kEndMark.size();
  in = in.subspan(size - before);
  head_.resize(size);
  return true;
}

void HttpBody::begin(const HttpHead& head) {
  size_ = 0;
  left_ = head.length.value_or(0);
  line_.clear();
  if (head.chunked)
    stage_ = Stage::size;
  else
    stage_ = left_ > 0 ? Stage::counted : Stage::done;
}

bool HttpBody::feed(Bytes& in) {
  while (!in.empty() && stage_ != Stage::done) {
    if (stage_ == Stage::counted || stage_ == Stage::data)
      take_octets(in);
    else if (!take_line(in))
      return false;
  }
  return true;
}

void HttpBody::take_octets(Bytes& in) {
  const auto taken = static_cast<size_t>(std::min<uint64_t>(left_, in.size()));
  in = in.subspan(taken);
  left_ -= taken;
  size_ += taken;
  if (left_ == 0) stage_ = stage_ == Stage::counted ? Stage::done : Stage::behind;
}

bool HttpBody::take_line(Bytes& in) {
  while (!in.empty()) {
    const char octet = static_cast<char>(in.front());
    in = in.subspan(1);
    if (octet != '\n') {
      line_ += octet;
      if (line_.size() > kMostLine) return false;
      continue;
    }
    if (line_.empty() || line_.back() != '\r') return false;
    line_.pop_back();
    return end_line();
  }
  return true;
}

bool HttpBody::end_line() {
  if (stage_ == Stage::behind) {
    if (!line_.empty()) return false;
    stage_ = Stage::size;
  } else if (stage_ == Stage::last) {
    if (line_.empty()) stage_ = Stage::done;
  } else {
    const auto read = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
    if (read.ec != std::errc()) return false;
    stage_ = left_ > 0 ? Stage::data : Stage::last;
  }
  line_.clear();
  return true;
}

}  // namespace bench
