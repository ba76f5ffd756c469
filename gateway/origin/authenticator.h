// Our credentials for origins, by server: what a server's challenge taught serves every later
// request to it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gateway/config/document.h"
#include "gateway/route/change.h"
#include "proto/auth/authorizer.h"

namespace gateway::origin {

// One for each worker; its thread's.
class Authenticator {
 public:
  // Null: this pool has no credentials for its servers. Kept as long as they stay the same; valid
  // until the next call.
  proto::auth::Authorizer* of(const route::Pool& pool, const route::Server& server);
  // Forgets the servers that a configuration no longer has, or has no credentials for.
  void use(const route::Change& change);
  size_t size() const { return known_.size(); }

 private:
  struct Known {
    config::OriginAuth settings;
    std::unique_ptr<proto::auth::Authorizer> authorizer;
  };
  std::map<std::string, Known> known_;  // by pool and server: as many as the configuration has
};

}  // namespace gateway::origin
