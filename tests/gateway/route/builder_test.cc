#include "gateway/route/builder.h"

#include <ctime>
#include <filesystem>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/building.h"
#include "tests/support/certificates.h"
#include "tests/support/folder.h"

using namespace tests;

namespace {

std::string tls_lines(const gateway::net::tls::Certificate& certificate) {
  return "    tls: { certificate: \"file:" + certificate.chain_file +
         "\", key: \"file:" + certificate.key_file + "\" }\n";
}

}  // namespace

TEST_CASE("builder: names are routed, servers read, counters found for every worker") {
  Building building(2);
  const auto snapshot = building.snapshot(
      "  - names: [Chat.example.com, \"*.chat.example.com\"]\n"
      "    websocket: { enabled: true }\n"
      "    origin: { protocol: http, servers: [{ address: \"10.0.0.5:8080\" }, { address: "
      "\"[::1]:81\" }, { address: origin.example.com }] }\n" +
      std::string(kEchoDomain).replace(12, 16, "echo.example.com"));
  CHECK(snapshot->generation == 1);
  CHECK(snapshot->via == "weir-node-1");
  REQUIRE(snapshot->domains.size() == 2);
  const gateway::route::Domain& chat = *snapshot->domains[0];
  CHECK(chat.label == "chat.example.com");
  CHECK(snapshot->router.find("chat.example.com") == &chat);
  CHECK(snapshot->router.find("a.chat.example.com") == &chat);
  CHECK(snapshot->router.find("echo.example.com") == snapshot->domains[1].get());
  CHECK(snapshot->router.find("nobody.example.com") == nullptr);
  CHECK(chat.counters.size() == 2);
  REQUIRE(snapshot->pools.size() == 1);
  const gateway::route::Pool& pool = *snapshot->pools[0];
  CHECK(chat.route_of("/any/path")->pool() == &pool);
  CHECK(snapshot->domains[1]->route_of("/any/path")->pool() == nullptr);
  CHECK(pool.domain == "chat.example.com");
  CHECK(pool.label == "chat.example.com#/");
  REQUIRE(pool.servers.size() == 3);
  CHECK(pool.servers[0].address->host() == "10.0.0.5");
  CHECK(pool.servers[0].port == 8080);
  CHECK(pool.servers[1].address->host() == "::1");
  CHECK_FALSE(pool.servers[2].address);
  CHECK_FALSE(pool.servers[2].port);
  CHECK(snapshot->listener_tls == nullptr);
  CHECK(snapshot->default_tls == nullptr);
}

TEST_CASE("FY2 builder: an address is routed in its one spelling, labelled as written") {
  Building building;
  const auto snapshot =
      building.snapshot("  - { domain: \"[0:0:0:0:0:0:0:A]\", origin: { builtin: echo } }\n");
  const gateway::route::Domain& domain = *snapshot->domains[0];
  CHECK(snapshot->router.find("[::a]") == &domain);
  CHECK(domain.label == "[0:0:0:0:0:0:0:a]");
}

TEST_CASE("builder: a domain keeps its counters from one generation to the next") {
  Building building;
  const auto first = building.snapshot(std::string(kEchoDomain));
  const auto second = building.build(std::string(kEchoDomain), 2);
  REQUIRE(second.has_value());
  CHECK((*second)->generation == 2);
  CHECK((*second)->domains[0]->counters == first->domains[0]->counters);
}

TEST_CASE("builder: the first domain with a certificate is the default of TLS") {
  Certificates certificates;
  const auto leaf = certificates.add({.name = "b", .alternative_names = "DNS:b.example.com"});
  Building building;
  const auto snapshot = building.snapshot(
      std::string(kEchoDomain) + "  - domain: b.example.com\n    origin: { builtin: echo }\n" +
      tls_lines(leaf));
  REQUIRE(snapshot->listener_tls != nullptr);
  CHECK(snapshot->default_tls == snapshot->domains[1].get());
  CHECK(snapshot->listener_tls->new_connection() != nullptr);
  CHECK(snapshot->domains[1]->certificate_not_after > std::time(nullptr));
}

TEST_CASE("builder: an origin is given TLS unless it is never spoken to so") {
  for (const char* protocol : {"follow", "https", "follow_port", "http"}) {
    for (const char* redirects : {"0", "1"}) {
      CAPTURE(protocol);
      CAPTURE(redirects);
      Building building;
      const auto snapshot = building.snapshot(
          "  - domain: a.example.com\n    origin: { protocol: " + std::string(protocol) +
          ", max_redirects: " + redirects + ", servers: [{ address: \"10.0.0.5\" }] }\n");
      const bool never = std::string(protocol) == "http" && std::string(redirects) == "0";
      CHECK((snapshot->pools[0]->tls == nullptr) == never);
    }
  }
}

