// Our credentials for forward proxies: what a proxy's challenge taught serves every later CONNECT.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gateway/config/document.h"
#include "proto/auth/authorizer.h"

namespace gateway::origin {

// One for each worker; its thread's.
class ProxyAuthenticator {
 public:
  // Null: there are no credentials for this proxy. Kept as long as they stay the same; valid until
  // the next call.
  proto::auth::Authorizer* of(const config::ForwardProxy& proxy);
  // What a reload took out of the configuration is not kept for ever; the rest is learned again by
  // one challenge.
  void forget() { known_.clear(); }

 private:
  struct Known {
    config::Credentials settings;
    std::unique_ptr<proto::auth::Authorizer> authorizer;
  };
  std::map<std::string, Known> known_;  // by proxy and user: as many as the configuration has
};

}  // namespace gateway::origin
