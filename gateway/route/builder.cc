#include "gateway/route/builder.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/config/scope.h"
#include "gateway/route/certificate_review.h"

namespace gateway::route {

namespace {

using config::Problem;

// What the domains of one build have in common.
struct Build {
  Build(const Snapshot* its_before, const Ingredients& its_ingredients)
      : ingredients(its_ingredients),
        before(its_before),
        trust(std::make_shared<Trust>(its_before != nullptr ? its_before->trust.get() : nullptr)) {}

  // Where `before` has the domain of that label; nothing: nowhere. Asked in the order of the
  // document, in which most of them still are: only for those that moved all are looked through.
  std::optional<size_t> earlier(const std::string& label) {
    if (before == nullptr) return std::nullopt;
    const auto& domains = before->domains;
    if (next < domains.size() && domains[next]->label == label) return next++;
    if (places.empty()) {
      places.reserve(domains.size());
      for (size_t i = 0; i < domains.size(); ++i) places.emplace(domains[i]->label, i);
    }
    const auto found = places.find(label);
    if (found == places.end()) return std::nullopt;
    next = found->second + 1;
    return found->second;
  }

  const Ingredients& ingredients;
  const Snapshot* before;
  size_t next = 0;                                      // where the next domain is expected
  std::unordered_map<std::string_view, size_t> places;  // of the domains of `before`, by label
  std::shared_ptr<Trust> trust;
  std::vector<Problem> problems;
  std::optional<proto::Result<std::string, std::string>> node_key;  // once it was asked for
};

// What a pool has of files and keys.
struct PoolWays {
  net::tls::SharedSslContext tls;
  Stickiness sticky;
};

// What a domain has of the files that it names.
struct Secured {
  net::tls::SharedSslContext server;
  PoolWays own;                  // of its own pool
  std::vector<PoolWays> routes;  // of each route's; empty where it has no other
};

net::tls::Version version_of(config::TlsVersion version) {
  return version == config::TlsVersion::tls1_3 ? net::tls::Version::tls1_3
                                               : net::tls::Version::tls1_2;
}

net::tls::Certificate certificate_of(const config::DomainTls& tls) {
  return {.chain_file = tls.certificate,
          .key_file = tls.key,
          .min_version = version_of(tls.min_version)};
}

net::tls::SharedSslContext server_tls(const config::Domain& config, Build& build) {
  if (!config.tls) return nullptr;
  const config::Scope scope(config, build.problems);
  const Trust::Made made = build.trust->server(certificate_of(*config.tls));
  if (!made) {
    const bool key = made.error().in == net::tls::Mistake::In::key;
    scope.error(key ? "tls.key" : "tls.certificate", made.error().text);
    return nullptr;
  }
  review_certificate(scope, **made);
  return (*made)->context;
}

net::tls::OriginOptions options_of(const config::OriginTls& tls,
                                   net::tls::OriginSessions* sessions) {
  constexpr std::string_view kFile = "file:";
  return {.verify = tls.verify,
          .ca_file = tls.ca.starts_with(kFile) ? tls.ca.substr(kFile.size()) : std::string(),
          .pins = tls.pins,
          .client_chain_file = tls.client_certificate,
          .client_key_file = tls.client_key,
          .min_version = version_of(tls.min_version),
          .legacy_ciphers = tls.legacy_ciphers,
          .sessions = sessions};
}

std::string origin_path_of(net::tls::Mistake::In in) {
  switch (in) {
    case net::tls::Mistake::In::certificate:
      return "origin.tls.client_certificate";
    case net::tls::Mistake::In::key:
      return "origin.tls.client_key";
    case net::tls::Mistake::In::authorities:
      break;
  }
  return "origin.tls.ca";
}

net::tls::SharedSslContext origin_tls(const config::Scope& scope, Build& build) {
  const config::Origin& origin = scope.origin;
  if (origin.builtin != config::Origin::Builtin::none) return nullptr;
  // An origin that is asked over http may redirect to https.
  const bool http_alone =
      origin.protocol == config::Origin::Protocol::http && origin.max_redirects == 0;
  if (http_alone) return nullptr;
  const Trust::Made made =
      build.trust->origin(options_of(origin.tls, build.ingredients.origin_sessions));
  if (!made) {
    scope.error(origin_path_of(made.error().in), made.error().text);
    return nullptr;
  }
  if (!origin.tls.client_certificate.empty()) review_client_certificate(scope, (*made)->facts);
  return (*made)->context;
}

// As configured: a server keeps its history across reloads by this name.
std::string name_of(const config::Server& server) {
  if (!server.port) return server.host;
  const bool bare_ipv6 = server.host.find(':') != std::string::npos && server.host.front() != '[';
  const std::string host = bare_ipv6 ? "[" + server.host + "]" : server.host;
  return host + ":" + std::to_string(*server.port);
}

// What was learned stays known over reloads.
std::shared_ptr<LearnedServers> learned_before(const std::string& pool, const Build& build) {
  if (build.before == nullptr) return nullptr;
  const auto found = std::ranges::find(
      build.before->pools, pool, [](const auto& one) -> const auto& { return one->label; });
  return found != build.before->pools.end() ? (*found)->sticky.learned : nullptr;
}

Stickiness sticky_of(const config::Scope& scope, const std::string& pool, Build& build) {
  const config::Origin& origin = scope.origin;
  if (!origin.sticky) return {};
  std::vector<std::string> names;
  for (const config::Server& server : origin.servers) names.push_back(name_of(server));
  auto made = make_stickiness(origin, pool, names, [&build] {
    const NodeKey& own = build.ingredients.node_key;
    if (!build.node_key && own) build.node_key = own();
    return build.node_key.value_or(proto::Unexpected{std::string("this node keeps no key")});
  });
  if (!made) {
    scope.error("origin.sticky", made.error());
    return {};
  }
  if (made->learned == nullptr) return std::move(*made);
  if (auto before = learned_before(pool, build)) made->learned = std::move(before);
  return std::move(*made);
}

// The pool of the route / has the name that the domain's own pool has mostly.
std::string own_label(const config::Domain& config) {
  const auto takes_all = [](const config::RouteSettings& route) { return route.path == "/"; };
  return config.label() + (std::ranges::any_of(config.routes, takes_all) ? "#" : "#/");
}

std::string label_of(const config::Domain& config, const config::RouteSettings& route) {
  return config.label() + '#' + route.path;
}

Secured secure(const config::Domain& config, Build& build) {
  const auto ways_of = [&build](const config::Scope& scope, const std::string& label) {
    return PoolWays{.tls = origin_tls(scope, build), .sticky = sticky_of(scope, label, build)};
  };
  Secured secured{.server = server_tls(config, build),
                  .own = ways_of(config::Scope(config, build.problems), own_label(config)),
                  .routes = {}};
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const config::Scope scope(config, i, build.problems);
    const bool has_pool = scope.route->own_pool;
    secured.routes.push_back(has_pool ? ways_of(scope, label_of(config, *scope.route))
                                      : PoolWays{});
  }
  return secured;
}

Server build_server(const config::Server& server, const Pool& pool,
                    const Ingredients& ingredients) {
  const std::string name = name_of(server);
  return {.host = server.host,
          .port = server.port,
          .address = net::Address::parse(server.host, 0),
          .priority = server.priority,
          .weight = server.weight,
          .backend = ingredients.backends.of(pool, name),
          .counters = ingredients.registry.origin(pool.domain, name)};
}

using Settings = std::shared_ptr<const config::Domain>;

// One domain while it is built.
struct Raw {
  const Settings& settings;  // which own all that is below them
  const Secured& secured;
  const Ingredients& ingredients;
  Domain& domain;
};

// Where requests go that have this origin.
Action action_of(const Raw& raw, const config::Origin& origin, const std::string& label,
                 const PoolWays& ways) {
  if (origin.builtin == config::Origin::Builtin::echo) return Echo{};
  auto pool = std::make_shared<Pool>();
  pool->domain = raw.domain.label;
  pool->label = label;
  pool->config = {raw.settings, &origin};
  for (const config::Server& server : origin.servers)
    pool->servers.push_back(build_server(server, *pool, raw.ingredients));
  pool->tls = ways.tls;
  pool->sticky = ways.sticky;
  return ToPool{std::move(pool)};
}

// `own`: where the domain's own requests go.
Action action_of(const Raw& raw, size_t index, const Action& own) {
  const config::RouteSettings& route = raw.settings->routes[index];
  if (route.redirect) return Redirect{{raw.settings, &*route.redirect}};
  if (route.respond) return Respond{{raw.settings, &*route.respond}};
  if (!route.own_pool) return own;
  return action_of(raw, route.origin, label_of(*raw.settings, route), raw.secured.routes[index]);
}

// What no route covers goes to the domain's own origin; without one it is answered 404, unless
// there is nothing else.
void add_routes(const Raw& raw) {
  const config::Domain& config = *raw.settings;
  const config::Origin& origin = config.origin;
  const auto takes_all = [](const auto& route) { return route.path == "/"; };
  const auto shares = [](const auto& route) { return route.leads_to_origin() && !route.own_pool; };
  const bool leads = origin.builtin != config::Origin::Builtin::none || !origin.servers.empty();
  const bool taken = std::ranges::any_of(config.routes, takes_all);
  const bool has_rest = !taken && (leads || config.routes.empty());
  Action own;
  if (has_rest || std::ranges::any_of(config.routes, shares))
    own = action_of(raw, origin, own_label(config), raw.secured.own);
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const config::RouteSettings& route = config.routes[i];
    raw.domain.add({.prefix = route.path,
                    .action = action_of(raw, i, own),
                    .http = {raw.settings, &route.http},
                    .websocket = {raw.settings, &route.websocket}});
  }
  if (!has_rest) return;
  raw.domain.add({.prefix = "/",
                  .action = own,
                  .http = {raw.settings, &config.http},
                  .websocket = {raw.settings, &config.websocket}});
}

