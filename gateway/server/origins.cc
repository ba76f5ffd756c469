#include "gateway/server/origins.h"

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
  facts.ejected = origin::standing_of(backend, now) == origin::Standing::ejected;
  facts.sessions = backend.sessions.load(kRelaxed);
  facts.ejections = backend.ejections.load(kRelaxed);
  for (size_t slot = 0; slot < backend.failures.size(); ++slot) {
    const uint64_t number = backend.failures[slot].load(kRelaxed);
    if (number > 0) facts.failures.emplace_back(static_cast<log::Cause>(slot), number);
  }
  return facts;
}

}  // namespace

std::vector<metrics::OriginFacts> Origins::facts() {
  std::vector<metrics::OriginFacts> all;
  for (const auto& backend : backends_.list()) all.push_back(facts_of(*backend, loop_.now()));
  return all;
}

}  // namespace gateway::server
