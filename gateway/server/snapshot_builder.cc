#include "gateway/server/snapshot_builder.h"

#include <cassert>
#include <utility>

#include "proto/base/text.h"

namespace gateway::server {

namespace {

using config::Problem;

net::Certificate certificate_of(const config::DomainTls& tls) {
  return {.chain_file = tls.certificate,
          .key_file = tls.key,
          .min_version = tls.min_version == config::DomainTls::Version::tls1_3
                             ? net::TlsVersion::tls1_3
                             : net::TlsVersion::tls1_2};
}

void add_server_tls(const config::DomainTls& tls, size_t index, route::Domain& domain,
                    std::vector<Problem>& problems) {
  const net::Certificate certificate = certificate_of(tls);
  auto context = net::make_server_context(certificate);
  if (!context) {
    problems.push_back({.place = tls.place,
                        .path = "domains[" + std::to_string(index) + "].tls",
                        .text = context.error(),
                        .code = {}});
    return;
  }
  domain.min_tls_version = certificate.min_version;
  domain.certificate_not_after = net::not_after(context->get());
  domain.server_tls = std::move(*context);
}

void add_origin_tls(const config::Origin& origin, size_t index, route::Domain& domain,
                    std::vector<Problem>& problems) {
  using Protocol = config::Origin::Protocol;
  if (origin.builtin != config::Origin::Builtin::none || origin.protocol == Protocol::http) return;
  constexpr std::string_view kFile = "file:";
  const std::string& ca = origin.tls.ca;
  auto context = net::make_origin_context(
      {.verify = origin.tls.verify,
       .ca_file = ca.starts_with(kFile) ? ca.substr(kFile.size()) : std::string()});
  if (!context) {
    problems.push_back({.place = origin.place,
                        .path = "domains[" + std::to_string(index) + "].origin.tls.ca",
                        .text = context.error(),
                        .code = {}});
    return;
  }
  domain.origin_tls = std::move(*context);
}

std::unique_ptr<route::Domain> build_domain(const config::Domain& config, size_t index,
                                            const Ingredients& ingredients,
                                            std::vector<Problem>& problems) {
  auto domain = std::make_unique<route::Domain>();
  domain->config = &config;
  domain->label = proto::to_lower(config.names.front());
  domain->counters = ingredients.registry.domain(domain->label);
  domain->meters = ingredients.meters.domain(domain->label);
  const config::Budget& budget = config.usage.budget;
  if (budget.traffic || budget.connection_seconds || budget.messages)
    domain->budget = ingredients.standings.of(domain->label);
  for (const config::Server& server : config.origin.servers) {
    domain->servers.push_back(
        {.host = server.host, .port = server.port, .address = net::Address::parse(server.host, 0)});
  }
  if (config.tls) add_server_tls(*config.tls, index, *domain, problems);
  add_origin_tls(config.origin, index, *domain, problems);
  return domain;
}

net::ListenerTls::Choose chooser(const route::Snapshot& snapshot) {
  return [&snapshot](std::string_view name) {
    const route::Domain* domain = name.empty() ? snapshot.default_tls : snapshot.router.find(name);
    // A name that is nobody's gets the default certificate here and 421 for its request.
    if (domain == nullptr || !domain->server_tls) domain = snapshot.default_tls;
    assert(domain != nullptr);  // without one there is no TLS listener
    return net::ListenerTls::Choice{.context = domain->server_tls.get(),
                                    .min_version = domain->min_tls_version,
                                    .domain = domain->label};
  };
}

}  // namespace

proto::Result<std::shared_ptr<const route::Snapshot>, std::vector<Problem>> build_snapshot(
    config::Document document, const Ingredients& ingredients) {
  auto snapshot = std::make_shared<route::Snapshot>();
  std::vector<Problem> problems;
  snapshot->generation = ingredients.generation;
  snapshot->document = std::move(document);
  snapshot->via = "weir-" + snapshot->document.node;
  for (size_t i = 0; i < snapshot->document.domains.size(); ++i) {
    const config::Domain& config = snapshot->document.domains[i];
    auto domain = build_domain(config, i, ingredients, problems);
    for (const std::string& name : config.names) snapshot->router.add(name, domain.get());
    if (snapshot->default_tls == nullptr && domain->server_tls)
      snapshot->default_tls = domain.get();
    snapshot->domains.push_back(std::move(domain));
  }
  if (!problems.empty()) return proto::Unexpected{std::move(problems)};
  if (snapshot->default_tls != nullptr) {
    snapshot->listener_tls =
        std::make_unique<net::ListenerTls>(ingredients.ticket_keys, chooser(*snapshot));
  }
  return std::shared_ptr<const route::Snapshot>(std::move(snapshot));
}

}  // namespace gateway::server
