#include "gateway/origin/proxy_authenticator.h"

namespace gateway::origin {

namespace {

// '\n' is in no name.
std::string key_of(const config::ForwardProxy& proxy) {
  return proxy.host + '\n' + std::to_string(proxy.port) + '\n' + proxy.credentials->username +
         '\n' + proxy.credentials->realm;
}

}  // namespace

proto::auth::Authorizer* ProxyAuthenticator::of(const config::ForwardProxy& proxy) {
  if (!proxy.credentials) return nullptr;
  const config::Credentials& settings = *proxy.credentials;
  Known& known = known_[key_of(proxy)];
  if (!known.authorizer || !(known.settings == settings)) {
    known.settings = settings;
    known.authorizer = std::make_unique<proto::auth::Authorizer>(
        proto::auth::Credentials{.username = settings.username,
                                 .password = settings.password,
                                 .realm = settings.realm,
                                 .digest = settings.digest,
                                 .basic = settings.basic},
        proto::auth::Asker::proxy);
  }
  return known.authorizer.get();
}

}  // namespace gateway::origin