std::shared_ptr<const Domain> build_domain(const Settings& settings, const Secured& secured,
                                           const Ingredients& ingredients) {
  const config::Domain& config = *settings;
  auto domain = std::make_shared<Domain>();
  domain->config = settings;
  domain->label = config.label();
  domain->counters = ingredients.registry.domain(domain->label);
  domain->meters = ingredients.meters.domain(domain->label);
  const config::Budget& budget = config.usage.budget;
  if (budget.traffic || budget.connection_seconds || budget.messages)
    domain->budget = ingredients.standings.of(domain->label);
  if (secured.server != nullptr) {
    domain->server_tls = secured.server;
    domain->min_tls_version = version_of(config.tls->min_version);
    domain->certificate_not_after = net::tls::not_after(secured.server.get());
  }
  add_routes({settings, secured, ingredients, *domain});
  return domain;
}

// What the pool would have now.
const PoolWays& ways_of(const Pool& pool, const config::Domain& config, const Secured& secured) {
  for (size_t i = 0; i < config.routes.size(); ++i) {
    if (&config.routes[i].origin == pool.config.get()) return secured.routes[i];
  }
  return secured.own;
}

bool is_same(const Domain& earlier, const Settings& settings, const Secured& secured) {
  if (earlier.config != settings && !(*earlier.config == *settings)) return false;
  bool same = earlier.server_tls == secured.server;
  for_each_pool(earlier, [&](const auto& pool) {
    const PoolWays& ways = ways_of(*pool, *earlier.config, secured);
    same = same && pool->tls == ways.tls && pool->sticky.says_the_same(ways.sticky);
  });
  return same;
}