TEST_CASE("builder: everything that stands in the way is told, each with its place") {
  const Folder folder;
  const std::string junk = folder.write("junk.pem", "no certificate\n");
  Building building;
  const auto built = building.build(
      "  - domain: a.example.com\n    origin: { builtin: echo }\n" +
      tls_lines({.chain_file = folder.file("none.pem"), .key_file = folder.file("none.key")}) +
      "  - domain: b.example.com\n    origin: { servers: [{ address: \"10.0.0.5\" }], tls: { ca: "
      "\"file:" +
      junk + "\" } }\n");
  REQUIRE_FALSE(built.has_value());
  REQUIRE(built.error().size() == 2);
  const std::string first = gateway::config::to_string(built.error()[0]);
  CHECK(first.starts_with("t.yaml:6:12: tls.certificate: domain a.example.com: certificate "));
  CHECK(first.find(folder.file("none.pem")) != std::string::npos);
  const std::string second = gateway::config::to_string(built.error()[1]);
  CHECK(second.find(": origin.tls.ca: domain b.example.com: CA file " + junk) != std::string::npos);
}

TEST_CASE("FX1 builder: three hundred domains share the system's authorities, read once") {
  std::string domains;
  for (int i = 0; i < 300; ++i) {
    domains += "  - domain: d" + std::to_string(i) +
               ".example.com\n    origin: { servers: [{ address: \"10.0.0.5\" }]";
    if (i % 3 == 1) domains += ", tls: { min_version: \"1.3\" }";
    domains += " }\n";
  }
  Building building;
  const auto snapshot = building.snapshot(domains);
  std::set<const X509_STORE*> stores;
  std::set<const SSL_CTX*> contexts;
  REQUIRE(snapshot->pools.size() == 300);
  for (const auto& pool : snapshot->pools) {
    REQUIRE(pool->tls != nullptr);
    stores.insert(SSL_CTX_get_cert_store(pool->tls.get()));
    contexts.insert(pool->tls.get());
  }
  CHECK(stores.size() == 1);
  CHECK(contexts.size() == 2);
}

TEST_CASE("FX1 builder: domains with one certificate share what was read of it") {
  Certificates certificates;
  const auto leaf = certificates.add({.name = "w", .alternative_names = "DNS:*.example.com"});
  const std::string origin = ".example.com\n    origin: { builtin: echo }\n" + tls_lines(leaf);
  Building building;
  const auto snapshot = building.snapshot("  - domain: a" + origin + "  - domain: b" + origin);
  CHECK(snapshot->domains[0]->server_tls == snapshot->domains[1]->server_tls);
}

TEST_CASE("builder: a domain whose settings are equal is the same object in the next generation") {
  constexpr std::string_view kOthers =
      "  - { domain: b.example.com, origin: { servers: [{ address: \"10.0.0.5\" }] } }\n"
      "  - { domain: c.example.com, origin: { builtin: echo } }\n";
  Building building;
  const auto first = building.snapshot(std::string(kEchoDomain) + std::string(kOthers));
  const auto same = building.snapshot(std::string(kEchoDomain) + std::string(kOthers), *first);
  CHECK(same->generation == 2);
  CHECK(same->domains == first->domains);
  CHECK(same->pools == first->pools);
  // Nor are equal settings kept twice.
  for (size_t i = 0; i < 3; ++i)
    CHECK(same->document.domains.share(i) == first->document.domains.share(i));
  CHECK(same->router.find("b.example.com") == first->domains[1].get());

  const auto changed = building.snapshot(
      "  - { domain: chat.example.com, origin: { builtin: echo } }\n" + std::string(kOthers),
      *same);
  CHECK(changed->domains[0] != first->domains[0]);
  CHECK(changed->domains[1] == first->domains[1]);
  CHECK(changed->domains[2] == first->domains[2]);
}

