#include "gateway/origin/authenticator.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/made_snapshot.h"

using namespace gateway::origin;
using namespace tests;

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
  gateway::route::Pool& pool = add_pool(*made, config);
  for (const std::string& host : hosts) pool.servers.emplace_back().host = host;
  return made;
}

proto::auth::Authorizer* of(Authenticator& authenticator, const gateway::route::Snapshot& from,
                            size_t server) {
  const gateway::route::Pool& pool = pool_of(from);
  return authenticator.of(pool, pool.servers[server]);
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
  authenticator.use(change_to(second, first));
  CHECK(authenticator.size() == 1);
  CHECK(of(authenticator, *second, 0) == b);
  authenticator.use(change_to(snapshot({"b.test"}, ""), second));
  CHECK(authenticator.size() == 0);
}
