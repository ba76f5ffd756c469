// What a pool has for `origin.sticky` beyond its settings: what a cookie says of each server, and
// which server has made which session id.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/origin.h"
#include "gateway/route/learned_servers.h"
#include "proto/base/result.h"

namespace gateway::route {

struct Stickiness {
  std::string cookie;  // its name; empty: it goes by something else
  // What the cookie says of each server, in the pool's order: 16 characters of base64url, from
  // which nobody without the key can tell the server. The same on every node with that key.
  std::vector<std::string> ids;
  std::shared_ptr<LearnedServers> learned;  // null: it does not go by ids

  // What is learned is no part of what a configuration says.
  bool says_the_same(const Stickiness& other) const {
    return cookie == other.cookie && ids == other.ids &&
           (learned != nullptr) == (other.learned != nullptr);
  }
};

// The key of this node, for those who name none: at least 32 bytes. Error: why there is none.
using NodeKey = std::function<proto::Result<std::string, std::string>()>;

// Of a pool with these settings, which have `sticky`; `servers`: their names as configured, which
// is what the ids are made from. Error: why its key cannot be had.
[[nodiscard]] proto::Result<Stickiness, std::string> make_stickiness(
    const config::Origin& origin, std::string_view pool, const std::vector<std::string>& servers,
    const NodeKey& node_key);

}  // namespace gateway::route