TEST_CASE("builder: of three hundred domains one has changed, and one is built") {
  std::string domains;
  for (int i = 0; i < 300; ++i)
    domains += "  - { domain: d" + std::to_string(i) +
               ".example.com, origin: { servers: [{ address: \"10.0.0.5\" }] } }\n";
  Building building;
  const auto first = building.snapshot(domains);
  const auto second =
      building.snapshot(domains.replace(domains.find("10.0.0.5"), 8, "10.0.0.6"), *first);
  size_t same = 0;
  for (size_t i = 0; i < 300; ++i) same += first->domains[i] == second->domains[i] ? 1 : 0;
  CHECK(same == 299);
  // With the context that all of them share, as before.
  CHECK(second->pools[0]->tls == first->pools[0]->tls);
}

TEST_CASE(
    "builder: a certificate that was renewed builds the domains that show it, and no others") {
  namespace fs = std::filesystem;
  Certificates certificates;
  const Folder folder;
  const std::string chain = folder.file("c.pem");
  const std::string key = folder.file("c.key");
  const auto put = [&](const char* name) {
    const auto made = certificates.add({.name = name, .alternative_names = "DNS:*.example.com"});
    fs::copy_file(made.chain_file, chain, fs::copy_options::overwrite_existing);
    fs::copy_file(made.key_file, key, fs::copy_options::overwrite_existing);
  };
  const std::string domains =
      "  - domain: a.example.com\n    origin: { builtin: echo }\n" +
      tls_lines({.chain_file = chain, .key_file = key}) +
      "  - domain: b.example.com\n    origin: { servers: [{ address: \"10.0.0.5\" }], tls: { ca: "
      "\"file:" +
      certificates.ca_file() +
      "\" } }\n"
      "  - domain: c.example.com\n    origin: { servers: [{ address: \"10.0.0.5\" }], tls: { "
      "client_certificate: \"file:" +
      chain + "\", client_key: \"file:" + key + "\" } }\n";
  put("first");
  Building building;
  const auto first = building.snapshot(domains);
  CHECK(building.snapshot(domains, *first)->domains == first->domains);
  put("second");
  const auto renewed = building.snapshot(domains, *first);
  CHECK(renewed->domains[0] != first->domains[0]);
  CHECK(renewed->domains[1] == first->domains[1]);
  CHECK(renewed->domains[2] != first->domains[2]);
  CHECK(building.snapshot(domains, *renewed)->domains == renewed->domains);
}

TEST_CASE("builder: what is to be said of a certificate is said with every reload") {
  Certificates certificates;
  const auto leaf = certificates.add({.name = "w", .alternative_names = "DNS:b.example.com"});
  const std::string domain =
      "  - domain: a.example.com\n    origin: { builtin: echo }\n" + tls_lines(leaf);
  Building building;
  const auto first = building.snapshot(domain);
  const auto second = building.snapshot(domain, *first);
  CHECK(second->domains == first->domains);
  CHECK_FALSE(first->warnings.empty());
  CHECK(second->warnings.size() == first->warnings.size());
}

namespace {

constexpr std::string_view kRouted =
    "  - domain: chat.example.com\n"
    "    http: { enabled: true }\n"
    "    origin: { servers: [{ address: \"10.0.0.5:80\" }] }\n"
    "    routes:\n"
    "      - { path: /socket.io/, origin: { servers: [{ address: \"10.0.0.7:80\" }] } }\n"
    "      - { path: /slow, http: { response_timeout: 120s }, websocket: { enabled: true } }\n"
    "      - { path: /echo, builtin: echo }\n"
    "      - { path: /old, redirect: { to: /new } }\n"
    "      - { path: /up, respond: { body: ok } }\n"
    "      - { path: /api, origin: { servers: [{ address: \"10.0.0.5:80\" }], health: off } }\n";

const gateway::route::Route& route_at(const gateway::route::Snapshot& snapshot, const char* path) {
  const gateway::route::Route* route = snapshot.domains[0]->route_of(path);
  REQUIRE(route != nullptr);
  return *route;
}

}  // namespace

TEST_CASE("Q2 builder: three pools with one server each, and routes that share the domain's") {
  Building building;
  const auto snapshot = building.snapshot(std::string(kRouted));
  const auto label = [&](const char* path) {
    const auto* const pool = route_at(*snapshot, path).pool();
    return pool != nullptr ? pool->label : std::string();
  };
  CHECK(label("/") == "chat.example.com#/");
  CHECK(label("/slow/1") == "chat.example.com#/");
  CHECK(route_at(*snapshot, "/").pool() == route_at(*snapshot, "/slow").pool());
  CHECK(label("/socket.io/?x") == "chat.example.com#/socket.io/");
  CHECK(label("/socket.io") == "chat.example.com#/");
  CHECK(label("/api/v1") == "chat.example.com#/api");
  CHECK(label("/echo").empty());
  CHECK(snapshot->pools.size() == 3);
  for (const auto& pool : snapshot->pools) {
    CHECK(pool->domain == "chat.example.com");
    CHECK(pool->servers.size() == 1);
  }
  // One server of two pools has one set of counters, and is looked at by each for itself.
  const auto& own = route_at(*snapshot, "/").pool()->servers[0];
  const auto& of_api = route_at(*snapshot, "/api").pool()->servers[0];
  CHECK(own.backend != of_api.backend);
  CHECK(own.counters == of_api.counters);
}

