#include "gateway/origin/authenticator.h"

#include <set>
#include <utility>

namespace gateway::origin {

namespace {

proto::auth::Credentials credentials_of(const config::Credentials& settings) {
  return {.username = settings.username,
          .password = settings.password,
          .realm = settings.realm,
          .digest = settings.digest,
          .basic = settings.basic};
}

// '\n' is in no name.
std::string key_of(const route::Pool& pool, const route::Server& server) {
  return pool.label + '\n' + server.host + '\n' +
         (server.port ? std::to_string(*server.port) : std::string());
}

}  // namespace

proto::auth::Authorizer* Authenticator::of(const route::Pool& pool, const route::Server& server) {
  const std::optional<config::OriginAuth>& settings = pool.settings().auth;
  if (!settings) return nullptr;
  Known& known = known_[key_of(pool, server)];
  if (!known.authorizer || !(known.settings == *settings)) {
    known.settings = *settings;
    known.authorizer = std::make_unique<proto::auth::Authorizer>(
        credentials_of(settings->credentials), proto::auth::Asker::origin);
  }
  return known.authorizer.get();
}

void Authenticator::use(const route::Change& change) {
  for (const auto& [before, now] : change.pools) {
    if (before == nullptr || !before->settings().auth) continue;
    std::set<std::string> kept;
    if (now != nullptr && now->settings().auth) {
      for (const route::Server& server : now->servers) kept.insert(key_of(*now, server));
    }
    for (const route::Server& server : before->servers) {
      const std::string key = key_of(*before, server);
      if (!kept.contains(key)) known_.erase(key);
    }
  }
}

}  // namespace gateway::origin
