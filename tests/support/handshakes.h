// Opening handshakes as clients and origins write them, and answers taken apart.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "proto/base/text.h"
#include "proto/ws/handshake.h"

namespace tests {

inline constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";         // RFC 6455 §1.3
inline constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // and its answer

struct Request {
  std::string target = "/chat";
  std::string host = "chat.example.com";
  std::string version = "13";
  std::string fields = {};  // further ones, each with its CR LF
};

inline std::string upgrade_request(const Request& request = {}) {
  return "GET " + request.target + " HTTP/1.1\r\nHost: " + request.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " +
         std::string(kKey) + "\r\nSec-WebSocket-Version: " + request.version + "\r\n" +
         request.fields + "\r\n";
}

// The lines of a head, found by name in any case; empty: there is none.
inline std::string field_of(std::string_view message, std::string_view name) {
  std::string_view head = message.substr(0, message.find("\r\n\r\n"));
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 2);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    if (proto::equals_ignoring_case(line.substr(0, colon), name))
      return std::string(line.substr(colon + 2));
  }
  return {};
}

// 0: no whole head has come yet.
inline int status_of(std::string_view answer) {
  int status = 0;
  constexpr std::string_view kBegin = "HTTP/1.1 ";
  if (!answer.starts_with(kBegin) || answer.find("\r\n\r\n") == std::string_view::npos) return 0;
  std::from_chars(answer.data() + kBegin.size(), answer.data() + kBegin.size() + 3, status);
  return status;
}

inline std::string body_of(std::string_view message) {
  const size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(message.substr(end + 4));
}

// The origin's 101 to that request.
inline std::string switching_answer(std::string_view request, std::string_view fields = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         proto::ws::accept_for(field_of(request, "Sec-WebSocket-Key")) + "\r\n" +
         std::string(fields) + "\r\n";
}

}  // namespace tests
