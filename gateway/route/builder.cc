#include "gateway/route/builder.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/config/check.h"
#include "gateway/net/tls_contexts.h"
#include "gateway/route/certificate_review.h"

namespace gateway::route {

namespace {

using config::Problem;

// What the domains of one build have in common.
struct Build {
  const Ingredients& ingredients;
  net::TlsContexts contexts;
  std::vector<Problem> problems;
};

net::TlsVersion version_of(config::TlsVersion version) {
  return version == config::TlsVersion::tls1_3 ? net::TlsVersion::tls1_3 : net::TlsVersion::tls1_2;
}

net::Certificate certificate_of(const config::DomainTls& tls) {
  return {.chain_file = tls.certificate,
          .key_file = tls.key,
          .min_version = version_of(tls.min_version)};
}

void refuse(const config::Domain& config, std::string path, const net::TlsMistake& mistake,
            std::vector<Problem>& problems) {
  problems.push_back({.place = config.places.of(path),
                      .path = std::move(path),
                      .text = name_of(config) + ": " + mistake.text,
                      .code = {}});
}

void add_server_tls(const config::Domain& config, Domain& domain, Build& build) {
  const net::Certificate certificate = certificate_of(*config.tls);
  auto context = build.contexts.server(certificate);
  if (!context) {
    const bool key = context.error().in == net::TlsMistake::In::key;
    return refuse(config, key ? "tls.key" : "tls.certificate", context.error(), build.problems);
  }
  domain.min_tls_version = certificate.min_version;
  domain.certificate_not_after = net::not_after(context->get());
  domain.server_tls = std::move(*context);
  review_certificate(config, domain, build.contexts.identity_of(domain.server_tls), build.problems);
}

net::OriginTlsOptions options_of(const config::OriginTls& tls, net::OriginSessions* sessions) {
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

std::string origin_path_of(net::TlsMistake::In in) {
  switch (in) {
    case net::TlsMistake::In::certificate:
      return "origin.tls.client_certificate";
    case net::TlsMistake::In::key:
      return "origin.tls.client_key";
    case net::TlsMistake::In::authorities:
      break;
  }
  return "origin.tls.ca";
}

void add_origin_tls(const config::Domain& config, Pool& pool, Build& build) {
  const config::Origin& origin = pool.settings();
  // An origin that is asked over http may redirect to https.
  const bool http_alone =
      origin.protocol == config::Origin::Protocol::http && origin.max_redirects == 0;
  if (http_alone) return;
  auto context = build.contexts.origin(options_of(origin.tls, build.ingredients.origin_sessions));
  if (!context)
    return refuse(config, origin_path_of(context.error().in), context.error(), build.problems);
  pool.tls = std::move(*context);
  if (origin.tls.client_certificate.empty()) return;
  review_client_certificate(config, build.contexts.identity_of(pool.tls), build.problems);
}

// As configured: a server keeps its history across reloads by this name.
std::string name_of(const config::Server& server) {
  if (!server.port) return server.host;
  const bool bare_ipv6 = server.host.find(':') != std::string::npos && server.host.front() != '[';
  const std::string host = bare_ipv6 ? "[" + server.host + "]" : server.host;
  return host + ":" + std::to_string(*server.port);
}

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

Action action_of(const config::Domain& config, Build& build) {
  if (config.origin.builtin == config::Origin::Builtin::echo) return Echo{};
  auto pool = std::make_unique<Pool>();
  pool->domain = config.label();
  pool->label = pool->domain + "#/";
  pool->config = &config.origin;
  for (const config::Server& server : config.origin.servers)
    pool->servers.push_back(build_server(server, pool->domain, build.ingredients));
  add_origin_tls(config, *pool, build);
  return ToPool{std::move(pool)};
}

std::shared_ptr<const Domain> build_domain(std::shared_ptr<const config::Domain> settings,
                                           Build& build) {
  const config::Domain& config = *settings;
  const Ingredients& ingredients = build.ingredients;
  auto domain = std::make_shared<Domain>();
  domain->config = std::move(settings);
  domain->label = config.label();
  domain->counters = ingredients.registry.domain(domain->label);
  domain->meters = ingredients.meters.domain(domain->label);
  const config::Budget& budget = config.usage.budget;
  if (budget.traffic || budget.connection_seconds || budget.messages)
    domain->budget = ingredients.standings.of(domain->label);
  if (config.tls) add_server_tls(config, *domain, build);
  domain->add({.prefix = "/", .action = action_of(config, build)});
  return domain;
}

net::ListenerTls::Choose chooser(const Snapshot& snapshot) {
  return [&snapshot](std::string_view name) {
    const Domain* domain = name.empty() ? snapshot.default_tls : snapshot.router.find(name);
    // A name that is nobody's gets the default certificate here and 421 for its request.
    if (domain == nullptr || !domain->server_tls) domain = snapshot.default_tls;
    assert(domain != nullptr);  // without one there is no TLS listener
    return net::ListenerTls::Choice{.context = domain->server_tls.get(),
                                    .min_version = domain->min_tls_version,
                                    .domain = domain->label};
  };
}

}  // namespace

proto::Result<std::shared_ptr<const Snapshot>, std::vector<Problem>> build(
    config::Document document, const Ingredients& ingredients) {
  auto snapshot = std::make_shared<Snapshot>();
  Build build{.ingredients = ingredients, .contexts = {}, .problems = {}};
  snapshot->generation = ingredients.generation;
  snapshot->document = std::move(document);
  snapshot->via = "weir-" + snapshot->document.node;
  const auto& settings = snapshot->document.domains;
  for (size_t i = 0; i < settings.size(); ++i) {
    auto domain = build_domain(settings.share(i), build);
    for (const std::string& name : domain->config->names) snapshot->router.add(name, domain);
    if (snapshot->default_tls == nullptr && domain->server_tls)
      snapshot->default_tls = domain.get();
    for (const Route& route : domain->routes) {
      if (const Pool* pool = route.pool()) snapshot->pools.push_back(pool);
    }
    snapshot->domains.push_back(std::move(domain));
  }
  if (!std::ranges::all_of(build.problems, &Problem::warning))
    return proto::Unexpected{std::move(build.problems)};
  snapshot->warnings = std::move(build.problems);
  if (snapshot->default_tls != nullptr) {
    snapshot->listener_tls =
        std::make_unique<net::ListenerTls>(ingredients.ticket_keys, chooser(*snapshot));
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace gateway::route