// The domain with the settings at `index` of the document. Where it is an earlier one the document
// takes its settings, too, or both would be kept.
std::shared_ptr<const Domain> find_or_build(config::Document& document, size_t index,
                                            Build& build) {
  std::shared_ptr<const config::Domain> settings = document.domains.share(index);
  const Secured secured = secure(*settings, build);
  if (const auto found = build.earlier(settings->label())) {
    const auto& earlier = build.before->domains[*found];
    if (is_same(*earlier, settings, secured)) {
      document.domains.share_item(index, build.before->document.domains, *found);
      return earlier;
    }
  }
  return build_domain(settings, secured, build.ingredients);
}

void add(std::shared_ptr<const Domain> domain, Snapshot& snapshot) {
  for (const std::string& name : domain->config->names) snapshot.router.add(name, domain);
  if (snapshot.default_tls == nullptr && domain->server_tls) snapshot.default_tls = domain.get();
  for_each_pool(*domain, [&snapshot](const auto& pool) { snapshot.pools.push_back(pool); });
  snapshot.domains.push_back(std::move(domain));
}

net::tls::ListenerContext::Choose chooser(const Snapshot& snapshot) {
  return [&snapshot](std::string_view name) {
    const Domain* domain = name.empty() ? snapshot.default_tls : snapshot.router.find(name);
    // A name that is nobody's gets the default certificate here and 421 for its request.
    if (domain == nullptr || !domain->server_tls) domain = snapshot.default_tls;
    assert(domain != nullptr);  // without one there is no TLS listener
    return net::tls::ListenerContext::Choice{.context = domain->server_tls.get(),
                                             .min_version = domain->min_tls_version,
                                             .domain = domain->label};
  };
}

}  // namespace

proto::Result<std::shared_ptr<const Snapshot>, std::vector<Problem>> build(
    config::Document document, const Snapshot* before, const Ingredients& ingredients) {
  auto snapshot = std::make_shared<Snapshot>();
  Build build(before, ingredients);
  snapshot->generation = ingredients.generation;
  snapshot->document = std::move(document);
  snapshot->via = "weir-" + snapshot->document.node;
  const size_t count = snapshot->document.domains.size();
  snapshot->domains.reserve(count);
  snapshot->router.reserve(count);
  for (size_t i = 0; i < count; ++i) add(find_or_build(snapshot->document, i, build), *snapshot);
  if (!std::ranges::all_of(build.problems, &Problem::warning))
    return proto::Unexpected{std::move(build.problems)};
  snapshot->warnings = std::move(build.problems);
  build.trust->seal();
  snapshot->trust = std::move(build.trust);
  if (snapshot->default_tls != nullptr) {
    snapshot->listener_tls =
        std::make_unique<net::tls::ListenerContext>(ingredients.ticket_keys, chooser(*snapshot));
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace gateway::route
