// The two ways in for whoever looks after the process: the admin listener and the local socket.
#pragma once

#include <memory>
#include <optional>

#include "gateway/admin/server.h"
#include "gateway/config/document.h"
#include "gateway/net/loop.h"
#include "gateway/server/state_dir.h"
#include "proto/base/result.h"

namespace gateway::server {

struct Doors {
  net::Address address;                    // of the first, with its actual port
  std::unique_ptr<admin::Server> scraped;  // anybody's who reaches it
  std::unique_ptr<admin::Server> control;

  // `loop` and `source` outlive it. Error: the exit code; why has been said in the log.
  static proto::Result<Doors, int> open(net::Loop& loop, admin::Source& source,
                                        const config::Admin& settings, const StateDir& state_dir);
};

}  // namespace gateway::server
