#include "proto/http1/head_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace proto::http1 {

namespace {

using Phrase = std::pair<int, std::string_view>;

// RFC 9110 §15, RFC 6585 and RFC 5842 (508), sorted by code.
constexpr std::array kPhrases = {
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{203, "Non-Authoritative Information"},
    Phrase{204, "No Content"},
    Phrase{205, "Reset Content"},
    Phrase{206, "Partial Content"},
    Phrase{300, "Multiple Choices"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{305, "Use Proxy"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{402, "Payment Required"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{407, "Proxy Authentication Required"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{426, "Upgrade Required"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
    Phrase{508, "Loop Detected"},
    Phrase{511, "Network Authentication Required"},
};

constexpr std::string_view kLineBreakers{"\r\n\0", 3};

[[maybe_unused]] bool fits_a_line(std::string_view text) {
  return text.find_first_of(kLineBreakers) == std::string_view::npos;
}

}  // namespace

void append_request_line(std::string& out, std::string_view method, std::string_view target) {
  assert(fits_a_line(method) && fits_a_line(target));
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
}

void append_status_line(std::string& out, int status) {
  // Java-WebSocket refuses a status line without the second space, so there is always a phrase.
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_phrase(status)).append("\r\n");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  assert(fits_a_line(name) && fits_a_line(value));
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_end(std::string& out) { out.append("\r\n"); }

std::string_view reason_phrase(int status) {
  const auto phrase = std::lower_bound(kPhrases.begin(), kPhrases.end(), status,
                                       [](const Phrase& a, int code) { return a.first < code; });
  if (phrase == kPhrases.end() || phrase->first != status) return "Unknown";
  return phrase->second;
}

std::string text_response(int status, std::string_view line, std::string_view extra_fields) {
  assert(fits_a_line(line));
  std::string response;
  append_status_line(response, status);
  append_field(response, "Content-Type", "text/plain; charset=utf-8");
  append_field(response, "Content-Length", std::to_string(line.size() + 1));
  append_field(response, "Connection", "close");
  response.append(extra_fields);
  append_end(response);
  response.append(line).append("\n");
  return response;
}

std::string_view without_body(std::string_view response) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t end = response.find(kEnd);
  assert(end != std::string_view::npos);
  return response.substr(0, end + kEnd.size());
}

}  // namespace proto::http1