TEST_CASE("Q2 builder: a route has its action and its own settings") {
  using namespace gateway::route;
  Building building;
  const auto snapshot = building.snapshot(std::string(kRouted));
  CHECK(std::holds_alternative<Echo>(route_at(*snapshot, "/echo").action));
  const auto& old = route_at(*snapshot, "/old/x");
  REQUIRE(std::holds_alternative<Redirect>(old.action));
  CHECK(std::get<Redirect>(old.action).settings->to == "/new");
  CHECK_FALSE(old.takes_sessions());
  const auto& up = route_at(*snapshot, "/up");
  REQUIRE(std::holds_alternative<Respond>(up.action));
  CHECK(std::get<Respond>(up.action).settings->body == "ok");
  CHECK(route_at(*snapshot, "/slow").http->response_timeout == std::chrono::seconds(120));
  CHECK(route_at(*snapshot, "/slow").websocket->enabled);
  CHECK(route_at(*snapshot, "/slow").takes_sessions());
  CHECK(route_at(*snapshot, "/").http->response_timeout == std::chrono::seconds(75));
  CHECK_FALSE(route_at(*snapshot, "/").websocket->enabled);
}

TEST_CASE("Q1 builder: without an origin of its own a domain has its routes alone") {
  Building building;
  const auto snapshot = building.snapshot(
      "  - domain: chat.example.com\n    http: { enabled: true }\n"
      "    routes: [{ path: /a, origin: { servers: [{ address: \"10.0.0.7:80\" }] } }]\n");
  CHECK(snapshot->domains[0]->route_of("/a") != nullptr);
  CHECK(snapshot->domains[0]->route_of("/") == nullptr);
  CHECK(snapshot->pools.size() == 1);
}

TEST_CASE("Q2 builder: the pool of a route / and that of its domain have different names") {
  Building building;
  const auto snapshot = building.snapshot(
      "  - domain: chat.example.com\n    http: { enabled: true }\n"
      "    origin: { servers: [{ address: \"10.0.0.5\" }] }\n"
      "    routes: [{ path: /, origin: { servers: [{ address: \"10.0.0.7\" }] } }, { path: /a "
      "}]\n");
  CHECK(route_at(*snapshot, "/").pool()->label == "chat.example.com#/");
  CHECK(route_at(*snapshot, "/a").pool()->label == "chat.example.com#");
  CHECK(snapshot->pools.size() == 2);
}

TEST_CASE("Q2 builder: a domain with equal routes is the same object, one with others is not") {
  Building building;
  const auto first = building.snapshot(std::string(kRouted));
  const auto same = building.snapshot(std::string(kRouted), *first);
  CHECK(same->domains == first->domains);
  CHECK(same->pools == first->pools);
  std::string other(kRouted);
  other.replace(other.find("120s"), 4, "121s");
  const auto changed = building.snapshot(other, *same);
  CHECK(changed->domains[0] != first->domains[0]);
  CHECK(route_at(*changed, "/").pool()->servers[0].backend ==
        route_at(*first, "/").pool()->servers[0].backend);
}

TEST_CASE("Q2 builder: a file that a route names is told with the route") {
  const Folder folder;
  const std::string junk = folder.write("junk.pem", "no certificate\n");
  Building building;
  const auto built = building.build(
      "  - domain: a.example.com\n    origin: { builtin: echo }\n    routes:\n"
      "      - path: /a\n        origin: { servers: [{ address: \"10.0.0.5\" }], tls: { ca: "
      "\"file:" +
      junk + "\" } }\n");
  REQUIRE_FALSE(built.has_value());
  REQUIRE(built.error().size() == 1);
  const std::string text = to_string(built.error()[0]);
  CHECK(text.starts_with("t.yaml:8:"));
  CHECK(text.find(": routes[0].origin.tls.ca: route /a of domain a.example.com: CA file " + junk) !=
        std::string::npos);
}
