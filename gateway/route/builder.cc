#include "gateway/route/builder.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gateway/config/check.h"
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

// What a domain has of the files that it names.
struct Secured {
  net::tls::SharedSslContext server;
  net::tls::SharedSslContext origin;
  Stickiness sticky;
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

void refuse(const config::Domain& config, std::string path, const net::tls::Mistake& mistake,
            std::vector<Problem>& problems) {
  problems.push_back({.place = config.places.of(path),
                      .path = std::move(path),
                      .text = name_of(config) + ": " + mistake.text,
                      .code = {}});
}

net::tls::SharedSslContext server_tls(const config::Domain& config, Build& build) {
  if (!config.tls) return nullptr;
  const Trust::Made made = build.trust->server(certificate_of(*config.tls));
  if (!made) {
    const bool key = made.error().in == net::tls::Mistake::In::key;
    refuse(config, key ? "tls.key" : "tls.certificate", made.error(), build.problems);
    return nullptr;
  }
  review_certificate(config, **made, build.problems);
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

net::tls::SharedSslContext origin_tls(const config::Domain& config, Build& build) {
  const config::Origin& origin = config.origin;
  if (origin.builtin != config::Origin::Builtin::none) return nullptr;
  // An origin that is asked over http may redirect to https.
  const bool http_alone =
      origin.protocol == config::Origin::Protocol::http && origin.max_redirects == 0;
  if (http_alone) return nullptr;
  const Trust::Made made =
      build.trust->origin(options_of(origin.tls, build.ingredients.origin_sessions));
  if (!made) {
    refuse(config, origin_path_of(made.error().in), made.error(), build.problems);
    return nullptr;
  }
  if (!origin.tls.client_certificate.empty())
    review_client_certificate(config, (*made)->facts, build.problems);
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

Stickiness sticky_of(const config::Domain& config, const std::string& pool, Build& build) {
  const config::Origin& origin = config.origin;
  if (!origin.sticky) return {};
  std::vector<std::string> names;
  for (const config::Server& server : origin.servers) names.push_back(name_of(server));
  auto made = make_stickiness(origin, pool, names, [&build] {
    const NodeKey& own = build.ingredients.node_key;
    if (!build.node_key && own) build.node_key = own();
    return build.node_key.value_or(proto::Unexpected{std::string("this node keeps no key")});
  });
  if (!made) {
    build.problems.push_back({.place = config.places.of("origin.sticky"),
                              .path = "origin.sticky",
                              .text = name_of(config) + ": " + made.error(),
                              .code = {}});
    return {};
  }
  if (made->learned == nullptr) return std::move(*made);
  if (auto before = learned_before(pool, build)) made->learned = std::move(before);
  return std::move(*made);
}

std::string pool_label(const config::Domain& config) { return config.label() + "#/"; }

Server build_server(const config::Server& server, const std::string& domain,
                    const Ingredients& ingredients) {
  const std::string name = name_of(server);
  return {.host = server.host,
          .port = server.port,
          .address = net::Address::parse(server.host, 0),
          .priority = server.priority,
          .weight = server.weight,
          .backend = ingredients.backends.of(domain, name),
          .traffic = ingredients.registry.origin(domain, name)};
}

Action action_of(const std::shared_ptr<const config::Domain>& settings, const Secured& tls,
                 const Ingredients& ingredients) {
  const config::Domain& config = *settings;
  if (config.origin.builtin == config::Origin::Builtin::echo) return Echo{};
  auto pool = std::make_shared<Pool>();
  pool->domain = config.label();
  pool->label = pool_label(config);
  pool->config = {settings, &config.origin};
  for (const config::Server& server : config.origin.servers)
    pool->servers.push_back(build_server(server, pool->domain, ingredients));
  pool->tls = tls.origin;
  pool->sticky = tls.sticky;
  return ToPool{std::move(pool)};
}

std::shared_ptr<const Domain> build_domain(const std::shared_ptr<const config::Domain>& settings,
                                           const Secured& tls, const Ingredients& ingredients) {
  const config::Domain& config = *settings;
  auto domain = std::make_shared<Domain>();
  domain->config = settings;
  domain->label = config.label();
  domain->counters = ingredients.registry.domain(domain->label);
  domain->meters = ingredients.meters.domain(domain->label);
  const config::Budget& budget = config.usage.budget;
  if (budget.traffic || budget.connection_seconds || budget.messages)
    domain->budget = ingredients.standings.of(domain->label);
  if (tls.server != nullptr) {
    domain->server_tls = tls.server;
    domain->min_tls_version = version_of(config.tls->min_version);
    domain->certificate_not_after = net::tls::not_after(tls.server.get());
  }
  domain->add({.prefix = "/",
               .action = action_of(settings, tls, ingredients),
               .http = {settings, &config.http},
               .websocket = {settings, &config.websocket}});
  return domain;
}

bool is_same(const Domain& earlier, const std::shared_ptr<const config::Domain>& settings,
             const Secured& tls) {
  if (earlier.config != settings && !(*earlier.config == *settings)) return false;
  const Pool* const pool = earlier.routes.front().pool();
  return earlier.server_tls == tls.server &&
         (pool == nullptr || (pool->tls == tls.origin && pool->sticky.says_the_same(tls.sticky)));
}

// The domain with the settings at `index` of the document. Where it is an earlier one the document
// takes its settings, too, or both would be kept.
std::shared_ptr<const Domain> find_or_build(config::Document& document, size_t index,
                                            Build& build) {
  std::shared_ptr<const config::Domain> settings = document.domains.share(index);
  const Secured tls{.server = server_tls(*settings, build),
                    .origin = origin_tls(*settings, build),
                    .sticky = sticky_of(*settings, pool_label(*settings), build)};
  if (const auto found = build.earlier(settings->label())) {
    const auto& earlier = build.before->domains[*found];
    if (is_same(*earlier, settings, tls)) {
      document.domains.share_item(index, build.before->document.domains, *found);
      return earlier;
    }
  }
  return build_domain(settings, tls, build.ingredients);
}

void add(std::shared_ptr<const Domain> domain, Snapshot& snapshot) {
  for (const std::string& name : domain->config->names) snapshot.router.add(name, domain);
  if (snapshot.default_tls == nullptr && domain->server_tls) snapshot.default_tls = domain.get();
  for (const Route& route : domain->routes) {
    if (const auto* to = std::get_if<ToPool>(&route.action)) snapshot.pools.push_back(to->pool);
  }
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
