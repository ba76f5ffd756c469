#include "gateway/route/stickiness.h"

#include "gateway/files/text_file.h"
#include "proto/base/encoding.h"

namespace gateway::route {

namespace {

constexpr size_t kMostKey = 4096;
constexpr size_t kLeastKey = 32;
constexpr size_t kIdOctets = 12;  // 16 characters
constexpr size_t kNameOctets = 4;

// A line end behind it is the editor's, and not on every node.
std::string without_line_end(std::string key) {
  key.resize(key.find_last_not_of("\r\n") + 1);
  return key;
}

proto::Result<std::string, std::string> key_of(const config::Sticky& sticky,
                                               const NodeKey& node_key) {
  if (sticky.key_file.empty()) return node_key();
  auto content = files::read_text_file(sticky.key_file, kMostKey);
  if (!content) return proto::Unexpected{"the file '" + sticky.key_file + "' " + content.error()};
  std::string key = without_line_end(std::move(*content));
  if (key.size() < kLeastKey)
    return proto::Unexpected{"the file '" + sticky.key_file + "' has less than 32 bytes"};
  return key;
}

// Two pools of one domain do not overwrite each other's cookie.
std::string cookie_name(const config::Sticky& sticky, std::string_view pool) {
  if (!sticky.name.empty()) return sticky.name;
  const auto digest = proto::sha256(proto::bytes_of(pool));
  return "weir_" + proto::to_hex(proto::Bytes(digest).first(kNameOctets));
}

std::string id_of(std::string_view key, std::string_view pool, std::string_view server) {
  const std::string text = std::string(pool) + '\n' + std::string(server);
  const auto digest = proto::hmac_sha256(proto::bytes_of(key), proto::bytes_of(text));
  return proto::to_base64url(proto::Bytes(digest).first(kIdOctets));
}

}  // namespace

proto::Result<Stickiness, std::string> make_stickiness(const config::Origin& origin,
                                                       std::string_view pool,
                                                       const std::vector<std::string>& servers,
                                                       const NodeKey& node_key) {
  const config::Sticky& sticky = *origin.sticky;
  Stickiness made;
  if (sticky.by == config::Sticky::By::query) made.learned = std::make_shared<LearnedServers>();
  if (sticky.by != config::Sticky::By::cookie) return made;
  const auto key = key_of(sticky, node_key);
  if (!key) return proto::Unexpected{key.error()};
  made.cookie = cookie_name(sticky, pool);
  for (const std::string& server : servers) made.ids.push_back(id_of(*key, pool, server));
  return made;
}

}  // namespace gateway::route
