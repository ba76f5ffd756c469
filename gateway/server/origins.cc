#include "gateway/server/origins.h"

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/origin/ejection.h"

namespace gateway::server {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

metrics::OriginFacts facts_of(const route::Backend& backend, net::milliseconds now) {
  metrics::OriginFacts facts;
  facts.domain = backend.domain();
  facts.origin = backend.name();
  facts.up = backend.up.load(kRelaxed);
  facts.ejected = origin::state_of(backend, now) == origin::ServerState::ejected;
  facts.sessions = backend.sessions.load(kRelaxed);
  facts.ejections = backend.ejections.load(kRelaxed);
  for (size_t slot = 0; slot < backend.failures.size(); ++slot) {
    const uint64_t number = backend.failures[slot].load(kRelaxed);
    if (number > 0) facts.failures.emplace_back(static_cast<outcome::Cause>(slot), number);
  }
  return facts;
}

// Of the same server in another pool of its domain: it is up where all of them find it so.
void add(const metrics::OriginFacts& other, metrics::OriginFacts& facts) {
  facts.up = facts.up && other.up;
  facts.ejected = facts.ejected || other.ejected;
  facts.sessions += other.sessions;
  facts.ejections += other.ejections;
  for (const auto& [cause, number] : other.failures) {
    const auto same =
        std::ranges::find(facts.failures, cause, [](const auto& one) { return one.first; });
    if (same == facts.failures.end()) {
      facts.failures.emplace_back(cause, number);
    } else {
      same->second += number;
    }
  }
}

std::string with_commas(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
  return all;
}

}  // namespace

net::dns::Client::Options dns_options(const config::NameServers& settings) {
  return {.servers = with_commas(settings.servers),
          .first_timeout = settings.timeout,
          .tries = static_cast<int>(settings.tries)};
}

void Origins::use(const route::Change& change) {
  backends_.use(change);
  if (!checks_) checks_.emplace(loop_, change.now->document.resolver, names_, own_listeners_);
  checks_->prober.use(change);
}

std::vector<metrics::OriginFacts> Origins::facts(net::milliseconds now) {
  std::vector<metrics::OriginFacts> all;
  std::map<std::pair<std::string, std::string>, size_t> known;
  for (const auto& backend : backends_.list()) {
    const auto [found, fresh] = known.try_emplace({backend->domain(), backend->name()}, all.size());
    if (fresh) {
      all.push_back(facts_of(*backend, now));
    } else {
      add(facts_of(*backend, now), all[found->second]);
    }
  }
  return all;
}

}  // namespace gateway::server
