#include "tests/bench/handshake.h"

#include <algorithm>
#include <array>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace bench {

namespace {

constexpr size_t kKeySize = 24;

std::string base64(const unsigned char* data, size_t size) {
  std::array<unsigned char, 64> text{};
  const int length = EVP_EncodeBlock(text.data(), data, static_cast<int>(size));
  return {text.begin(), text.begin() + length};
}

bool same_text(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The value of the first field of that name; empty when there is none.
std::string_view field(std::string_view head, std::string_view name) {
  size_t start = head.find("\r\n");
  while (start != std::string_view::npos && start + 2 < head.size()) {
    start += 2;
    const size_t end = head.find("\r\n", start);
    const std::string_view line = head.substr(start, end - start);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && same_text(line.substr(0, colon), name)) {
      return trimmed(line.substr(colon + 1));
    }
    start = end;
  }
  return {};
}

bool lists(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    if (same_text(trimmed(value.substr(0, comma)), token)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace

std::string make_key() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64(bytes.data(), bytes.size());
}

std::string accept_for(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(digest.data(), size);
}

std::string make_request(std::string_view host, std::string_view path, std::string_view key) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13");
  text.append("\r\nSec-WebSocket-Key: ").append(key).append("\r\n\r\n");
  return text;
}

std::string make_response(std::string_view key) {
  std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
  text.append("Connection: Upgrade\r\nSec-WebSocket-Accept: ").append(accept_for(key));
  text.append("\r\n\r\n");
  return text;
}

std::optional<UpgradeRequest> read_request(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t path_end = line.rfind(' ');
  if (!line.starts_with("GET /") || !line.ends_with(" HTTP/1.1")) return std::nullopt;
  const std::string_view key = field(head, "Sec-WebSocket-Key");
  const bool right = lists(field(head, "Upgrade"), "websocket") &&
                     lists(field(head, "Connection"), "upgrade") &&
                     field(head, "Sec-WebSocket-Version") == "13" && key.size() == kKeySize;
  if (!right) return std::nullopt;
  return UpgradeRequest{std::string(line.substr(4, path_end - 4)), std::string(key)};
}

bool accepts(std::string_view head, std::string_view key) {
  return head.starts_with("HTTP/1.1 101") && lists(field(head, "Upgrade"), "websocket") &&
         lists(field(head, "Connection"), "upgrade") &&
         field(head, "Sec-WebSocket-Accept") == accept_for(key);
}

}  // namespace bench
