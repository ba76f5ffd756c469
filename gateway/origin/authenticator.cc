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

void Authenticator::use(const route::Snapshot& snapshot) {
  std::set<std::string> keys;
  for (const route::Pool* pool : snapshot.pools) {
    if (!pool->settings().auth) continue;
    for (const route::Server& server : pool->servers) keys.insert(key_of(*pool, server));
  }
  std::erase_if(known_, [&keys](const auto& known) { return !keys.contains(known.first); });
}

}  // namespace gateway::origin
