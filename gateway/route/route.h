// What becomes of the requests below one path of a domain.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/config/document.h"
#include "gateway/config/path_prefix.h"
#include "gateway/route/pool.h"

namespace gateway::route {

// To one of the servers of a pool.
struct ToPool {
  std::shared_ptr<const Pool> pool;  // never null
};

// Answered here, each message with itself.
struct Echo {};

// Clients are sent elsewhere.
struct Redirect {
  std::shared_ptr<const config::RedirectTo> settings;  // never null
};

// Answered here, always with the same.
struct Respond {
  std::shared_ptr<const config::RespondWith> settings;  // never null
};

using Action = std::variant<ToPool, Echo, Redirect, Respond>;

struct Route {
  // Whether it is for this path.
  bool covers(std::string_view path) const { return config::covers(prefix, path); }

  // Whether sessions may be opened here, where they are enabled.
  bool takes_sessions() const {
    return std::holds_alternative<ToPool>(action) || std::holds_alternative<Echo>(action);
  }

  // Null: no server is asked.
  const Pool* pool() const {
    const auto* action_to_pool = std::get_if<ToPool>(&action);
    return action_to_pool != nullptr ? action_to_pool->pool.get() : nullptr;
  }

  std::string prefix = "/";  // begins with a slash
  Action action;
  // The domain's, or those of one of its `routes`; its settings own them. Never null.
  std::shared_ptr<const config::Http> http = std::make_shared<config::Http>();
  std::shared_ptr<const config::WebSocket> websocket = std::make_shared<config::WebSocket>();
};

}  // namespace gateway::route
