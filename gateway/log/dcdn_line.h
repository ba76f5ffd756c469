// DCDN's offline log lines, for tools that read those: one for each request that is over, such as
// [9/Jun/2015:01:58:09 +0800] 188.165.15.75 - 1542 "-" "GET http://www.aliyun.com/index.html"
// 200 191 2830 MISS "Mozilla/5.0" "text/html" (on one line). What peers sent is escaped as nginx
// does it (\x22 for a quote, and so for a backslash and all that is not printable ASCII), so that
// nobody can forge a field or a line, and cut to a length.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::log {

inline constexpr size_t kMaxDcdnField = 2048;  // bytes of one field, after escaping

// What a handshake says of itself. Empty fields are written as "-".
struct DcdnRequest {
  std::string_view referer;
  std::string_view method;
  std::string_view scheme;  // http or https: the handshake is HTTP's
  std::string_view host;
  std::string_view path;  // queries are left out here and in the referer: they may hold secrets
  std::string_view user_agent;
};

// The same, rendered: all that a session which stays open has to keep for its line. Less than 7
// KiB, a few hundred bytes as a rule.
struct DcdnOpening {
  std::string text;  // the fields in front of the code, a line end, the field behind the hit
};
DcdnOpening dcdn_opening(const DcdnRequest& request);

// How the request ended.
struct DcdnEnd {
  int64_t unix_seconds = 0;
  std::chrono::minutes utc_offset{0};
  std::string_view client_ip;
  std::string_view proxy_ip;  // empty: none
  std::chrono::milliseconds response{0};
  int code = 0;
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  std::string_view hit;  // "MISS", or empty; a WebSocket is never a HIT
  std::string_view content_type;
};

// The whole line, without a line end.
std::string dcdn_line(const DcdnOpening& opening, const DcdnEnd& end);

}  // namespace gateway::log
