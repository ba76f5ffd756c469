// The metric families of the servers behind the domains.
#pragma once

#include <vector>

#include "gateway/metrics/exposition.h"
#include "gateway/metrics/families.h"

namespace gateway::metrics {

void add_paths(const PathFacts& paths, Page& page);
void add_origins(const Registry& registry, const std::vector<OriginFacts>& origins, Page& page);

}  // namespace gateway::metrics
