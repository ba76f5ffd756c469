#include "gateway/log/dcdn_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdlib>
#include <utility>

namespace gateway::log {

namespace {

constexpr size_t kMaxHandshake = 3 * kMaxDcdnField;
constexpr size_t kMaxShort = 64;                  // addresses and the like
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

template <std::integral T>
void append_number(std::string& out, T value) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_two_digits(std::string& out, int64_t value) {
  if (value < 10) out += '0';
  append_number(out, value);
}

// Up to `most` bytes, never half an escape. False: something had to be left out.
bool append_escaped(std::string& out, std::string_view value, size_t most, bool spaces) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const size_t end = out.size() + most;
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain = byte > 0x20 && byte < 0x7F && c != '"' && c != '\\';
    const bool kept = plain || (c == ' ' && spaces);
    if (out.size() + (kept ? 1 : 4) > end) return false;
    if (kept) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    }
  }
  return true;
}

// A field without quotes, in which a space would begin the next one.
void append_word(std::string& out, std::string_view value) {
  if (value.empty()) value = "-";
  append_escaped(out, value, kMaxShort, false);
  out += ' ';
}

void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  append_escaped(out, value.empty() ? "-" : value, kMaxDcdnField, true);
  out += '"';
}

std::string_view without_query(std::string_view url) {
  return url.substr(0, url.find_first_of("?#"));
}

void append_time(std::string& out, int64_t unix_seconds, std::chrono::minutes utc_offset) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using std::chrono::minutes;
  // Time zones reach from -12 to +14 hours.
  const minutes offset = std::clamp(utc_offset, minutes{-12 * 60}, minutes{14 * 60});
  const std::chrono::sys_seconds local{
      std::chrono::seconds{std::clamp<int64_t>(unix_seconds, 0, kLastSecond)} + offset};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{day};
  const int64_t second = (local - day).count();
  out += '[';
  append_number(out, static_cast<unsigned>(date.day()));
  out += '/';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += '/';
  append_number(out, static_cast<int>(date.year()));
  for (const int64_t part : {second / 3600, second / 60 % 60, second % 60}) {
    out += ':';
    append_two_digits(out, part);
  }
  out += offset < minutes{0} ? " -" : " +";
  append_two_digits(out, std::abs(offset.count()) / 60);
  append_two_digits(out, std::abs(offset.count()) % 60);
  out += "] ";
}

}  // namespace

DcdnOpening dcdn_opening(const DcdnRequest& request) {
  std::string url;
  url.reserve(request.scheme.size() + 3 + request.host.size() + request.path.size());
  url += request.scheme;
  url += "://";
  url += request.host;
  url += without_query(request.path);
  std::string text;
  text.reserve(std::min(kMaxHandshake, request.referer.size() + request.method.size() + url.size() +
                                           request.user_agent.size() + 16));
  append_quoted(text, without_query(request.referer));
  text += " \"";
  const std::string_view method = request.method.empty() ? "-" : request.method;
  if (append_escaped(text, method, kMaxShort, false)) text += ' ';
  append_escaped(text, request.host.empty() ? "-" : url, kMaxDcdnField - kMaxShort - 1, false);
  // A line end is in no escaped field, so it can part the two.
  text += "\"\n";
  append_quoted(text, request.user_agent);
  return {std::move(text)};
}

std::string dcdn_line(const DcdnOpening& opening, const DcdnEnd& end) {
  const std::string_view text = opening.text;
  const size_t middle = std::min(text.find('\n'), text.size());
  std::string line;
  line.reserve(text.size() + 256);
  append_time(line, end.unix_seconds, end.utc_offset);
  append_word(line, end.client_ip);
  append_word(line, end.proxy_ip);
  append_number(line, std::max<int64_t>(end.response.count(), 0));
  line += ' ';
  line += text.substr(0, middle);
  line += ' ';
  append_number(line, end.code);
  line += ' ';
  append_number(line, end.request_bytes);
  line += ' ';
  append_number(line, end.response_bytes);
  line += ' ';
  append_word(line, end.hit);
  line += middle < text.size() ? text.substr(middle + 1) : "\"-\"";
  line += ' ';
  append_quoted(line, end.content_type);
  return line;
}

}  // namespace gateway::log
