// The families that have a line for each domain.
#pragma once

#include "gateway/metrics/families.h"

namespace gateway::metrics {

void add_domains(const Registry& registry, Page& page);

}  // namespace gateway::metrics
