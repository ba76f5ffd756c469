#include "gateway/origin/authenticator.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace gateway::origin;

namespace {

// One domain with these servers.
std::shared_ptr<gateway::route::Snapshot> snapshot(const std::vector<std::string>& hosts,
                                                   const std::string& password = "secret") {
  auto made = std::make_shared<gateway::route::Snapshot>();
  auto& config = made->document.domains.emplace_back();
  if (!password.empty()) {
    auto& auth = config.origin.auth.emplace();
    auth.credentials.username = "user";
    auth.credentials.password = password;
  }
  auto& domain = *made->domains.emplace_back(std::make_unique<gateway::route::Domain>());
  domain.config = &config;
  domain.label = "chat.example.com";
  for (const std::string& host : hosts) domain.servers.emplace_back().host = host;
  return made;
}

proto::auth::Authorizer* of(Authenticator& authenticator, const gateway::route::Snapshot& from,
                            size_t server) {
  const gateway::route::Domain& domain = *from.domains.front();
  return authenticator.of(domain, domain.servers[server]);
}

}  // namespace

TEST_CASE("authenticator: remembers each server by itself, while its credentials stay the same") {
  Authenticator authenticator;
  const auto first = snapshot({"a.test", "b.test"});
  proto::auth::Authorizer* a = of(authenticator, *first, 0);
  CHECK(a != nullptr);
  CHECK(of(authenticator, *first, 1) != a);
  CHECK(of(authenticator, *snapshot({"a.test"}), 0) == a);
  CHECK(authenticator.size() == 2);
  CHECK(of(authenticator, *snapshot({"c.test"}, ""), 0) == nullptr);
  CHECK(authenticator.size() == 2);
}

TEST_CASE("authenticator: a reload lets it forget what is no longer there") {
  Authenticator authenticator;
  const auto first = snapshot({"a.test", "b.test"});
  proto::auth::Authorizer* b = of(authenticator, *first, 1);
  static_cast<void>(of(authenticator, *first, 0));
  const auto second = snapshot({"b.test", "c.test"});
  authenticator.use(*second);
  CHECK(authenticator.size() == 1);
  CHECK(of(authenticator, *second, 0) == b);
  authenticator.use(*snapshot({"b.test"}, ""));
  CHECK(authenticator.size() == 0);
}
